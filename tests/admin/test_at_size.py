"""What operators ask reads the rows in question, and never a whole table, however many rows there are."""

from __future__ import annotations

from datetime import timedelta
from hashlib import md5
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.benchmarks.service.many_rows import fill
from tests.support.service import builders
from worker.admin import assets, matching
from worker.admin.asset_history import read_history
from worker.admin.find import Match, NotFound, find
from worker.admin.job_list import JobFilter, count_left_out, list_jobs
from worker.admin.matching import Filters
from worker.database import make_engine, transaction
from worker.dispatch import retention, row_counts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

    from tests.support.service.databases import Databases

ASSETS = 8_000
# A twentieth of the smallest table: far more than any of these questions needs, and far less than all.
FEW_ROWS = ASSETS // 20
HOUR = timedelta(hours=1)

_READ = """
SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0) FROM pg_stat_user_tables
WHERE relname ~ '^(assets|jobs|job_log|events|deliveries|thumbnails|publications|candidates)'
"""


@pytest.fixture(scope="module")
def large(databases: Databases) -> Iterator[Engine]:
    """Return a database with many rows, which no test changes."""
    with databases.lend() as address:
        fill(address, ASSETS)
        engine = make_engine(address, pool_size=1)
        yield engine
        with transaction(engine) as session:
            session.execute(text("CREATE TABLE used ()"))  # so that it is dropped, and not emptied
        engine.dispose()


def rows_read(engine: Engine, ask: Callable[[Session], Any]) -> int:
    """Count the rows of large tables that PostgreSQL reads for an answer."""
    counts = []
    for question in (lambda _: None, ask):
        with transaction(engine) as session:
            question(session)
        with transaction(engine) as session:
            session.execute(text("SELECT pg_stat_force_next_flush()"))
        with transaction(engine) as session:
            counts.append(session.execute(text(_READ)).scalar_one())
    return int(counts[1] - counts[0])


def match(session: Session, filters: Filters) -> object:
    """Find the assets of one batch."""
    return matching.matching(session, filters, matching.candidates(session, filters)[:20])


def listed(session: Session, **chosen: Any) -> object:
    """List jobs, and count what is left out between them, as the command does."""
    lines = list_jobs(session, JobFilter(**chosen), 20)
    return count_left_out(session, JobFilter(**chosen), lines, 20)


def refused(session: Session, word: str) -> None:
    """Look for what is not there, in every way."""
    with pytest.raises(NotFound):
        find(session, word)


# As `fill` makes that of the first thumbnail.
SHA256 = md5(b"0", usedforsecurity=False).hexdigest() + md5(b"x0", usedforsecurity=False).hexdigest()
QUESTIONS = {
    "requeue --failed": lambda s: match(s, Filters(is_failed=True)),
    "requeue --failed --since": lambda s: match(s, Filters(is_failed=True, since=HOUR)),
    "requeue --failed --platform": lambda s: match(s, Filters(is_failed=True, platform="mux")),
    "requeue --since": lambda s: match(s, Filters(since=HOUR)),
    "requeue --platform": lambda s: match(s, Filters(platform="bunny")),
    "jobs": lambda s: listed(s, is_news=True),
    "jobs --all": listed,
    "jobs --state discarded": lambda s: listed(s, states=["discarded"], is_news=True),
    "jobs --state discarded --since": lambda s: listed(s, states=["discarded"], since=HOUR, is_news=True),
    "jobs --state cancelled": lambda s: listed(s, states=["cancelled"], is_news=True),
    "jobs --platform": lambda s: listed(s, platform="bunny", is_news=True),
    "jobs --account": lambda s: listed(s, platform="mux", account="main", is_news=True),
    "jobs --account of none": lambda s: listed(s, platform="mux", account="none", is_news=True),
    "jobs --asset": lambda s: listed(s, asset_id=777, is_news=True),
    "the page of a video": lambda s: read_history(s, Match(777, None), has_picks_url=False, is_news=True),
    "events --type": lambda s: assets.list_events(s, None, None, [], None, 20, types=["thumbs.erased"]),
    "events": lambda s: assets.list_events(s, None, None, [], None, 20),
    "events --outcome ignored": lambda s: assets.list_events(s, None, None, ["ignored"], None, 20),
    "events --since": lambda s: assets.list_events(s, None, timedelta(seconds=20), [], None, 20),
    "events --asset": lambda s: assets.list_events(s, None, None, [], 777, 20),
    "show ID": lambda s: find(s, "c4ca4238a0b923820dcc509a6f75849b"),
    "show START": lambda s: find(s, "c4ca4238a0b9"),
    "show mux/main/START": lambda s: find(s, "mux/main/c4ca4238a0b9"),
    "show TITLE": lambda s: find(s, "title 777"),
    "show ADDRESS": lambda s: find(s, f"https://thumbs.example.com/thumbnails/{SHA256}.jpg"),
    "show NOTHING": lambda s: refused(s, "nothing of this name"),
}


@pytest.mark.parametrize("command", QUESTIONS)
def test_a_command_reads_few_rows(large: Engine, command: str) -> None:
    """So it answers as fast in a database of a million."""
    assert rows_read(large, QUESTIONS[command]) <= FEW_ROWS


def test_jobs_are_listed_soon_where_nearly_all_found_nothing_new(large: Engine) -> None:
    """As at a platform that tells of every change of a view counter."""
    in_transaction = text(_READ.replace("pg_stat_user", "pg_stat_xact_user"))
    echoes = "UPDATE jobs SET reason = 'update', state = 'completed', timings_s = NULL WHERE id > 30"
    with Session(large) as session:  # rolled back
        session.execute(text(echoes))
        before = session.execute(in_transaction).scalar_one()
        lines = list_jobs(session, JobFilter(is_news=True), 20)
        read = session.execute(in_transaction).scalar_one() - before

    assert [line.job.id for line in lines] == list(range(30, 10, -1))
    assert read <= FEW_ROWS


def test_what_failed_is_found_soon_among_many_that_were_mended(large: Engine) -> None:
    """Jobs that were given up stay for months, most of them of assets for which a later one did well."""
    in_transaction = text(_READ.replace("pg_stat_user", "pg_stat_xact_user"))
    with Session(large) as session:  # rolled back
        session.execute(text("UPDATE jobs SET state = 'discarded'"))
        before = session.execute(in_transaction).scalar_one()
        found = matching.candidates(session, Filters(is_failed=True))
        read = session.execute(in_transaction).scalar_one() - before

    assert found == list(range(1, ASSETS, 200))
    assert read <= FEW_ROWS


def test_pruning_reads_few_rows_where_nothing_is_over(large: Engine) -> None:
    """It happens twice a minute. A batch of deliveries is read to see that none of them is old."""
    settings = builders.make_settings(
        events_retention_days=300, jobs_retention_days=300, thumbnails_retention_days=300
    )

    read = rows_read(large, lambda _: retention.prune(large, settings, longest_s=5.0))
    assert read <= retention.BATCH_ROWS + FEW_ROWS


def test_counting_reads_few_rows(large: Engine) -> None:
    """It happens twice a minute, too, and most rows are over and well."""
    settings = builders.make_settings()

    assert rows_read(large, lambda session: row_counts.count(session, settings)) <= FEW_ROWS


def test_the_age_of_the_oldest_write_reads_few_rows_however_many_wait(large: Engine) -> None:
    """After an outage, all do."""
    in_transaction = text(_READ.replace("pg_stat_user", "pg_stat_xact_user"))
    all_wait = "UPDATE publications SET state = 'pending', account_id = (SELECT min(id) FROM accounts)"
    with Session(large) as session:  # rolled back
        session.execute(text(all_wait))
        before = session.execute(in_transaction).scalar_one()
        row_counts.find_oldest_writes(session)
        read = session.execute(in_transaction).scalar_one() - before

    assert 0 < read <= 5 * row_counts.MAX_WRITES  # each with its asset, which is looked up by an index


def test_all_that_failed_are_found(large: Engine) -> None:
    """The newest job was given up, or the newest write; deleted ones aside."""
    with transaction(large) as session:
        ids = matching.candidates(session, Filters(is_failed=True))
        found = matching.matching(session, Filters(is_failed=True), ids)

    failed = {n for n in range(1, ASSETS + 1) if n % 200 == 1 or n % 1000 == 1}
    assert {asset.id for asset in found} == {n for n in failed if n % 50}
