"""Measure the judge: what it costs, and what it is worth.

    python -m tests.benchmarks.judge cost [--in .10 .30] [--out .40] [--size 512x288]
    python -m tests.benchmarks.judge worth ...

Each part says with `--help` what else it takes.
"""

from __future__ import annotations

import sys
from importlib import import_module

PARTS = (
    "cost",
    "worth",
)  #: modules beside this one, each with `run(arguments)`, which returns the exit status


def main(arguments: list[str]) -> int:
    """Run the part that is named first."""
    part, *rest = arguments or ["--help"]
    if part not in PARTS:
        print(__doc__)
        return 0 if part == "--help" else 2
    status: int = import_module(f"tests.benchmarks.judge.{part}").run(rest)
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
