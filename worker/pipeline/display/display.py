"""A decoded frame as a player shows it: deinterlaced, upright, square pixels, sRGB, without bars."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from av.filter import Graph
from av.video.reformatter import Interpolation

from worker.pipeline.display.colour.colour_space import colour_space
from worker.pipeline.display.orientation import upright
from worker.pipeline.display.true_colour import srgb_of_frame
from worker.pipeline.display.visible import visible_part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from av.video.frame import VideoFrame

    from worker.pipeline.frames import Active, Rgb
    from worker.pipeline.media import Video

# Bars were measured on a small picture and codecs smear their edge: so many pixels more are cut away.
BAR_MARGIN_PX = 2

# FFmpeg's scaler by default favours speed: it halves chroma's width, rounds coarsely, and its assembly gives
# other bytes than its C code. So: full chroma in and out, exact rounding, the same bytes on every machine.
_SCALER = (
    Interpolation.BICUBIC
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
    | Interpolation.ACCURATE_RND
    | Interpolation.BITEXACT
)


def square_size(width_px: int, height_px: int, aspect: Fraction) -> tuple[int, int]:
    """Compute the size of a stored picture once its samples are square.

    The short side of a sample is made longer, so that no stored pixel is lost.

    Args:
        width_px: as stored.
        height_px: as stored.
        aspect: the sample aspect ratio, width over height.

    Returns:
        (width, height) in pixels.
    """
    return round(width_px * max(aspect, Fraction(1))), round(height_px / min(aspect, Fraction(1)))


def displayed(frames: Sequence[VideoFrame], index: int, video: Video, active: Active | None = None) -> Rgb:
    """Show one of some neighbouring frames.

    Args:
        frames: successive frames; a deinterlacer needs the one before and the one after.
        index: which of them to show.
        video: gives orientation, visible part, sample aspect ratio and transfer.
        active: the part of the shown picture between bars.

    Returns:
        (height, width, 3) uint8 sRGB, a picture of its own, with at least as many pixels each way as were
        stored of the visible part, but for the bars.
    """
    frame = frames[index]
    if frame.interlaced_frame:
        frame = _deinterlaced(frames[max(0, index - 1) : index + 2], min(index, 1))
    rgb = upright(_square_rgb(frame, video), video)
    return np.ascontiguousarray(rgb if active is None else _without_bars(rgb, active))


def glanced(frame: VideoFrame, video: Video, active: Active | None, scale: float) -> Rgb:
    """Show a frame quickly, to look for something in it; its colours are true, its edges less smooth.

    Args:
        frame: as decoded; fields stay woven.
        video: as for `displayed`.
        active: as for `displayed`.
        scale: of the sides, 1 for the size as shown.

    Returns:
        (height, width, 3) uint8 sRGB of the same part of the picture as `displayed` shows.
    """
    rgb = upright(_square_rgb(frame, video, Interpolation.FAST_BILINEAR, scale), video)
    return np.ascontiguousarray(rgb if active is None else _without_bars(rgb, active))


def _deinterlaced(frames: Sequence[VideoFrame], index: int) -> VideoFrame:
    """Weave both fields where nothing moves and interpolate where it does, by FFmpeg's filter bwdif."""
    template = frames[index]
    graph = Graph()
    source = graph.add_buffer(
        width=template.width, height=template.height, format=template.format, time_base=Fraction(1, 1000)
    )
    # One picture for each frame, not for each field; also of frames whose own flag does not say interlaced.
    deinterlacer = graph.add("bwdif", "mode=send_frame:deint=all")
    graph.link_nodes(source, deinterlacer, graph.add("buffersink")).configure()
    # A filter graph takes frames of one size and format; a neighbour may be of another.
    alike = [
        frame
        for frame in frames
        if (frame.width, frame.format.name) == (template.width, template.format.name)
    ]
    for frame in alike:
        graph.vpush(frame)
    # None ends the stream: the filter holds its last frame until it knows that no neighbour follows.
    graph.vpush(None)
    return [graph.vpull() for _ in alike][alike.index(template)]


def _square_rgb(frame: VideoFrame, video: Video, scaler: Interpolation = _SCALER, scale: float = 1.0) -> Rgb:
    """Bring samples to square pixels and to sRGB: (height, width, 3) uint8."""
    # An untagged picture's colours are guessed by the size of all that is stored.
    space = colour_space(frame, video.stated_colours)
    frame = visible_part(frame, video.visible)
    width, height = square_size(frame.width, frame.height, video.sample_aspect_ratio)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return srgb_of_frame(frame, size, space, scaler)


def _without_bars(rgb: Rgb, active: Active) -> Rgb:
    height, width = rgb.shape[:2]
    left, top, right, bottom = active
    return rgb[_inside(top, bottom, height), _inside(left, right, width)]


def _inside(first: float, last: float, size: int) -> slice:
    """Convert shares of a side to pixels, a little inside; a side without a bar stays whole."""
    start = math.ceil(first * size) + BAR_MARGIN_PX if first > 0 else 0
    stop = math.floor(last * size) - BAR_MARGIN_PX if last < 1 else size
    return slice(start, stop) if start < stop else slice(0, size)
