"""The part of a stored picture that is shown: within the edges, one eye of two, the front of a sphere."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from av.filter import Graph

from worker.pipeline.frames import Box

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from worker.pipeline.media import Region

_SAMPLES = 8  # more than any format has for one of chroma


def visible_box(frame: VideoFrame, visible: Region | None) -> Box:
    """Find the pixels of a decoded frame that are shown.

    Args:
        frame: as stored.
        visible: as shares, which hold for frames of every size; None for all.

    Returns:
        A box that begins and ends at whole chroma samples, inside what is shown, so that nothing else gets
        in. A part smaller than that is not cut out.
    """
    if visible is None:
        return Box(0, 0, frame.width, frame.height)
    shape = frame.format
    left, right = _inside(visible[0], visible[2], frame.width, _SAMPLES // shape.chroma_width(_SAMPLES))
    top, bottom = _inside(visible[1], visible[3], frame.height, _SAMPLES // shape.chroma_height(_SAMPLES))
    return Box(left, top, right, bottom)


def _inside(first: float, last: float, size: int, step: int) -> tuple[int, int]:
    # Shares were made of whole pixels: what is a hair off one is that one.
    start = math.ceil(round(first * size, 3) / step) * step
    stop = size if last >= 1 else math.floor(round(last * size, 3) / step) * step
    return (start, stop) if start < stop else (0, size)


def visible_part(frame: VideoFrame, visible: Region | None) -> VideoFrame:
    """Cut out of a decoded frame what is shown; no pixel is copied, and all of it is the frame itself."""
    box = visible_box(frame, visible)
    if (box.width, box.height) == (frame.width, frame.height):
        return frame
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000)
    )
    # "exact" keeps the filter from rounding; the box lies at whole chroma samples already.
    crop = graph.add("crop", f"{box.width}:{box.height}:{box.left}:{box.top}:exact=1")
    graph.link_nodes(source, crop, graph.add("buffersink")).configure()
    graph.vpush(frame)
    return graph.vpull()
