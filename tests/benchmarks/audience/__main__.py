"""Prove tests and learned heads by an audience whose taste is known: `python -m tests.benchmarks.audience`.

Each part prints rows of one table: what, the demand, the figure, and whether it is met. With `--quick`, a
twentieth of the runs, to see that it works; the demands are for the whole.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time

PARTS = ("verdicts", "slots", "heads", "guard")


def main() -> None:
    """Run the parts, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which parts; all without it")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="a twentieth of the runs")
    given = parser.parse_args()
    print("| what | demand | measured | met |\n|---|---|---|---|")
    is_met = True
    for part in given.parts or PARTS:
        began_s = time.monotonic()
        module = importlib.import_module(f"tests.benchmarks.audience.{part}")
        for row in module.rows(given.seed, 0.05 if given.quick else 1.0):
            is_met &= row.is_met
            verdict = "yes" if row.is_met else "**no**"
            print(f"| {row.what} | {row.demand} | {row.measured} | {verdict} |", flush=True)
        print(f"{part}: {time.monotonic() - began_s:.0f} s", file=sys.stderr)
    sys.exit(0 if is_met else 1)


if __name__ == "__main__":
    main()
