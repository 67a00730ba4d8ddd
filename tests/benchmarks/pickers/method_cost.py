"""What one method costs: seconds per video-minute and peak memory, in a process of its own.

    python -m tests.benchmarks.pickers.method_cost NAME VIDEO...

Prints one JSON document. The method is loaded, and warmed up by a first run, before the clock starts. Memory
is the most that this process, with all it loaded, and those that it started held at once.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import psutil

from tests.benchmarks.pickers import methods
from worker.pipeline.options import Options
from worker.pipeline.pick import pick_thumbnails
from worker.pipeline.sandbox.decoder import Decoder
from worker.pipeline.scoring.models import Models

if TYPE_CHECKING:
    from collections.abc import Iterator

MINUTE_S = 60.0
LOOK_EVERY_S = 0.02


def measured(name: str, videos: list[Path]) -> dict[str, float]:
    """Start a process that measures a method."""
    command = [sys.executable, "-m", "tests.benchmarks.pickers.method_cost", name, *map(str, videos)]
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
        with _watched() as held_bytes:
            choose(videos[0])
        began_s = time.perf_counter()
        for video in videos:
            choose(video)
        took_s = time.perf_counter() - began_s
    return {"s per video-minute": took_s / _length_s(videos) * MINUTE_S, "peak bytes": max(held_bytes)}


@contextmanager
def _watched() -> Iterator[list[int]]:
    """Note again and again how much memory this process and those below it hold.

    The kernel's own peaks do not serve: a new process inherits that of the one that started it.
    """
    held_bytes: list[int] = []
    ended = threading.Event()

    def watch() -> None:
        myself = psutil.Process()
        is_last = False
        while not is_last:
            is_last = ended.wait(LOOK_EVERY_S)
            held_bytes.append(sum(map(_resident_bytes, [myself, *myself.children(recursive=True)])))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield held_bytes
    finally:
        ended.set()
        watcher.join()


def _resident_bytes(process: psutil.Process) -> int:
    with suppress(psutil.NoSuchProcess):
        return int(process.memory_info().rss)
    return 0


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
