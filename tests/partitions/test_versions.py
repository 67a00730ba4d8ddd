"""Programs of the version before work with partitioned tables, and one can go back to its tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import text

from tests.support.service import builders
from worker.database import migrate
from worker.database.inbox import WebhookEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

# As the receiver of the version before writes it.
INSERT = """
INSERT INTO webhook_events (platform, account, delivery_id, type, kind, outcome, payload)
VALUES ('mux', 'main', %s, 'video.asset.ready', 'ready', 'applied', '{}')
ON CONFLICT (platform, account, delivery_id) DO NOTHING RETURNING id
"""


@pytest.fixture
def old_program(engine: Engine) -> Iterator[psycopg.Connection]:
    """Connect as a program of the version before."""
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def test_a_delivery_to_both_versions_is_recorded_once(
    engine: Engine, old_program: psycopg.Connection
) -> None:
    """In either order; and each version reads what the other one recorded."""
    first, second = builders.event(delivery_id="d1"), builders.event(delivery_id="d2")
    (of_old,) = old_program.execute(INSERT, ["d1"]).fetchall()
    (of_new,) = builders.record(engine, second)

    assert builders.record(engine, first)[0].outcome == "duplicate"
    assert old_program.execute(INSERT, ["d2"]).fetchall() == []
    old_program.execute("UPDATE webhook_events SET outcome = 'ignored' WHERE id = %s", of_old)
    assert [row.outcome for row in builders.every(engine, WebhookEvent)] == ["ignored", "applied"]
    ids = old_program.execute("SELECT id FROM webhook_events ORDER BY id").fetchall()
    assert ids == [of_old, (of_new.event_id,)]


def test_programs_of_before_find_their_table_for_at_least_four_weeks(old_program: psycopg.Connection) -> None:
    """For so long one can go back to them."""
    end = old_program.execute(
        "SELECT end_at FROM thumbs_partitions() WHERE name = 'webhook_events'"
    ).fetchone()

    assert end is not None
    assert end[0] - datetime.now(UTC) > timedelta(weeks=4)


def test_tables_of_before_have_all_rows_again(engine: Engine, old_program: psycopg.Connection) -> None:
    """Also those of later weeks, and of the default partition; new ones have ids of their own."""
    insert = (
        "INSERT INTO events (platform, account, delivery_id, type, kind, outcome, payload, received_at)"
        " VALUES ('mux', 'main', %s, 't', 'ready', 'applied', '{}', now() + make_interval(weeks => %s))"
    )
    old_program.execute("SELECT thumbs_make_partitions(12)")
    for number, weeks in enumerate((0, 8, 30)):
        old_program.execute(insert, [str(number), weeks])
    places = old_program.execute("SELECT tableoid::regclass::text FROM events ORDER BY id").fetchall()
    orphan = "INSERT INTO job_log (job_id, state, attempt, actor) VALUES (7, 'running', 1, 'a')"
    old_program.execute(orphan)

    migrate.downgrade(engine, "0025")
    old_program.execute(INSERT, ["new"])
    after = old_program.execute("SELECT id, delivery_id FROM webhook_events ORDER BY id").fetchall()
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        old_program.execute(orphan)
    migrate.upgrade(engine)

    assert len(set(places)) == 3
    assert [delivery for _, delivery in after] == ["0", "1", "2", "new"]
    assert len({row for row, _ in after}) == 4
    assert [row.delivery_id for row in builders.every(engine, WebhookEvent)] == ["0", "1", "2", "new"]


def test_one_does_not_go_back_while_pictures_are_in_a_bucket(engine: Engine) -> None:
    """The version before knows of none; the message says what to do first."""
    builders.record(engine, builders.event())
    builders.completed(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE thumbnails SET jpeg = NULL"))

    with pytest.raises(RuntimeError, match="thumbs pictures move --to database"):
        migrate.downgrade(engine, "0024")
    migrate.upgrade(engine)

    assert len(builders.every(engine, WebhookEvent)) == 1
