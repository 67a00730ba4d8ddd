"""The pipeline, up to CLIP or whole, once, in this fresh process.

    python tests/benchmarks/our_method.py before-clip|whole VIDEO [--model lite]

Prints one JSON document. Moments (`_at`) are readings of the monotonic clock, which every process of
the machine shares, so that whoever started this process can tell how long it took from the start.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from worker.pipeline.sandbox import Decoder


def before_clip(path: Path) -> dict[str, Any]:
    """Probe and scan, in a decode child that is warm, as a worker's is."""
    with Decoder() as decoder:
        decoder.probe(path)
        ready_at = time.monotonic()
        scan = decoder.scan(decoder.probe(path))
        ended_at = time.monotonic()
    return {
        "ready_at": ready_at,
        "before_clip_at": ended_at,
        "candidates": len(scan.candidates),
        "shots": len(scan.shot_starts_s),
    }


def whole(path: Path, model: str) -> dict[str, Any]:
    """Run the whole pipeline, models loaded and decode child warm before the clock starts, as in a worker."""
    from worker.pipeline.pick import Models, Options, pick_thumbnails  # noqa: PLC0415 (loads torch)

    models = Models.load(model)
    models.scorer.embed([np.zeros((180, 320, 3), np.uint8)] * models.scorer.batch_size)  # the first is slow
    with Decoder() as decoder:
        decoder.probe(path)
        began_at = time.monotonic()
        run = pick_thumbnails(path, Options(), models, decoder)
        seconds = time.monotonic() - began_at
        peak_bytes = child_peak_bytes()
    return {
        "seconds": seconds,
        "timings_s": dict(run.timings_s),
        "child_peak_bytes": peak_bytes,
        "candidates": len(run.losers) + len(run.picks),
        "picks_s": [pick.time_s for pick in run.picks],
    }


def child_peak_bytes() -> int:
    """Return the most memory that the decode child, still alive, ever held at once. Linux only."""
    statuses = [Path(f"/proc/{child.pid}/status").read_text() for child in multiprocessing.active_children()]
    peaks = [re.search(r"VmHWM:\s+(\d+) kB", status) for status in statuses]
    return max(int(peak[1]) * 1024 for peak in peaks if peak)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=["before-clip", "whole"])
    parser.add_argument("video", type=Path)
    parser.add_argument("--model", default="lite")
    given = parser.parse_args()
    result = before_clip(given.video) if given.part == "before-clip" else whole(given.video, given.model)
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
