"""Which way up a picture is shown: one of eight, four turns of it or of its mirror image."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from av.sidedata.sidedata import Type

from worker.pipeline.display.side_data import side_numbers

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

    from worker.pipeline.media import Video

# FFmpeg's display matrix: nine 32-bit integers, row by row a b u, c d v, x y w (libavutil/display.h). A
# stored point (p, q), q growing down, is shown at (a p + c q, b p + d q), moved to where all of it is seen.
_MATRIX_NUMBERS = 9


class Orientation(NamedTuple):
    """What a player does to the stored picture: mirror it left and right, or not, and then turn it."""

    rotation_deg: int = 0  #: clockwise: 0, 90, 180 or 270
    is_mirrored: bool = False


def orientation(frame: VideoFrame) -> Orientation:
    """Read how a decoded frame is to be shown; a matrix between two right angles counts as the nearer one.

    FFmpeg puts it beside the frame, whether the container says it or the stream itself does (the SEI message
    "display orientation" of H.264 and HEVC). Where both do, the container's comes first and is taken, as
    FFmpeg's player does: a device that writes both means the same by them, so they are not added up.
    """
    matrix = side_numbers(frame, Type.DISPLAYMATRIX)
    if len(matrix) < _MATRIX_NUMBERS:
        return Orientation()
    a, b, _, c, d, *_ = matrix
    is_mirrored = a * d - b * c < 0
    # To mirror first is to negate the image of the first axis; undone, what is left is a turn.
    right, down = math.hypot(a, b), math.hypot(c, d)
    if right == 0 or down == 0:
        return Orientation()
    sign = -1 if is_mirrored else 1
    cos, sin = sign * a / right + d / down, sign * b / right - c / down
    return Orientation(round(math.degrees(math.atan2(sin, cos)) / 90) * 90 % 360, is_mirrored)


def upright(picture: NDArray[np.uint8], video: Video) -> NDArray[np.uint8]:
    """Mirror and turn a stored picture as it is shown: (height, width[, channels]); a view, not a copy."""
    picture = picture[:, ::-1] if video.is_mirrored else picture
    return np.rot90(picture, -video.rotation_deg // 90)  # NumPy counts counter-clockwise
