"""From a decoder's YUV to RGB, by the matrix and range that the stream names."""

from __future__ import annotations

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from numpy.typing import NDArray

# H.273 matrix coefficients to swscale's names; the rest is guessed from the size, as players do.
_MATRICES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
_HD_HEIGHT_PX = 720

# Bit-exact: the same file gives the same picture on every machine.
_SCALING = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.BITEXACT | Interpolation.FULL_CHR_H_INT


def matrix_of(frame: VideoFrame) -> Colorspace:
    """The YUV matrix of a frame; where the stream is silent, BT.709 for HD and BT.601 for less."""
    guess = Colorspace.ITU709 if frame.height >= _HD_HEIGHT_PX else Colorspace.ITU601
    return _MATRICES.get(int(frame.colorspace), guess)


def range_of(frame: VideoFrame) -> ColorRange:
    """Full ("JPEG") or video ("MPEG") range of a frame; video where the stream is silent."""
    is_full = int(frame.color_range) == ColorRange.JPEG or frame.format.name.startswith("yuvj")
    return ColorRange.JPEG if is_full else ColorRange.MPEG


def to_rgb(
    frame: VideoFrame, *, matrix: Colorspace | None = None, source_range: ColorRange | None = None, deep: bool = False
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Convert a frame; the transfer curve stays as coded.

    Args:
        frame: any pixel format.
        matrix: Instead of what the frame says.
        source_range: Instead of what the frame says.
        deep: 16 bits per channel, for HDR.

    Returns:
        (height, width, 3) RGB, uint8 or (deep) uint16, full range.
    """
    return frame.reformat(
        format="rgb48le" if deep else "rgb24",
        src_colorspace=matrix or matrix_of(frame),
        src_color_range=source_range or range_of(frame),
        dst_color_range=ColorRange.JPEG,
        interpolation=_SCALING,
        threads=1,
    ).to_ndarray()
