"""The pipeline, up to CLIP or whole, once, in this fresh process.

    python -m tests.benchmarks.speed.our_method before-clip|whole VIDEO \
        [--model lite] [--count 3] [--stills VIDEO]

Prints one JSON document. Moments (`_at`) are readings of the monotonic clock, which every process of
the machine shares, so that whoever started this process can tell how long it took from the start.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from worker.files.video_file import VideoFile
from worker.pipeline.sandbox.decoder import Decoder


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


def whole(path: Path, model: str, count: int, stills: Path | None = None) -> dict[str, Any]:
    """Run the whole pipeline, models loaded and decode child warm before the clock starts, as in a worker.

    Args:
        path: what is scanned.
        model: what scores.
        count: at most so many picks.
        stills: another rendition of the same video, which the stills are taken from.
    """
    from worker.pipeline.options import Options  # noqa: PLC0415 (loads torch)
    from worker.pipeline.pick import pick_thumbnails  # noqa: PLC0415 (loads torch)
    from worker.pipeline.scoring.models import Models  # noqa: PLC0415 (loads torch)

    models = Models.load(model)
    models.scorer.embed([np.zeros((180, 320, 3), np.uint8)] * models.scorer.batch_size)  # the first is slow
    with Decoder() as decoder:
        decoder.probe(path)
        began_at = time.monotonic()
        better = (lambda _times_s: VideoFile(stills)) if stills else None
        run = pick_thumbnails(path, Options(count=count), models, decoder, better=better)
        seconds = time.monotonic() - began_at
        peak_bytes = child_peak_bytes()
    return {
        "seconds": seconds,
        "timings_s": dict(run.timings_s),
        "duration_s": run.video.duration_s,
        "child_peak_bytes": peak_bytes,
        "candidates": len(run.losers) + len(run.picks),
        "picks_s": [pick.time_s for pick in run.picks],
    }


def child_peak_bytes() -> int:
    """Return the most memory that the decode child, still alive, ever held at once. Linux only."""
    statuses = [Path(f"/proc/{child.pid}/status").read_text() for child in psutil.Process().children()]
    peaks = [re.search(r"VmHWM:\s+(\d+) kB", status) for status in statuses]
    return max(int(peak[1]) * 1024 for peak in peaks if peak)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=["before-clip", "whole"])
    parser.add_argument("video", type=Path)
    parser.add_argument("--model", default="lite")
    parser.add_argument("--count", type=int, default=3, help="at most so many picks")
    parser.add_argument("--stills", type=Path, help="take the stills from this rendition of the video")
    given = parser.parse_args()
    if given.part == "before-clip":
        result = before_clip(given.video)
    else:
        result = whole(given.video, given.model, given.count, given.stills)
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
