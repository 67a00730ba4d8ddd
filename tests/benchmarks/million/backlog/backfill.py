"""Let a library of ten million videos wait for workers, and see what live videos notice of it.

    python -m tests.benchmarks.million backfill [--assets 10000000] [--rounds 2] [--keep FOLDER]

Three databases of one PostgreSQL: one is empty, one holds the backfill, and one 10,000 of its videos, which
are enough to keep every slot busy. While the backfill grows, each decade is measured: the dispatcher's turn,
the counts, the receiver's commit. Then live events come to all three by turns, so that other work on the
machine harms them alike. The few against none show what a full fleet costs a live video, and the whole
backfill against the few what its size does. The size is foretold from the first 100,000 videos. The first
2,000 are taken in by the code of `thumbs sync --all`, the rest by SQL that writes the same rows.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy.exc import DBAPIError

from tests.benchmarks.million.backlog import library
from tests.benchmarks.million.backlog.forecast import foretell
from tests.benchmarks.million.backlog.live import Load, Place, hold, percentile
from tests.benchmarks.million.figures import load, save
from tests.benchmarks.million.postgres import databases
from tests.benchmarks.service.many_rows import is_empty
from tests.support.service import builders
from worker import jobs
from worker.database import transaction
from worker.database.models import Job
from worker.dispatch import row_counts
from worker.dispatch.dispatcher import Dispatcher
from worker.queue import hints
from worker.settings import Settings
from worker.standalone.servers import start_valkey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.benchmarks.million.backlog.live import RoundMeasures
    from tests.benchmarks.million.postgres import Database, TableBytes

BY_API = 2_000
FORETOLD_FROM = 100_000
FEW = 10_000  #: that keep every slot busy for all rounds
TIMES = 7  #: each question is asked so often; the median counts
LIMIT_SHARE = 0.75  #: of the slots, that one account may have in the rounds with JOBS_PER_ACCOUNT


class Decade(NamedTuple):
    """What was measured while so many jobs waited, in seconds; None: it was ended by its time-out."""

    waiting: int
    turn_s: float | None
    count_s: float | None
    commit_s: float | None
    bytes: int


class _NoBroker:
    """Takes every hint, in no time."""

    def send(self, *_: object) -> None:
        pass

    def is_new(self) -> bool:
        return False


def grown(database: Database, videos: int) -> Iterator[Decade]:
    """Let the library grow to its full size, and measure at each power of ten."""
    took_in = time.monotonic()
    before, statements = database.read(), database.statements
    library.take_in(database, min(BY_API, videos))
    spent = database.read().since(before)
    seconds = time.monotonic() - took_in
    print(
        f"the backfill's code took in {min(BY_API, videos):,} in {seconds:.1f} s: "
        f"{(database.statements - statements) / min(BY_API, videos):.1f} statements, "
        f"{1000 * spent.cores_s / min(BY_API, videos):.2f} ms of PostgreSQL's cores, "
        f"{spent.wal_bytes / min(BY_API, videos):,.0f} bytes of WAL for each",
        flush=True,
    )
    there = min(BY_API, videos)
    while there < videos:
        goal = min(videos, 10 ** len(str(there)))
        began_s = time.monotonic()
        library.fill(database, there, goal)
        database.execute("ANALYZE")
        print(f"{goal - there:,} by SQL in {time.monotonic() - began_s:.0f} s", flush=True)
        there = goal
        yield measured(database, there)


def measured(database: Database, waiting: int) -> Decade:
    """Measure what is asked again and again."""
    settings, engine = Settings(), database.engine
    dispatcher = Dispatcher(engine, settings, _NoBroker(), "benchmark")  # type: ignore[arg-type]

    def turn() -> None:
        dispatcher.run_once()

    def forget() -> None:
        with transaction(engine) as session:
            hints.mark_all_unsent(session, Job, jobs.is_waiting())

    def count() -> None:
        with transaction(engine) as session:
            row_counts.count(session, settings)

    def commit() -> None:
        video = f"new-{time.time_ns()}"
        builders.record(engine, builders.event(asset_id=video, delivery_id=video, account="live"))

    size = sum(table.total for table in database.sizes().values())
    return Decade(waiting, _median_s(turn, forget), _median_s(count), _median_s(commit), size)


def _median_s(act: Callable[[], None], prepare: Callable[[], None] = lambda: None) -> float | None:
    """Measure the median seconds of an act; None where the database ended it."""
    seconds = []
    with suppress(DBAPIError):
        for _ in range(TIMES):
            prepare()
            began_s = time.monotonic()
            act()
            seconds.append(time.monotonic() - began_s)
        return median(seconds)
    return None


def rounds(sides: Mapping[str, Database], broker: str, work: Load, times: int) -> dict[str, Any]:
    """Send live events to these databases by turns, and compare what their videos waited for.

    Args:
        sides: "idle", "few" and "backlog".
        broker: address of one that nobody else uses.
        work: what each round is made of.
        times: how many rounds each database gets.
    """
    found: dict[str, list[RoundMeasures]] = {name: [] for name in sides}
    cores_s: Counter[str] = Counter()
    for _ in range(times):
        for name, database in sides.items():
            before = database.read().cores_s
            found[name].append(hold(Place(database.address, broker), work))
            cores_s[name] += database.read().cores_s - before
    said: dict[str, Any] = {"jobs_per_account": work.jobs_per_account, "load": str(work)}
    for name, runs in found.items():
        ways = [way for run in runs for way in run.ways_s]
        commits = [commit for run in runs for commit in run.commits_s]
        said[name] = {
            "videos": len(commits),
            "claimed": len(ways),
            "way_p50_s": percentile(ways, 0.5),
            "way_p95_s": percentile(ways, 0.95),
            "commit_p50_s": percentile(commits, 0.5),
            "commit_p95_s": percentile(commits, 0.95),
            "jobs_finished": sum(run.finished for run in runs),
            "rounds": sum(run.rounds for run in runs),
            "postgres_cores_s": cores_s[name],
            "dispatcher_cores_s": sum(run.dispatcher_cores_s for run in runs),
            "slots_cores_s": sum(run.slots_cores_s for run in runs),
        }
    for what in ("way_p95", "commit_p95"):
        idle, few, backlog = (said[name][f"{what}_s"] for name in ("idle", "few", "backlog"))
        said[f"{what}_by_fullness"], said[f"{what}_by_size"] = few / idle, backlog / few
    return said


def _filled(backlog: Database, assets: int) -> dict[str, Any]:
    """Fill the database, and return what was measured on the way."""
    decades, foretold = [], dict[str, float]()
    for decade in grown(backlog, assets):
        decades.append(decade._asdict())
        print(decade, flush=True)
        if decade.waiting == FORETOLD_FROM:
            foretold = foretell(backlog.sizes(), FORETOLD_FROM, assets)
    backlog.execute("VACUUM (ANALYZE)")
    found = dict(backlog.sizes())
    return {
        "assets": assets,
        "decades": decades,
        "forecast": _compared(foretold, found) if foretold else None,
        "tables": {name: size._asdict() for name, size in found.items() if name in foretold},
        "row_bytes": {prefix: library.row_bytes(backlog, prefix) for prefix in ("api-", "sql-")},
    }


def _compared(foretold: dict[str, float], found: dict[str, TableBytes]) -> dict[str, Any]:
    total, actual = sum(foretold.values()), sum(found[name].total for name in foretold)
    return {"foretold_bytes": total, "found_bytes": actual, "off_by": actual / total - 1}


def run(arguments: list[str]) -> int:
    """Fill, measure, and print; the figures are kept for the plots."""
    parser = argparse.ArgumentParser(prog="million backfill", description=__doc__.partition("\n")[0])
    parser.add_argument("--assets", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=2, help="how often each database gets live events")
    parser.add_argument("--seconds", type=float, default=15.0, help="of each round")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="leave the database there, or use it again"
    )
    given = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory(prefix="thumbs-", ignore_cleanup_errors=True) as folder,
        databases(given.keep or Path(folder), "idle", "few", "backlog") as (idle, few, backlog),
    ):
        if is_empty(backlog.address):
            library.fill(few, 0, FEW)
            save("backlog", _filled(backlog, given.assets))
        free = Load(given.seconds)
        limited = replace(free, jobs_per_account=int(free.slots * LIMIT_SHARE))
        sides = {"idle": idle, "few": few, "backlog": backlog}
        broker = start_valkey(Path(folder) / "valkey")
        try:
            lived = [rounds(sides, broker.url, each, given.rounds) for each in (free, limited)]
        finally:
            broker.close()
    save("live", {"few": FEW, "backlog": load("backlog")["assets"], "loads": lived})
    return 0
