"""The scan, or the bare decode of the same frames by the same settings, once, in this fresh process.

    python -m tests.benchmarks.speed.scan_cost decode|scan VIDEO

Both decode every reference frame, where a scan would decode a part of a longer video. Prints the seconds,
without the imports and the probe, as one JSON document.
"""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path

from worker.pipeline.container.open_container import open_container
from worker.pipeline.container.packets import decode_packets, packets_of, prepare_for_scan
from worker.pipeline.container.probe import probe
from worker.pipeline.video import sampling_plan
from worker.pipeline.video.scan import scan


def decode(path: Path) -> int:
    """Decode as the scan does, drop the frames, return how many there were."""
    with open_container(path) as container:
        stream = container.streams.video[0]
        prepare_for_scan(stream)
        return sum(1 for _ in decode_packets(packets_of(container, stream)))


def main() -> None:
    """Run what the command line asks for."""
    step, path = sys.argv[1], Path(sys.argv[2])
    video = probe(path)
    sampling_plan.LOOK_S = math.inf
    began = time.monotonic()
    found = {"frames": decode(path)} if step == "decode" else {"candidates": len(scan(video).candidates)}
    json.dump({"seconds": time.monotonic() - began, **found}, sys.stdout)


if __name__ == "__main__":
    main()
