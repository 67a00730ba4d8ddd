"""Prove tests and learned heads by an audience whose taste is known: `python -m tests.benchmarks.audience`.

Each part prints rows of one table: what, the demand, the figure, and whether it is met. The same seed gives
the same table, on however many processes. With `--quick`, a fiftieth of the runs, to see that it works; the
demands are for the whole.
"""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.audience.row import Each, Row

PARTS = ("verdicts", "slots", "heads", "guard")
QUICK = 0.02


def rows_of(part: str, seed: int, scale: float, each: Each) -> Iterator[Row]:
    """Measure one part, with `scale` of its runs."""
    rows: Iterator[Row] = importlib.import_module(f"tests.benchmarks.audience.{part}").rows(seed, scale, each)
    return rows


def main() -> None:
    """Run the parts, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which parts; all without it")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="a fiftieth of the runs")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes; one for each core")
    given = parser.parse_args()
    print("| what | demand | measured | met |\n|---|---|---|---|", flush=True)
    is_met = True
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # for the processes: each has one core
    with ProcessPoolExecutor(given.workers, multiprocessing.get_context("spawn")) as pool:
        for part in given.parts or PARTS:
            began_s = time.monotonic()
            for row in rows_of(part, given.seed, QUICK if given.quick else 1.0, pool.map):
                is_met &= row.is_met
                verdict = "yes" if row.is_met else "**no**"
                print(f"| {row.what} | {row.demand} | {row.measured} | {verdict} |", flush=True)
            print(f"{part}: {time.monotonic() - began_s:.0f} s", file=sys.stderr)
    sys.exit(0 if is_met else 1)


if __name__ == "__main__":
    main()
