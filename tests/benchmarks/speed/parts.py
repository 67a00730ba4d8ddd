"""Where the processor time of a whole run goes, part by part, in this one process.

    python -m tests.benchmarks.speed.parts VIDEO

Processor seconds of all threads together, so that other work on the machine matters less than it does to the
clock. Bare decoding and the scan are measured one after the other; the first is a part of the second.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from worker.pipeline.container.open_video import open_video
from worker.pipeline.container.probe import probe
from worker.pipeline.crop.crop import crops
from worker.pipeline.scoring.face_mesh import FaceMesh
from worker.pipeline.scoring.models import Models
from worker.pipeline.scoring.text import STILL_SIDE_PX
from worker.pipeline.scoring.text_cost import MAX_MEASURED
from worker.pipeline.selection.shortlist import shortlist
from worker.pipeline.video.people import FaceReader
from worker.pipeline.video.sampling_plan import plan_stretches
from worker.pipeline.video.scan import scan
from worker.pipeline.video.stills import take_stills

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from worker.pipeline.frames import Rgb
    from worker.pipeline.media import Video

_Result = TypeVar("_Result")

STILLS = 3


def timed(name: str, part: Callable[[], _Result]) -> _Result:
    """Run a part, and print how much processor time it took."""
    began_s = time.process_time()
    result = part()
    sys.stdout.write(f"{name:32} {time.process_time() - began_s:5.2f} s\n")
    return result


def decode(video: Video) -> int:
    """Decode what the scan decodes, by its settings, and count the frames."""
    frames = 0
    with open_video(video) as opened:
        opened.prepare_for_scan(1)
        for stretch in plan_stretches(video):
            opened.seek(max(stretch.seek_s, video.begins_at_s))
            frames += sum(1 for _ in opened.decode(opened.packets_before(stretch.end_s)))
    return frames


def score(pictures: Sequence[Rgb], models: Models) -> None:
    """Print what each model takes for the candidates."""
    timed("score: the model", lambda: models.scorer.look(pictures))
    timed("score: faces", lambda: [models.faces.find(rgb) for rgb in pictures])
    timed("score: text", lambda: [models.text.find(rgb) for rgb in pictures[:MAX_MEASURED]])


def cut(rgb: Rgb, models: Models) -> None:
    """Do what is done to a still."""
    faces = timed("pick: faces", lambda: models.faces.find(rgb))
    text = timed("pick: text", lambda: models.text.find(rgb, STILL_SIDE_PX))
    foreground = timed("pick: foreground", lambda: models.foreground.find(rgb))
    timed("pick: crop and JPEG", lambda: crops(rgb, ["16:9"], faces, foreground, text))


def main() -> None:
    """Measure the parts of a run on one file."""
    path = Path(sys.argv[1])
    models = Models.load("lite")
    models.warm_up()
    reader = FaceReader(models.faces.find, FaceMesh.load())
    video = timed("probe", lambda: probe(path))
    timed("scan: bare decoding", lambda: decode(video))
    found = timed("scan, decoding included", lambda: scan(video))
    worth, _ = timed("shortlist", lambda: shortlist(found.candidates))
    score([found.candidates[index].rgb for index in worth], models)
    times_s = [found.candidates[index].time_s for index in worth[:: -(-len(worth) // STILLS)]]
    stills = timed(f"stills: {len(times_s)}", lambda: take_stills(video, times_s, reader=reader))
    cut(stills[0].rgb, models)


if __name__ == "__main__":
    main()
