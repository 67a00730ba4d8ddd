"""Edits videos as an editor's export does: decodes what is kept, and encodes it anew, frame by frame."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import av

from worker.timeline import Range, Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from av.video.frame import VideoFrame

_TICK = Fraction(1, 90_000)
EXPORT = {"preset": "veryfast", "crf": "20", "bf": "3", "g": "100"}  #: what x264 is told
OTHER_EXPORT = {"preset": "superfast", "crf": "23", "bf": "2", "g": "60"}

# Shares of the video that are kept, in the order in which they play.
EDITS = {
    "head cut": ((0.2, 1.0),),
    "tail cut": ((0.0, 0.8),),
    "middle cut": ((0.0, 0.4), (0.6, 1.0)),
    "both ends cut": ((0.1, 0.85),),
    "reordered": ((0.5, 1.0), (0.0, 0.5)),
}


def kept(name: str, path: Path) -> Timeline:
    """Return one of `EDITS` for a video; its ranges begin and end at frames."""
    times_s = [frame.time or 0.0 for frame in _frames(path)]
    ends_s = [*times_s, 2 * times_s[-1] - times_s[-2]]
    at = [(round(start * len(times_s)), round(end * len(times_s))) for start, end in EDITS[name]]
    return Timeline.of(Range(ends_s[start], ends_s[end]) for start, end in at)


def cut(path: Path, timeline: Timeline, target: Path, options: Mapping[str, str] = EXPORT) -> Path:
    """Write what a timeline keeps of a video, each frame at its new time."""
    with av.open(str(target), "w") as container:
        stream = container.add_stream("libx264", options=dict(options))
        stream.time_base = stream.codec_context.time_base = _TICK
        for this, begins_s in zip(timeline.ranges, timeline.starts_s(), strict=True):
            for frame in _frames(path):
                time_s = frame.time or 0.0
                if not this.start_s - 1e-4 <= time_s < this.end_s - 1e-4:
                    continue
                if not stream.codec_context.is_open:
                    stream.width, stream.height = frame.width, frame.height
                frame.pts = round((begins_s + time_s - this.start_s) / _TICK)
                frame.time_base, frame.pict_type = _TICK, av.video.frame.PictureType.NONE
                container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return target


def _frames(path: Path) -> Iterator[VideoFrame]:
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        yield from container.decode(video=0)
