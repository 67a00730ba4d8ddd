"""What one method costs: seconds per video-minute and peak memory, in a process of its own.

    python -m tests.benchmarks.method_cost NAME VIDEO...

Prints one JSON document. The method is loaded, and warmed up by a first run, before the clock starts. Memory
is the peak of this process with all it loaded, and of the largest process that it started.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import av

from tests.benchmarks import methods
from worker.pipeline.pick import Models, Options, pick_thumbnails
from worker.pipeline.sandbox import Decoder

MINUTE_S = 60.0
KIB = 1024


def measured(name: str, videos: list[Path]) -> dict[str, float]:
    """Start a process that measures a method."""
    command = [sys.executable, "-m", "tests.benchmarks.method_cost", name, *map(str, videos)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    costs: dict[str, float] = json.loads(done.stdout)
    return costs


def _cost(name: str, videos: list[Path]) -> dict[str, Any]:
    with Decoder() as decoder:
        if name in {methods.OURS, methods.HELD_OUT}:
            models = Models.load("lite")

            def choose(path: Path) -> object:
                return pick_thumbnails(path, Options(count=methods.COUNT), models, decoder)
        else:
            choose = methods.rule(name)
        choose(videos[0])
        began_s = time.perf_counter()
        for video in videos:
            choose(video)
        took_s = time.perf_counter() - began_s
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {"s per video-minute": took_s / _length_s(videos) * MINUTE_S, "peak bytes": sum(peaks) * KIB}


def _length_s(videos: list[Path]) -> float:
    total_s = 0.0
    for video in videos:
        with av.open(str(video)) as container:
            total_s += (container.duration or 0) / av.time_base
    return total_s


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=methods.NAMES)
    parser.add_argument("videos", type=Path, nargs="+")
    given = parser.parse_args()
    json.dump(_cost(given.name, given.videos), sys.stdout)


if __name__ == "__main__":
    main()
