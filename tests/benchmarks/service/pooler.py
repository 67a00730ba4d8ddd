"""Measure what a pooler costs a transaction, and its time limits.

    python -m tests.benchmarks.service.pooler

Everything runs on this machine, so a round trip costs next to nothing: what is measured is work.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, text

from tests.support.pooler.pgbouncer import PgBouncer
from worker.database import make_engine, url_of
from worker.standalone.servers import start_postgres

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

TURNS, TRANSACTIONS = 5, 1_000
_TABLE = text("CREATE TABLE tries (id int PRIMARY KEY, number int); INSERT INTO tries VALUES (1, 0)")
_UPDATE = text("UPDATE tries SET number = number + 1 WHERE id = 1")


def rate(engine: Engine) -> float:
    """Return how many transactions are made a second."""
    start_s = time.perf_counter()
    for _ in range(TRANSACTIONS):
        with engine.begin() as connection:
            connection.execute(_UPDATE)
    return TRANSACTIONS / (time.perf_counter() - start_s)


def bare(address: str) -> Engine:
    """Make an engine that sets no time limits."""
    return create_engine(url_of(address), pool_pre_ping=True, connect_args={"prepare_threshold": None})


def main() -> None:
    """Print a table; each way is measured in turn, so that other work hurts all alike."""
    with tempfile.TemporaryDirectory(prefix="thumbs-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = start_postgres(folder / "pg", options={"fsync": "off"})
        pooler = PgBouncer(folder, server.url)
        try:
            make: dict[str, Callable[[], Engine]] = {
                "direct": lambda: make_engine(server.url),
                "PgBouncer": lambda: make_engine(pooler.url()),
                "PgBouncer, without time limits": lambda: bare(pooler.url()),
            }
            engines = {way: made() for way, made in make.items()}
            with engines["direct"].begin() as connection:
                connection.execute(_TABLE)
            rates = [{way: rate(engine) for way, engine in engines.items()} for _ in range(TURNS)]
            for engine in engines.values():
                engine.dispose()
        finally:
            pooler.close()
            server.close()
    print("| way | transactions a second | of those that go directly |", "|---|---|---|", sep="\n")
    for way in engines:
        share = statistics.median(turn[way] / turn["direct"] for turn in rates)
        print(f"| {way} | {statistics.median(turn[way] for turn in rates):,.0f} | {share:.0%} |")


if __name__ == "__main__":
    main()
