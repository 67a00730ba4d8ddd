"""Letterbox and pillarbox bars: the part of the frame that holds no picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from worker.pipeline.frames import Active, Box

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A bar is black: even its brightest decile is at most this, in video-range luma (black is 16, BT.709).
BAR_LEVEL = 26
_ROW_QUANTILE = 0.9

# Some frames of a shot are dark, and one or two may belong to the shot before.
_FRAME_QUANTILE = 0.75

# Bars deeper than this on one side are a dark scene.
MAX_BAR_SHARE = 0.4
# Both bars are alike to this share of the side; anything else is composition.
MAX_ASYMMETRY = 0.03
# Where the picture begins, luma jumps; a vignette or a dark scene only rises.
MIN_STEP = 8
_STEP_SPAN_PX = 2


def brightest(luma: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Measure how bright every row and every column of one frame is, by their 0.9 quantiles.

    Args:
        luma: (height, width) uint8.

    Returns:
        (height,) and (width,) uint8. Every other pixel of a line is looked at, which is enough.
    """
    return _decile(luma[:, ::2]), _decile(luma[::2].T)


def _decile(lines: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Find the 0.9 quantile of every line; partial sorting, without interpolation, is exact enough."""
    index = int(_ROW_QUANTILE * (lines.shape[1] - 1))
    return np.partition(lines, index, axis=1)[:, index]


def find_bars(lumas: list[NDArray[np.uint8]]) -> Box:
    """Find the area of the picture, without bars, that all frames of one shot share.

    Args:
        lumas: at least one (height, width) uint8 plane, video range, all of one size.

    Returns:
        A box in pixels of these planes: the whole plane where there are no bars.
    """
    levels = [brightest(luma) for luma in lumas]
    top, bottom = _edges(np.quantile([rows for rows, _ in levels], _FRAME_QUANTILE, axis=0))
    left, right = _edges(np.quantile([columns for _, columns in levels], _FRAME_QUANTILE, axis=0))
    return Box(left, top, right, bottom)


def _edges(levels: NDArray[np.float64]) -> tuple[int, int]:
    """Find the first and last + 1 index that belong to the picture, on one side.

    Args:
        levels: (size,) how bright each row or column is.
    """
    size = len(levels)
    lit = np.flatnonzero(levels > BAR_LEVEL)
    if lit.size == 0:
        return 0, size
    first, last = int(lit[0]), int(lit[-1]) + 1
    near_equal = abs(first - (size - last)) <= max(2, MAX_ASYMMETRY * size)
    if first == 0 or last == size or first > MAX_BAR_SHARE * size or not near_equal:
        return 0, size
    # How far luma rises from the last line of each bar to just inside the picture.
    steps = (
        levels[min(first + _STEP_SPAN_PX, size - 1)] - levels[first - 1],
        levels[max(last - 1 - _STEP_SPAN_PX, 0)] - levels[min(last, size - 1)],
    )
    return (first, last) if min(steps) >= MIN_STEP else (0, size)


def as_fractions(box: Box, width_px: int, height_px: int) -> Active | None:
    """Express the area in pixels as shares (0..1) of the frame; None where it is the whole frame."""
    if box == (0, 0, width_px, height_px):
        return None
    return (box.left / width_px, box.top / height_px, box.right / width_px, box.bottom / height_px)
