"""Simulate a day of a million videos, a backfill of ten million, and what both cost.

    python -m tests.benchmarks.million [day] [--videos 1200] [--prefill 100000] [--pictures database|bucket]
    python -m tests.benchmarks.million backfill [--assets 10000000]
    python -m tests.benchmarks.million cost [--price-core-hour 0.04]
    python -m tests.benchmarks.million plots
    python -m tests.benchmarks.million tables
    python -m tests.benchmarks.million measure --clips DIR

Each part says with `--help` what else it takes.
"""

from __future__ import annotations

import sys
from importlib import import_module

#: Modules below this one, each with `run(arguments)`, which returns the exit status.
PARTS = {
    "day": "day.windows",
    "backfill": "backlog.backfill",
    "cost": "cost.table",
    "plots": "plots",
    "tables": "tables",
    "measure": "cost.measure",
}


def main(arguments: list[str]) -> int:
    """Run the part that is named first; the day where none is."""
    part, *rest = arguments if arguments and not arguments[0].startswith("--") else ["day", *arguments]
    if part not in PARTS:
        print(__doc__)
        return 2
    status: int = import_module(f"tests.benchmarks.million.{PARTS[part]}").run(rest)
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
