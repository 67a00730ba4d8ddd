"""Decoded frames made small, cheaply: what the scan looks at and keeps.

Scaling whole frames is the scan's main cost after decoding, so planes are taken as they lie in memory
and sampled twice per output pixel and side, which is as smooth as an area filter to these cues and
five times as fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

from worker.pipeline.display.colour.colour_space import (
    FULL_RANGE_BT601,
    ColourSpace,
    colour_space,
)
from worker.pipeline.display.colour.samples import yuv_to_rgb
from worker.pipeline.display.true_colour import scaled, srgb_of_frame, to_srgb
from worker.pipeline.display.visible import visible_part
from worker.pipeline.media import NOTHING_STATED

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from worker.pipeline.frames import Rgb
    from worker.pipeline.media import Region, StatedColours, Video

# 320x180 for 16:9; other shapes get the same number of pixels, so portrait videos cost no more.
PIXELS = 320 * 180

# Formats whose planes can be used as they are: 8 bit, planar, chroma at half size.
_PLANAR_FORMATS = {"yuv420p", "yuvj420p"}

# Video range 16..235 to 0..255 (BT.709).
_TO_FULL_RANGE = np.clip((np.arange(256) - 16) * 255 / 219, 0, 255).round().astype(np.uint8)

Plane = NDArray[np.uint8]  # (height, width) uint8


@dataclass(frozen=True, eq=False)
class SmallFrame:
    """The visible part of a frame at scan size, as stored: not yet rotated, bars still there."""

    time_s: float
    luma: Plane  #: (height, width) uint8, range as coded
    chroma: tuple[Plane, Plane]  #: U and V at half the size of luma
    space: ColourSpace
    is_damaged: bool = False  #: as `packets.decode_packets` says

    @cached_property
    def tiny_luma(self) -> Plane:
        """Luma in full range, at the size at which frames are compared with their neighbours."""
        tiny = _scale(self.luma, self._tiny_size)
        return tiny if self.space.is_full_range else np.asarray(cv2.LUT(tiny, _TO_FULL_RANGE), np.uint8)

    @property
    def _tiny_size(self) -> tuple[int, int]:
        height, width = self.chroma[0].shape
        return (width, height)

    def tiny_bgr(self) -> NDArray[np.uint8]:
        """Make a picture for PySceneDetect, (height, width, 3) uint8 BGR; its colours need not be exact."""
        u, v = self.chroma
        return np.asarray(cv2.cvtColor(cv2.merge([self.tiny_luma, v, u]), cv2.COLOR_YCrCb2BGR), np.uint8)

    def rgb(self) -> Rgb:
        """Make the picture in true colours, (height, width, 3) uint8 sRGB, tone-mapped where it is HDR."""
        size = (self.luma.shape[1], self.luma.shape[0])
        chroma = [cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR) for plane in self.chroma]
        rgb = yuv_to_rgb(np.dstack([self.luma, *chroma]).astype(np.uint8, copy=False), self.space)
        return to_srgb(rgb, self.space)


def small_size(video: Video) -> tuple[int, int]:
    """Compute (width, height) of small frames as stored: even, the shape as shown, never enlarged."""
    shown = (video.width_px, video.height_px)
    width, height = shown if video.rotation_deg % 180 == 0 else shown[::-1]
    scale = min(1.0, (PIXELS / (width * height)) ** 0.5)
    return _even(width * scale), _even(height * scale)


def _even(length: float) -> int:
    return max(2, round(length / 2) * 2)


def shrink(
    frame: VideoFrame,
    time_s: float,
    size: tuple[int, int],
    visible: Region | None = None,
    stated: StatedColours = NOTHING_STATED,
) -> SmallFrame:
    """Make a decoded frame small; the result holds copies, so the frame's memory may be used again.

    Args:
        frame: any pixel format.
        time_s: when it is shown.
        size: (width, height) of the result, both even.
        visible: the part of the frame that is shown; None for all of it.
        stated: what the container says of its colours.
    """
    # An untagged picture's colours are guessed by the size of all that is stored.
    space, is_damaged = colour_space(frame, stated), frame.opaque is not None
    if visible is not None:
        frame = visible_part(frame, visible)
    if space.has_alpha or not space.is_for_scaler:
        srgb = srgb_of_frame(frame, size, space, Interpolation.AREA)
        return _converted(srgb, time_s, is_damaged=is_damaged)
    # One field is enough at this size, and has no comb.
    step = 2 if frame.interlaced_frame else 1
    half = (size[0] // 2, size[1] // 2)
    if frame.format.name not in _PLANAR_FORMATS:
        double = (size[0] * 2, size[1] * 2)
        frame = scaled(frame, double, "yuv420p", space, Interpolation.FAST_BILINEAR)
        step = 1
    luma, u, v = (_plane(frame, index)[::step] for index in range(3))
    return SmallFrame(time_s, _scale(luma, size), (_scale(u, half), _scale(v, half)), space, is_damaged)


def _converted(srgb: Rgb, time_s: float, *, is_damaged: bool) -> SmallFrame:
    """Keep a picture whose samples are rare, and cannot be kept as coded, as ordinary ones."""
    luma, cr, cb = cv2.split(np.asarray(cv2.cvtColor(srgb, cv2.COLOR_RGB2YCrCb), np.uint8))
    half = (srgb.shape[1] // 2, srgb.shape[0] // 2)
    u, v = (_scale(np.asarray(plane, np.uint8), half) for plane in (cb, cr))
    return SmallFrame(time_s, np.asarray(luma, np.uint8), (u, v), FULL_RANGE_BT601, is_damaged)


def _plane(frame: VideoFrame, index: int) -> Plane:
    """View one plane's samples in FFmpeg's memory, without the padding at the end of its lines."""
    plane = frame.planes[index]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]


def _scale(plane: Plane, size: tuple[int, int]) -> Plane:
    double = (size[0] * 2, size[1] * 2)
    if plane.shape[1] > double[0] and plane.shape[0] > double[1]:
        plane = np.asarray(cv2.resize(plane, double, interpolation=cv2.INTER_LINEAR), np.uint8)
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.uint8)
