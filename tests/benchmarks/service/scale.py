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
from contextlib import contextmanager
from functools import partial
from hashlib import md5
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.console import Console
from rich.table import Table

from tests.benchmarks.service.many_rows import add_waiting, fill, is_empty
from tests.support.platforms.simulated_account import NOWHERE, clip
from tests.support.service import builders
from tests.support.service.commands import run_thumbs
from worker import jobs, publications
from worker.database import make_engine, migrate, transaction
from worker.database.models import Job
from worker.demo.simulator import SIMULATED
from worker.dispatch import retention, row_counts
from worker.doctor import accounts, rows
from worker.queue import hints
from worker.settings import Settings
from worker.standalone.servers import start_postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

LONGEST_S = 2.0
PRUNE_S = 10.0
EVENTS_PER_S = 200
INBOX_EVENTS = 100

ASSET, WAITING_ASSET = "eccbc87e4b5ce2fe28308fd9f2a7baf3", "c81e728d9d4c2f636f067f89cc14862c"
COMMANDS = (
    "jobs",
    "jobs --state discarded",
    "jobs --state discarded --since 24h",
    "jobs --platform bunny",
    "events",
    "events --outcome ignored",
    "events --platform bunny",
    f"events --asset {ASSET}",
    f"show {ASSET}",
    "requeue --failed --dry-run",
    "requeue --failed --since 24h --dry-run",
    "requeue --failed",
    "requeue --since 24h --dry-run",
    "accounts",
    f"cancel {WAITING_ASSET} --yes",
    f"erase {ASSET} --yes",
    "sync --platform mux",
    "adopt --since 26h --dry-run",
    "cancel --account mux/main --yes",
)
# With a bar; what each of them is done for, from its output.
IN_BATCHES: dict[str, Callable[[str], str]] = {
    "requeue --failed": lambda said: f"{len(said.splitlines())} assets",
    "requeue --since 24h --dry-run": lambda said: f"{len(said.splitlines())} assets",
    "sync --platform mux": str.strip,
    "adopt --since 26h --dry-run": lambda said: f"{LISTED} videos in the list: {said.strip()}",
    "cancel --account mux/main --yes": str.strip,
}
LISTED = 1_000  # videos that the platform lists, of which no webhook told


class ScaleRow(NamedTuple):
    """One line of the table."""

    what: str
    says: str
    is_missed: bool = False


def measured(folder: Path, assets: int, waiting: int) -> list[ScaleRow]:
    """Fill the database in a folder if it is empty, and measure everything in it."""
    server = start_postgres(folder, options={"fsync": "off", "max_wal_size": "4GB"})
    os.environ["DATABASE_URL"] = server.url
    engine = make_engine(server.url, statement_timeout_ms=0)
    try:
        migrate.upgrade(engine)
        if is_empty(server.url):
            fill(server.url, assets, lambda table: print(f"filling {table} ...", flush=True))
            add_waiting(server.url, waiting)
        run_thumbs("jobs", "--limit", "1")  # loads what the others need
        with _platform():
            commands = [_command(words) for words in COMMANDS]
        return [*_queries(engine), _inbox(engine), *commands, _doctor(), _prune(engine)]
    finally:
        engine.dispose()
        server.close()


@contextmanager
def _platform() -> Iterator[None]:
    """Serve a platform that lists videos, and let the environment name an account at it."""
    with tempfile.TemporaryDirectory() as folder, SIMULATED["mux"](NOWHERE) as vendor:
        os.environ.update(vendor.settings("main"))
        media = clip(Path(folder))
        for _ in range(LISTED):
            vendor.upload(media)
        yield


def _queries(engine: Engine) -> list[ScaleRow]:
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


def _command(words: str) -> ScaleRow:
    found: list[Any] = []
    seconds = _seconds_of(lambda: found.append(run_thumbs(*words.split())))
    (result,) = found
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "does not answer" not in result.stderr, result.stderr
    if words in IN_BATCHES:
        return ScaleRow(f"thumbs {words}", f"{seconds:.2f} s, in batches; {IN_BATCHES[words](result.stdout)}")
    return _row(f"thumbs {words}", seconds)


def _inbox(engine: Engine) -> ScaleRow:
    """Measure how long a webhook of a new video, and one of a known video, take to be taken in."""
    settings = Settings()
    events = [
        builders.event(asset_id=name, delivery_id=f"scale-{name}-{time.time_ns()}")
        for number in range(INBOX_EVENTS)
        for name in (f"new-{number}-{time.time_ns()}", md5(str(number + 10).encode()).hexdigest())  # noqa: S324
    ]
    seconds = _seconds_of(lambda: [builders.record(engine, event, settings=settings) for event in events])
    return _row("receiver: take in a webhook", seconds / len(events))


def _doctor() -> ScaleRow:
    """Measure what `thumbs doctor` asks of the rows; besides, it loads a model, whatever the size."""
    settings = Settings.read()
    checks = (rows.check_rows, accounts.check_standing)
    return _row(
        "thumbs doctor: rows, accounts", _seconds_of(lambda: [list(check(settings)) for check in checks])
    )


def _prune(engine: Engine) -> ScaleRow:
    """Measure how many webhooks are removed in a second."""
    removed: list[int] = []
    settings = Settings(events_retention_days=4)
    seconds = _seconds_of(lambda: removed.append(retention.prune(engine, settings, PRUNE_S)))
    per_s = removed[0] / seconds
    return ScaleRow("maintenance: remove old rows", f"{per_s:.0f} rows a second", per_s < EVENTS_PER_S)


def _row(what: str, seconds: float) -> ScaleRow:
    return ScaleRow(what, f"{seconds:.3f} s", seconds > LONGEST_S)


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
