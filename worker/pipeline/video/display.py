"""A decoded frame as a player shows it: deinterlaced, upright, square pixels, sRGB, without bars."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from av.filter import Graph
from av.video.reformatter import ColorRange, Interpolation

from worker.pipeline.frames import TransferFunction
from worker.pipeline.video.colour import colour_space, tone_map_rgb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from av.video.frame import VideoFrame

    from worker.pipeline.frames import Active, Rgb, Video

# Bars were measured on a small picture and codecs smear their edge: so many pixels more are cut away.
BAR_MARGIN_PX = 2

# Chroma is interpolated at full size, rounding is exact, and every machine gives the same bytes.
_SCALER = (
    Interpolation.BICUBIC
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
    | Interpolation.ACCURATE_RND
    | Interpolation.BITEXACT
)


def displayed(frames: Sequence[VideoFrame], index: int, video: Video, active: Active | None = None) -> Rgb:
    """Show one of some neighbouring frames.

    Args:
        frames: Successive frames; a deinterlacer needs the one before and the one after.
        index: Which of them to show.
        video: Gives rotation, sample aspect ratio and transfer.
        active: The part of the shown picture between letterbox or pillarbox bars.

    Returns:
        A picture of its own, with at least as many pixels each way as were stored.
    """
    frame = frames[index]
    if frame.interlaced_frame:
        frame = _deinterlaced(frames[max(0, index - 1) : index + 2], min(index, 1))
    rgb = _upright(_square_rgb(frame, video), video.rotation_deg)
    return np.ascontiguousarray(rgb if active is None else _without_bars(rgb, active))


def _deinterlaced(frames: Sequence[VideoFrame], index: int) -> VideoFrame:
    """Both fields woven or interpolated, each where it fits, by FFmpeg's bwdif."""
    template = frames[index]
    graph = Graph()
    source = graph.add_buffer(
        width=template.width, height=template.height, format=template.format, time_base=Fraction(1, 1000)
    )
    deinterlacer = graph.add("bwdif", "mode=send_frame:deint=all")
    graph.link_nodes(source, deinterlacer, graph.add("buffersink")).configure()
    alike = [
        frame
        for frame in frames
        if (frame.width, frame.format.name) == (template.width, template.format.name)
    ]
    for frame in alike:
        graph.vpush(frame)
    graph.vpush(None)
    return [graph.vpull() for _ in alike][alike.index(template)]


def _square_rgb(frame: VideoFrame, video: Video) -> Rgb:
    """Samples to square pixels, by making the short side of a sample longer, and to sRGB."""
    aspect = video.sample_aspect_ratio
    space = colour_space(frame)
    packed = frame.reformat(
        width=round(frame.width * max(aspect, Fraction(1))),
        height=round(frame.height / min(aspect, Fraction(1))),
        format="rgb24" if video.transfer is TransferFunction.SDR else "rgb48le",
        src_colorspace=None if frame.format.is_rgb else space.matrix,
        src_color_range=ColorRange.JPEG if space.is_full_range or frame.format.is_rgb else ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
        interpolation=_SCALER,
    ).to_ndarray()
    return tone_map_rgb(packed, video.transfer)  # type: ignore[arg-type]


def _upright(rgb: Rgb, rotation_deg: int) -> Rgb:
    return np.rot90(rgb, -rotation_deg // 90)  # it counts counterclockwise


def _without_bars(rgb: Rgb, active: Active) -> Rgb:
    height, width = rgb.shape[:2]
    left, top, right, bottom = active
    return rgb[_span(top, bottom, height), _span(left, right, width)]


def _span(first: float, last: float, size: int) -> slice:
    """Shares of a side to pixels, a little inside; a side without a bar stays whole."""
    start = math.ceil(first * size) + BAR_MARGIN_PX if first > 0 else 0
    stop = math.floor(last * size) - BAR_MARGIN_PX if last < 1 else size
    return slice(start, stop) if start < stop else slice(0, size)
