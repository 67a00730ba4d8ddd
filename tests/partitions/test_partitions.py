"""Rows are in partitions by week: made ahead, dropped when they are too old; and nothing is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import OperationalError

from tests.benchmarks.service.many_rows import make_weeks
from tests.support.service import builders
from worker import partitions
from worker.database import transaction
from worker.database.inbox import WebhookEvent
from worker.database.models import Asset, Job, JobLog, StoredCandidate
from worker.dispatch import retention
from worker.inbox import erasure

if TYPE_CHECKING:
    from sqlalchemy import Engine

A_WEEK = timedelta(weeks=1)


def address(engine: Engine) -> str:
    """Return the address for clients other than SQLAlchemy."""
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture
def weekly(engine: Engine) -> Engine:
    """Return a database that has partitions for the weeks that have gone by, as after months."""
    with psycopg.connect(address(engine), autocommit=True) as connection:
        make_weeks(connection)
    return engine


def place(engine: Engine, table: str, at: datetime, **told: Any) -> str:
    """Store a row of a time, and return the partition that it came to."""
    rows = {
        "events": (WebhookEvent, {"received_at": at, "platform": "mux", "account": "main", "type": "t"}),
        "job_log": (JobLog, {"at": at, "job_id": 1, "state": "running", "attempt": 1, "actor": "a"}),
        "candidates": (StoredCandidate, {"created_at": at, "asset_id": 1, "generation": 1, "time_s": 1.0}),
    }
    of_kind = {
        "events": {"delivery_id": "d", "kind": "other", "outcome": "ignored", "payload": {}},
        "job_log": {},
        "candidates": {"shot": 0, "parts": {}, "jpeg": b""},
    }
    model, values = rows[table]
    with transaction(engine) as session:
        session.execute(insert(model).values(**values, **(of_kind[table] | told)))
        newest = text(f"SELECT tableoid::regclass FROM {table} ORDER BY id DESC LIMIT 1")  # noqa: S608 - a name of ours
        return str(session.scalar(newest))


def names(engine: Engine, table: str) -> set[str]:
    """Return the partitions of a table."""
    with transaction(engine) as session:
        found = text("SELECT name FROM thumbs_partitions() WHERE parent = :table")
        return set(session.scalars(found, {"table": table}))


@pytest.mark.parametrize("table", partitions.KEYS)
def test_a_week_is_dropped_when_all_of_it_is_too_old(weekly: Engine, table: str) -> None:
    """And not before; what is younger stays."""
    settings = builders.make_settings()
    now = datetime.now(UTC)
    kept = timedelta(days={"events": 30, "job_log": 97, "candidates": 90}[table])
    old = place(weekly, table, now - kept - A_WEEK)
    other = {"delivery_id": "e"} if table == "events" else {}
    at_edge = place(weekly, table, now - kept + timedelta(hours=1), **other)

    dropped = {one.name for one in retention.drop_weeks(weekly, settings)}

    assert old in dropped | {f"{table}_default"}
    assert at_edge not in dropped
    assert at_edge in names(weekly, table)


def test_rows_without_a_week_are_kept_and_go_when_they_are_too_old(weekly: Engine) -> None:
    """The dispatcher was away for months, or had no rights: the default partition takes them."""
    now = datetime.now(UTC)
    far, old = now + 20 * A_WEEK, now - 30 * A_WEEK
    assert place(weekly, "candidates", far) == place(weekly, "candidates", old) == "candidates_default"

    with transaction(weekly) as session:
        assert list(partitions.tables_with_strays(session)) == ["candidates"]
    retention.prune(weekly, builders.make_settings(), longest_s=5.0)

    (left,) = builders.every(weekly, StoredCandidate)
    assert left.created_at == far


def test_a_week_with_rows_in_the_default_partition_stays_there(weekly: Engine) -> None:
    """To move them, writers would have to wait for as long as it takes; the weeks around it are made."""
    now = datetime.now(UTC)
    place(weekly, "job_log", now + 6 * A_WEEK)

    made = [name for name in partitions.make_ahead(weekly, 8) if name.startswith("job_log")]

    assert len(made) == 3
    assert place(weekly, "job_log", now + 6 * A_WEEK) == "job_log_default"
    assert place(weekly, "job_log", now + 7 * A_WEEK) in made


def test_partitions_are_made_once_by_two_dispatchers(weekly: Engine) -> None:
    """Both at once; who waited too long for the other tries again, and later rounds have nothing to do."""

    def make(_: int) -> list[str]:
        made: list[str] = []
        while True:
            with suppress(OperationalError):
                made.extend(partitions.make_ahead(weekly, 12))
                return made

    with ThreadPoolExecutor(2) as pool:
        made = [name for names in pool.map(make, range(2)) for name in names]

    assert len(made) == len(set(made)) == 8 * len(partitions.KEYS)
    assert make(0) == []
    with transaction(weekly) as session:
        until = partitions.made_until(session)
    assert until is not None
    assert timedelta(weeks=12) <= until - datetime.now(UTC) <= timedelta(weeks=13)


def test_whoever_reads_a_table_is_not_disturbed_and_a_later_round_drops(weekly: Engine) -> None:
    """It waits for a quarter of a second, in which nobody else has to wait for long."""
    place(weekly, "events", datetime.now(UTC) - timedelta(days=60))
    with weekly.connect() as reader:
        reader.execute(select(WebhookEvent.id))
        with pytest.raises(OperationalError, match="lock timeout"):
            retention.drop_weeks(weekly, builders.make_settings())

    assert retention.drop_weeks(weekly, builders.make_settings())
    assert builders.every(weekly, WebhookEvent) == []


def test_a_delivery_that_is_repeated_in_another_week_is_a_duplicate(weekly: Engine) -> None:
    """No unique key can tell so across partitions; the trigger does."""
    earlier = datetime.now(UTC) - A_WEEK
    event = builders.event()
    place(weekly, "events", earlier, delivery_id=event.delivery_id)

    (receipt,) = builders.record(weekly, event)

    assert receipt.outcome == "duplicate"
    assert len(builders.every(weekly, WebhookEvent)) == 1
    assert builders.every(weekly, Job) == []


def test_of_deliveries_that_come_at_once_one_is_recorded(weekly: Engine) -> None:
    """Over many rounds, by the statements of this version and of the one before, in either order."""

    def receive(delivery: int) -> bool:
        with psycopg.connect(address(weekly)) as connection:
            row = connection.execute(
                "INSERT INTO events (platform, account, delivery_id, type, kind, outcome, payload)"
                " VALUES ('mux', 'main', %s, 't', 'other', 'ignored', '{}') RETURNING id",
                [str(delivery)],
            ).fetchone()
            return row is not None

    rounds, senders = 40, 4
    with ThreadPoolExecutor(senders) as pool:
        taken = list(pool.map(receive, [number // senders for number in range(rounds * senders)]))

    assert sum(taken) == rounds
    assert len(builders.every(weekly, WebhookEvent)) == rounds


def test_all_frames_of_a_run_go_with_one_week(engine: Engine) -> None:
    """Though storing them may take until after midnight."""
    builders.record(engine, builders.event())
    builders.completed(engine)
    with transaction(engine) as session:
        session.add_all([frame(number) for number in range(3)])
        session.flush()
        session.execute(text("SELECT pg_sleep(0.01)"))
        session.add_all([frame(number) for number in range(3, 5)])

    of_run = {row.created_at for row in builders.every(engine, StoredCandidate) if row.generation == 7}
    assert len(of_run) == 1


def frame(number: int) -> StoredCandidate:
    """Return a frame of a run."""
    return StoredCandidate(asset_id=1, generation=7, time_s=number, shot=0, parts={}, jpeg=b"")


def test_what_a_job_left_behind_is_erased_with_its_asset(engine: Engine) -> None:
    """Though the history refers to no job any more, so that no deletion of one takes it along."""
    builders.record(engine, builders.event())
    builders.completed(engine)
    with transaction(engine) as session:
        asset = session.get_one(Asset, 1, with_for_update=True)
        erasure.erase(session, asset, "ada", "")

    assert builders.every(engine, JobLog) == builders.every(engine, StoredCandidate) == []


def test_a_table_that_is_in_use_keeps_no_other_from_losing_its_oldest_week(weekly: Engine) -> None:
    """As while somebody asks something of webhooks that takes hours."""
    with weekly.connect() as reader:
        reader.execute(select(WebhookEvent.id))
        with pytest.raises(OperationalError, match="lock timeout"):
            retention.drop_weeks(weekly, builders.make_settings(candidates_retention_days=30))

    with transaction(weekly) as session:
        oldest = text("SELECT min(first_at) FROM thumbs_partitions() WHERE parent = 'candidates'")
        first_at = session.scalars(oldest).one()
    assert datetime.now(UTC) - first_at < timedelta(days=30) + A_WEEK


def test_others_do_not_wait_for_a_partition_that_takes_long_to_make(weekly: Engine) -> None:
    """PostgreSQL reads all of the default partition for it, under a lock; here, it sleeps instead."""
    with psycopg.connect(address(weekly), autocommit=True) as owner:
        owner.execute(
            "CREATE FUNCTION sleep() RETURNS event_trigger LANGUAGE plpgsql"
            " AS $$ BEGIN PERFORM pg_sleep(20); END $$"
        )
        owner.execute("CREATE EVENT TRIGGER slow ON ddl_command_end EXECUTE FUNCTION sleep()")
        try:
            with pytest.raises(OperationalError, match="statement timeout"):
                list(partitions.make_ahead(weekly, 8))
        finally:
            owner.execute("SET event_triggers = off; DROP EVENT TRIGGER slow; DROP FUNCTION sleep")

    assert len(list(partitions.make_ahead(weekly, 8))) == 4 * len(partitions.KEYS)


def test_many_rows_without_a_week_go_in_one_round(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or more would come than go, where nobody makes partitions for weeks."""
    monkeypatch.setattr(retention, "BATCH_ROWS", 10)
    old = datetime.now(UTC) - 30 * A_WEEK
    with psycopg.connect(address(engine), autocommit=True) as connection:
        connection.execute("ALTER TABLE job_log DETACH PARTITION job_log_before")
        connection.execute("DROP TABLE job_log_before")
    with transaction(engine) as session:
        lines = [{"at": old, "job_id": 1, "state": "running", "attempt": 1, "actor": "a"}] * 35
        session.execute(insert(JobLog), [*lines, lines[0] | {"at": datetime.now(UTC)}])

    retention.prune(engine, builders.make_settings(), longest_s=5.0)

    assert len(builders.every(engine, JobLog)) == 1
