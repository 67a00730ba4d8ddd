"""Measure the judge: what it costs, what it is worth, and what a head learns from it.

    python -m tests.benchmarks.judge cost [--in .10 .30] [--out .40] [--size 512x288]
    python -m tests.benchmarks.judge readings --set DIR
    python -m tests.benchmarks.judge worth --set DIR --scores FILE
    python -m tests.benchmarks.judge teacher --set DIR [--learner trunk]

Each part says with `--help` what else it takes.
"""

from __future__ import annotations

import sys
from importlib import import_module

#: Modules beside this one, each with `run(arguments)`, which returns the exit status.
PARTS = ("cost", "readings", "teacher", "worth")


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
