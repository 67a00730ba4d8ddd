"""Measure commands and recurring queries in a large database, and exit with 1 where one takes too long.

    python -m tests.benchmarks.service.scale [--assets 1000000] [--waiting 100000] [--keep FOLDER]

PostgreSQL runs on this machine; filling it takes minutes and some 8 GB of disk. `--keep` leaves the database
in a folder, and uses the one that is there. What is requeued stays requeued.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
from rich.console import Console
from rich.table import Table

from tests.benchmarks.service.many_rows import add_waiting, fill
from tests.support.service.commands import run_thumbs
from worker import jobs, publications
from worker.database import make_engine, migrate, transaction
from worker.database.models import Job
from worker.dispatch import retention, row_counts
from worker.doctor import accounts, rows
from worker.queue import hints
from worker.settings import Settings
from worker.standalone.servers import start_postgres

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

LONGEST_S = 2.0
PRUNE_S = 10.0
EVENTS_PER_S = 200

COMMANDS = (
    "jobs",
    "jobs --state discarded",
    "jobs --state discarded --since 24h",
    "jobs --platform bunny",
    "events",
    "events --outcome ignored",
    "events --platform bunny",
    "show c4ca4238a0b923820dcc509a6f75849b",
    "requeue --failed --dry-run",
    "requeue --failed --since 24h --dry-run",
    "requeue --failed",
    "requeue --since 24h --dry-run",
    "accounts",
)
IN_BATCHES = {"requeue --failed", "requeue --since 24h --dry-run"}  # with a bar


class Row(NamedTuple):
    """One line of the table."""

    what: str
    says: str
    is_missed: bool = False


def measured(folder: Path, assets: int, waiting: int) -> list[Row]:
    """Fill the database in a folder if it is empty, and measure everything in it."""
    server = start_postgres(folder, options={"fsync": "off", "max_wal_size": "4GB"})
    os.environ["DATABASE_URL"] = server.url
    engine = make_engine(server.url, statement_timeout_ms=0)
    try:
        migrate.upgrade(engine)
        if _is_empty(server.url):
            fill(server.url, assets, lambda table: print(f"filling {table} ...", flush=True))
            add_waiting(server.url, waiting)
        run_thumbs("jobs", "--limit", "1")  # loads what the others need
        return [*_queries(engine), *map(_command, COMMANDS), _doctor(), _prune(engine)]
    finally:
        engine.dispose()
        server.close()


def _is_empty(address: str) -> bool:
    with psycopg.connect(address) as connection:
        return connection.execute("SELECT FROM assets LIMIT 1").fetchone() is None


def _queries(engine: Engine) -> list[Row]:
    """Measure what the dispatcher asks in every round, and now and then."""

    def within(ask: Callable[[Session], object]) -> None:
        with transaction(engine) as session:
            ask(session)

    settings = Settings()
    asked: dict[str, Callable[[Session], object]] = {
        "dispatcher: announce jobs": lambda s: jobs.announce(s, settings.rehint_s),
        "dispatcher: announce writes": lambda s: publications.announce(s, settings.rehint_s),
        "dispatcher: the next job that is due": lambda s: hints.next_due_in_s(s, Job, jobs.is_waiting()),
        "dispatcher: the next lease that ends": jobs.ROWS.next_lease_ends_in_s,
        "dispatcher: take over": lambda s: jobs.take_over(s, "bench"),
        "maintenance: count rows": lambda s: row_counts.count(s, settings),
    }
    return [_row(what, _seconds_of(partial(within, ask))) for what, ask in asked.items()]


def _command(words: str) -> Row:
    found: list[Any] = []
    seconds = _seconds_of(lambda: found.append(run_thumbs(*words.split())))
    (result,) = found
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "does not answer" not in result.stderr, result.stderr
    if words in IN_BATCHES:
        count = len(result.stdout.splitlines())
        return Row(f"thumbs {words}", f"{seconds:.2f} s for {count} assets, in batches")
    return _row(f"thumbs {words}", seconds)


def _doctor() -> Row:
    """Measure what `thumbs doctor` asks of the rows; besides, it loads a model, whatever the size."""
    settings = Settings.read()
    checks = (rows.check_rows, accounts.check_standing)
    return _row(
        "thumbs doctor: rows, accounts", _seconds_of(lambda: [list(check(settings)) for check in checks])
    )


def _prune(engine: Engine) -> Row:
    """Measure how many webhooks are removed in a second."""
    removed: list[int] = []
    settings = Settings(events_retention_days=4)
    seconds = _seconds_of(lambda: removed.append(retention.prune(engine, settings, PRUNE_S)))
    per_s = removed[0] / seconds
    return Row("maintenance: remove old rows", f"{per_s:.0f} rows a second", per_s < EVENTS_PER_S)


def _row(what: str, seconds: float) -> Row:
    return Row(what, f"{seconds:.3f} s", seconds > LONGEST_S)


def _seconds_of(act: Callable[[], object]) -> float:
    start_s = time.monotonic()
    act()
    return time.monotonic() - start_s


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--assets", type=int, default=1_000_000)
    parser.add_argument("--waiting", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="thumbs-", ignore_cleanup_errors=True) as folder:
        rows = measured(wanted.keep or Path(folder), wanted.assets, wanted.waiting)
    table = Table("what", f"{wanted.assets:,} assets, {wanted.waiting:,} waiting", "")
    for row in rows:
        table.add_row(row.what, row.says, "MISSED" if row.is_missed else "")
    Console(width=110).print(table, f"{platform.machine()}, {os.cpu_count()} cores")
    sys.exit(any(row.is_missed for row in rows))


if __name__ == "__main__":
    main()
