"""Whether a delivery came before is known by one look, however many weeks are kept, and for as long."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event as Flag
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError

from tests.support.service import builders
from tests.support.waiting import until
from worker.database import migrate, online_ddl, transaction
from worker.database.inbox import Delivery, WebhookEvent
from worker.dispatch import retention
from worker.inbox import record
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

BEFORE = "0028"
INSERT = """
INSERT INTO events (platform, account, delivery_id, type, kind, outcome, payload)
VALUES ('mux', 'main', %s, 't', 'other', 'ignored', '{}') RETURNING id
"""
LOCKED = """
SELECT DISTINCT partition.relname FROM pg_locks
JOIN pg_class partition ON partition.oid = relation JOIN pg_inherits ON inhrelid = relation
WHERE pid = pg_backend_pid() AND partition.relkind = 'r'
"""


def address(engine: Engine) -> str:
    """Return the address for clients other than SQLAlchemy."""
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def known(engine: Engine) -> int:
    """Count the deliveries that are known."""
    with transaction(engine) as session:
        return session.scalars(select(func.count()).select_from(Delivery)).one()


@pytest.mark.parametrize("kind", [EventKind.READY, EventKind.FAILED])
def test_a_webhook_locks_no_week_but_its_own(engine: Engine, kind: EventKind) -> None:
    """Also one of which it turns out late that it asks for nothing."""
    with transaction(engine) as session:
        (receipt,) = record.record(session, [builders.event(kind)], builders.make_settings())
        locked = session.scalars(text(LOCKED)).all()

    assert receipt.outcome == ("recorded" if kind is EventKind.READY else "ignored")
    assert [name for name in locked if not name.startswith("job_log")] == ["webhook_events"]


@pytest.mark.parametrize(("age_days", "is_known"), [(29, True), (37 + 7, False)])
def test_a_delivery_is_known_for_as_long_as_its_event_is_kept(
    engine: Engine, age_days: int, *, is_known: bool
) -> None:
    """And is forgotten then."""
    builders.record(engine, builders.event(delivery_id="d1"))
    at = datetime.now(UTC) - timedelta(days=age_days)
    with transaction(engine) as session:
        session.execute(update(WebhookEvent).values(received_at=at))
        session.execute(update(Delivery).values(received_at=at))

    retention.prune(engine, builders.make_settings(), longest_s=5.0)

    (receipt,) = builders.record(engine, builders.event(delivery_id="d1"))
    assert (receipt.outcome == "duplicate") == is_known
    assert len(builders.every(engine, WebhookEvent)) == known(engine) == 1


def test_a_webhook_whose_number_was_given_before_is_refused_and_not_taken_for_a_repeated_one(
    engine: Engine,
) -> None:
    """As where a replica becomes the server, whose sequences begin anew: its sender sends it again."""
    builders.record(engine, builders.event(delivery_id="d1"))
    with engine.begin() as connection:
        connection.execute(text("SELECT setval('events_id_seq', (SELECT min(id) FROM events), false)"))

    with pytest.raises(IntegrityError, match="pk_deliveries"):
        builders.record(engine, builders.event(delivery_id="d2"))

    (receipt,) = builders.record(engine, builders.event(delivery_id="d2"))
    assert receipt.outcome == "recorded"


def test_programs_of_the_version_before_find_a_delivery_by_an_index(engine: Engine) -> None:
    """In every week that was there; with their customers' own events they ask what came under the same id."""
    accounts = "(('a', 'b'), ('c', 'd'))"
    question = f"SELECT FROM events WHERE (platform, account) IN {accounts} AND delivery_id = 'e'"
    migrate.downgrade(engine, BEFORE)
    migrate.upgrade(engine)
    with engine.connect() as connection:
        connection.execute(text("SET enable_seqscan = off"))
        lines = list(connection.execute(text(f"EXPLAIN {question}")).scalars())

    whole = [line for line in lines if "Seq Scan" in line]
    assert len(whole) <= 1
    assert all("events_default" in line for line in whole)


@pytest.mark.parametrize(("before", "change"), [(BEFORE, migrate.upgrade), ("head", migrate.downgrade)])
def test_of_deliveries_that_come_while_the_tables_change_each_is_recorded_once(
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    before: str,
    change: Callable[[Engine, str], None],
) -> None:
    """In both directions: what came before, and what comes to several receivers at the same time."""
    monkeypatch.setattr(online_ddl, "PAUSE_S", 0.05)
    if before == BEFORE:
        migrate.downgrade(engine, BEFORE)
    done, taken = Flag(), []

    def receive(_: int) -> None:
        """Deliver with the other receivers what they deliver, and once more what came long ago."""
        with psycopg.connect(address(engine), autocommit=True) as connection:
            number = 0
            while not done.is_set():
                number += 1
                for delivery in (number, number // 2):
                    taken.extend([delivery] * len(connection.execute(INSERT, [str(delivery)]).fetchall()))

    with ThreadPoolExecutor(4) as pool:
        receivers = [pool.submit(receive, number) for number in range(4)]
        try:
            until(lambda: len(taken) > 200)
            change(engine, BEFORE if before == "head" else "head")
            count = len(taken)
            until(lambda: len(taken) > count + 200)
        finally:
            done.set()
        for receiver in receivers:
            receiver.result()

    assert len(taken) == len(set(taken))
    with psycopg.connect(address(engine), autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (len(taken),)
        repeated = [connection.execute(INSERT, [str(one)]).fetchall() for one in (1, max(taken))]
    assert repeated == [[], []]
    migrate.upgrade(engine)
    assert known(engine) == len(taken)
