"""Measure what one video costs: processor time by stage, and the rows that it leaves.

    python -m tests.benchmarks.million measure --clips DIR [--model lite] [--to FILE]

Writes `measured/video_costs.json`, unless `--to` says otherwise, which the other parts read: so the day can
be simulated, and its cost computed, on a machine without the clips. Processor time is that of this process
and of its decode child, which is fair also while other work runs; the seconds of a stage are the share of it
that its wall time is.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from tests.benchmarks.million.cost.video_cost import MEASURED, VideoCost
from tests.benchmarks.speed.footage import clips_in
from worker.analysis.rows import result_of
from worker.pipeline.options import Options
from worker.pipeline.pick import pick_thumbnails
from worker.pipeline.sandbox.decoder import Decoder
from worker.pipeline.scoring.models import Models
from worker.platforms.base import AssetState, RemoteAsset

if TYPE_CHECKING:
    from worker.database.models import StoredCandidate, Thumbnail
    from worker.jobs import Result

_JUDGED = ("parts", "cues", "faces")


def measured(path: Path, models: Models, decoder: Decoder) -> VideoCost:
    """Run the pipeline on one clip, in warm processes, and count what it took and left."""
    began_s = _processor_s()
    run = pick_thumbnails(path, Options(), models, decoder)
    took_s = _processor_s() - began_s
    wall_s = sum(run.timings_s.values())
    result = result_of(run, RemoteAsset("", AssetState.READY, ""), {})
    return VideoCost(
        name=path.stem,
        duration_s=round(run.video.duration_s, 1),
        file_bytes=path.stat().st_size,
        cores_s={stage: round(took_s * s / wall_s, 3) for stage, s in run.timings_s.items()},
        scored=sum(row.score is not None for row in result.candidates),
        filmstrip_bytes=[len(row.jpeg or b"") for row in result.candidates],
        still_bytes=[len(row.jpeg or b"") for row in result.thumbnails],
        candidate=_row(_richest(result), (*_JUDGED, "active", "taste", "model", "measured_by")),
        thumbnail=_row(result.thumbnails[0], (*_JUDGED, "reasons", "box", "model")),
    )


def _richest(result: Result) -> StoredCandidate:
    return next(row for row in result.candidates if row.embedding is not None)


def _row(row: StoredCandidate | Thumbnail, columns: tuple[str, ...]) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in columns}
    return values | {"embedding_bytes": len(row.embedding or b"")}


def _processor_s() -> float:
    """Add up the processor time of this process and its children, in seconds."""
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    times = [process.cpu_times() for process in processes]
    return sum(spent.user + spent.system for spent in times)


def run(arguments: list[str]) -> int:
    """Measure every clip of a folder, and write what was found."""
    parser = argparse.ArgumentParser(prog="million measure", description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=Path, required=True, help="a folder of videos")
    parser.add_argument("--model", default="lite")
    parser.add_argument("--to", type=Path, default=MEASURED, metavar="FILE")
    given = parser.parse_args(arguments)
    costs = []
    models = Models.load(given.model, device="cpu")
    models.warm_up()
    with Decoder() as decoder:
        for clip in clips_in(given.clips):
            decoder.probe(clip)
            costs.append(measured(clip, models, decoder))
            print(costs[-1].name, costs[-1].cores_s, flush=True)
    given.to.write_text(json.dumps([cost._asdict() for cost in costs], indent=1) + "\n")
    return 0
