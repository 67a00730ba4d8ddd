"""What the decode process does with a video.

`decoder` sends these functions to the child by name, so its own process imports this module too. That is why
everything that loads FFmpeg is imported inside the functions: only the confined child may load it. What they
return crosses by their annotations (see `answers.forms`).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from worker.confinement.cores import available_cores
from worker.pipeline.frames import Scan, Still  # noqa: TC001 - answers cross by their annotations
from worker.pipeline.media import Video  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from worker.files.video_file import PieceStart
    from worker.pipeline.frames import Active
    from worker.pipeline.video.people import FaceReader
    from worker.timeline import Range

# Tells the parent how far the scan is, 0..1. Set once, when the child starts.
_report: Callable[[float], None] = lambda _fraction: None  # noqa: E731


def report_to(report: Callable[[float], None]) -> None:
    """Keep what tells the parent how far a task is."""
    global _report  # noqa: PLW0603 - the one way to hand it to later tasks of a process
    _report = report


def warm_up() -> None:
    """Load FFmpeg, OpenCV, PySceneDetect and what reads faces; and count the cores."""
    from worker.pipeline.container import probe  # noqa: F401
    from worker.pipeline.video import scan, stills  # noqa: F401

    _face_reader(None)
    available_cores()  # while this process may still read the names of its control groups


def probe_video(
    path: Path, begins_at_s: float, is_assembled: bool, is_sparse: bool, pieces: tuple[PieceStart, ...]
) -> Video:
    """Run `probe.probe`."""
    from worker.pipeline.container.probe import probe

    return probe(path, begins_at_s=begins_at_s, is_assembled=is_assembled, is_sparse=is_sparse, pieces=pieces)


def scan_video(video: Video) -> Scan:
    """Run `scan.scan`, and report how far it is."""
    from worker.pipeline.video.scan import scan

    return scan(video, _report)


def scan_ranges_of(video: Video, ranges: Sequence[Range]) -> Scan:
    """Run `scan.scan_ranges`."""
    from worker.pipeline.video.scan import scan_ranges

    return scan_ranges(video, ranges)


def take_stills_of(
    video: Video,
    times_s: Sequence[float],
    actives: Sequence[Active | None],
    shots: Sequence[int] | None,
    refine: bool,
    yunet: Path | None,
) -> list[Still]:
    """Run `stills.take_stills`; people are looked at here, so that no frame but the best leaves."""
    from worker.pipeline.video.stills import take_stills

    reader = _face_reader(yunet) if refine else None
    return take_stills(video, times_s, actives, shots=shots, refine=refine, reader=reader)


@cache
def _face_reader(yunet: Path | None) -> FaceReader:
    """Load what finds faces, as the parent does, and what reads them."""
    from worker.pipeline.scoring.face_mesh import FaceMesh
    from worker.pipeline.scoring.faces import FaceFinder
    from worker.pipeline.video.people import FaceReader

    return FaceReader(FaceFinder.load(yunet).find, FaceMesh.load())
