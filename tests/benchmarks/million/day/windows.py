"""Simulate a day of a million videos in fast time, against a real PostgreSQL.

    python -m tests.benchmarks.million [day] [--videos 1200] [--prefill 100000] [--pictures database|bucket]

Of six hours, the peak among them, a window of some seconds passes at the full rate of that hour, with the
whole fleet, and what it began is finished: so every transaction is real and as dense as on that day, and
there are fewer of them. What is said of a whole day is what the windows cost, times a million over their
videos. The clock of the database stands still while work is done; only the dispatcher is as
busy as it really was.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.million.backlog.live import percentile
from tests.benchmarks.million.day.arrivals import day, per_s
from tests.benchmarks.million.day.clock import Clock
from tests.benchmarks.million.day.simulation import Simulation, ends
from tests.benchmarks.million.figures import save
from tests.benchmarks.million.postgres import databases
from tests.benchmarks.service.many_rows import fill

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.benchmarks.million.day.events import Act
    from tests.benchmarks.million.postgres import Database, Reading, TableBytes

# Tomorrow, so that rows lie in partitions that were made ahead, as they do.
BEGINS_AT = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
WINDOWS = 6
SLOTS, WRITES = 300, 48  #: enough for the peak: 50 a second, 3 s each on one core, and the looks


def simulated(
    database: Database, videos: int, hours: int, *, in_bucket: bool, slots: int = SLOTS
) -> dict[str, Any]:
    """Let a day pass in an otherwise quiet database, and return what it cost.

    Args:
        database: migrated; may hold earlier rows.
        videos: in all windows together, about.
        hours: how many windows.
        in_bucket: whether pictures are kept out of the rows.
        slots: of all workers that look at videos.
    """
    clock = Clock(database.address, BEGINS_AT)
    clock.rule(database.engine)
    simulation = Simulation(database, clock, slots, WRITES, in_bucket=in_bucket)
    came = list(day(videos, hours=hours))
    sizes, before, statements = database.sizes(), database.read(), database.statements
    began_s = time.monotonic()
    simulation.run(came)
    took_s = time.monotonic() - began_s
    spent = database.read().since(before)
    grown = {name: _growth(size, sizes.get(name)) for name, size in database.sizes().items()}
    vacuum = _vacuum(database)
    return {
        "videos": len(came),
        "events": simulation.events,
        "took_s": took_s,
        "pictures": "bucket" if in_bucket else "database",
        "ends": ends(database.engine),
        "each": _each(len(came), spent, database.statements - statements, simulation.agenda.acts),
        "table_bytes": {name: bytes_ / len(came) for name, bytes_ in grown.items() if bytes_ > 0},
        "vacuum": vacuum,
        "hours": _by_hour(simulation),
        "turn_s": _percentiles(simulation.turns.took_s),
        "lag_s": _percentiles([lag_s for _, lag_s in simulation.analyzers.lags_s]),
        "slots_busy_s": simulation.analyzers.busy_s / len(came),
    }


def _growth(now: TableBytes, before: TableBytes | None) -> int:
    return now.total - (before.total if before else 0)


def _each(videos: int, spent: Reading, statements: int, acts: Mapping[str, Sequence[Act]]) -> dict[str, Any]:
    """Say what each video cost on average."""
    rows = spent.rows._asdict()
    return {
        "statements": statements / videos,
        "transactions": spent.transactions / videos,
        "wal_bytes": spent.wal_bytes / videos,
        "postgres_cores_ms": 1000 * spent.cores_s / videos,
        "rows": {name: count / videos for name, count in rows.items()},
        "acts": {
            kind: {
                "times": len(done) / videos,
                "python_ms": 1000 * sum(act.python_s for act in done) / videos,
                "postgres_ms": 1000 * sum(act.postgres_s for act in done) / videos,
            }
            for kind, done in sorted(acts.items())
        },
    }


def _vacuum(database: Database) -> dict[str, float]:
    before, began_s = database.read(), time.monotonic()
    database.execute("VACUUM (ANALYZE)")
    spent = database.read().since(before)
    return {
        "seconds": time.monotonic() - began_s,
        "cores_s": spent.cores_s,
        "wal_bytes": spent.wal_bytes,
        "dead_rows_before": before.rows.dead,
    }


def _by_hour(simulation: Simulation) -> list[dict[str, float]]:
    """Say for each hour how long jobs were due before they were claimed, and how long the turns took."""
    turns = list(zip(simulation.turns.began_s, simulation.turns.took_s, strict=True))
    claims = Counter(int(at_s // 3600) for at_s, _ in simulation.analyzers.lags_s)
    found = []
    for hour in sorted(claims):
        lags = [lag_s for at_s, lag_s in simulation.analyzers.lags_s if int(at_s // 3600) == hour]
        took = [took_s for at_s, took_s in turns if int(at_s // 3600) == hour]
        found.append(
            {
                "hour": hour,
                "videos_per_s": per_s(hour),
                "lag_p50_s": percentile(lags, 0.5),
                "lag_p95_s": percentile(lags, 0.95),
                "turn_p95_s": percentile(took, 0.95),
            }
        )
    return found


def _percentiles(values: list[float]) -> dict[str, float]:
    return {f"p{share}": percentile(values, share / 100) for share in (50, 95, 99)}


def run(arguments: list[str]) -> int:
    """Simulate, print, and keep the figures for the plots."""
    parser = argparse.ArgumentParser(prog="million day", description=__doc__.partition("\n")[0])
    parser.add_argument("--videos", type=int, default=1_200, help="in all windows together")
    parser.add_argument("--hours", type=int, default=WINDOWS, help="how many windows")
    parser.add_argument("--prefill", type=int, default=100_000, help="videos of earlier days, by SQL")
    parser.add_argument("--pictures", choices=["database", "bucket"], default="database")
    parser.add_argument("--slots", type=int, default=SLOTS, help="of all workers that look at videos")
    given = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory(prefix="thumbs-", ignore_cleanup_errors=True) as folder,
        databases(Path(folder), "day") as (database,),
    ):
        if given.prefill:
            fill(database.address, given.prefill)
        in_bucket = given.pictures == "bucket"
        found = simulated(database, given.videos, given.hours, in_bucket=in_bucket, slots=given.slots)
    found["prefill"] = given.prefill
    save(f"day-{given.pictures}", found)
    return int(found["ends"]["lost"] > 0)
