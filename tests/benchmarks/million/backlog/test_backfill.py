"""The library that is filled by SQL is the one that the backfill would have made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Table, select
from sqlalchemy.engine import make_url

from tests.benchmarks.million.backlog import backfill, library, live
from tests.benchmarks.million.backlog.live import Load
from tests.benchmarks.million.postgres import Database
from worker.database import transaction
from worker.database.base import Base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.standalone.servers import Server

VIDEOS = 50

pytestmark = pytest.mark.faults


@pytest.fixture
def database(postgres_server: Server, database_url: str) -> Iterator[Database]:
    """Return a database of one test, as the benchmark uses it."""
    database = Database(postgres_server, str(make_url(database_url).database))
    yield database
    database.engine.dispose()


def shapes(database: Database, table: Table, first_id: int) -> set[tuple[Any, ...]]:
    """Return which columns of the rows from this id on have values, and the values that are words of ours."""
    words = ("state", "reason", "kind", "type", "outcome", "detail", "priority", "generation", "account_id")
    with transaction(database.engine) as session:
        rows = session.execute(select(table).where(table.c.id >= first_id)).mappings().all()
    assert len(rows) >= VIDEOS
    return {
        tuple((name, value if name in words else value is None) for name, value in row.items())
        for row in rows
    }


def test_sql_writes_the_same_rows_as_the_backfill(database: Database) -> None:
    """The same columns have values, and rows are as wide."""
    library.take_in(database, VIDEOS)
    tables = [Base.metadata.tables[name] for name in ("assets", "jobs", "events")]
    by_api = {table.name: shapes(database, table, 1) for table in tables}
    with transaction(database.engine) as session:
        firsts = {table.name: max(session.scalars(select(table.c.id))) + 1 for table in tables}
    library.fill(database, 0, VIDEOS)
    for table in tables:
        assert shapes(database, table, firsts[table.name]) == by_api[table.name]
    widths = {prefix: library.row_bytes(database, prefix) for prefix in ("api-", "sql-")}
    assert widths["sql-"] == pytest.approx(widths["api-"], rel=0.02)


def test_live_videos_are_claimed_while_a_library_waits(database: Database, redis_url: str) -> None:
    """Also where all slots have work of the library."""
    library.fill(database, 0, 1_000)
    load = Load(seconds=1.0, events_per_s=4.0, slots=4, work_s=0.05)
    found = live.hold(live.Place(database.address, redis_url), load)
    assert len(found.ways_s) == len(found.commits_s) == 4
    assert found.finished > 4
    assert found.rounds > 0


def test_the_full_fleet_is_compared_with_the_idle_one_and_many_jobs_with_few(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the 95th percentile of what live videos waited for, in all rounds."""
    waits_s = iter([1.0, 2.0, 8.0] * 2)
    monkeypatch.setattr(backfill, "hold", lambda *_: live.RoundMeasures([0.5], [next(waits_s)]))
    found = backfill.rounds(dict.fromkeys(("idle", "few", "backlog"), database), "", Load(), 2)
    assert (found["way_p95_by_fullness"], found["way_p95_by_size"]) == (2.0, 4.0)
    assert (found["commit_p95_by_fullness"], found["commit_p95_by_size"]) == (1.0, 1.0)
    assert found["backlog"]["claimed"] == found["backlog"]["videos"] == 2


def test_what_a_backlog_costs_is_measured_while_it_grows(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each power of ten."""
    monkeypatch.setattr(backfill, "BY_API", 100)
    decades = list(backfill.grown(database, 1_000))
    assert [decade.waiting for decade in decades] == [1_000]
    assert all((decades[0].turn_s, decades[0].count_s, decades[0].commit_s))
