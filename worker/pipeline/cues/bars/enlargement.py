"""Whether what lies above and below a picture is the picture itself, enlarged and blurred.

Editors fill a frame of another shape with it: as large as covers the frame or larger, stretched, mirrored,
dimmed or brightened. For columns, transpose the frames.
"""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from worker.pipeline.cues.bars.seams import Planes

# The bands agree with an enlarged middle by this correlation.
MIN_LIKENESS = 0.75
# An enlargement has at most this share of the detail of the picture, or as little as coding leaves: levels.
MAX_DETAIL_SHARE = 0.35
_NO_DETAIL = 0.8
# Rows at a seam, whose detail is that of neither side.
_SEAM_ROWS = 3
# Frames are compared at this size and this blur: the fill's own has taken what is finer.
_TINY_PX = 48
_BLUR_PX = 2.0
_MAX_FRAMES = 24
# How much larger than it need be to cover the frame; 0 stretches both sides to those of the frame.
_ZOOMS = (0.0, 1.0, 1.2, 1.45)
# As it is, or mirrored along either axis: one of them is left and right as people see it.
_FLIPS = (np.s_[:, :], np.s_[:, ::-1], np.s_[::-1, :])


def is_blurred(plane: NDArray[np.uint8], top: int, bottom: int) -> bool:
    """Tell whether the bands of a frame have far less detail than the picture between them.

    Args:
        plane: (height, width) uint8 luma.
        top: rows above the picture.
        bottom: rows below it.
    """
    detail = np.abs(cv2.Laplacian(np.ascontiguousarray(plane), cv2.CV_16S))
    start, stop = top, len(plane) - bottom
    bands = (*detail[1 : start - _SEAM_ROWS], *detail[stop + _SEAM_ROWS : -1])
    picture = detail[start + _SEAM_ROWS : stop - _SEAM_ROWS]
    if not bands or not picture.size:
        return False
    return bool(np.mean(bands) <= max(_NO_DETAIL, MAX_DETAIL_SHARE * picture.mean()))


def likeness(planes: Planes, top: int, bottom: int) -> float:
    """Measure how well the bands correlate, over some frames, with the best kind of enlargement: -1..1.

    Args:
        planes: frames that show the seams.
        top: rows above the picture.
        bottom: rows below it.
    """
    few = planes[:: max(1, len(planes) // _MAX_FRAMES)]
    height = planes.shape[1]
    above = math.ceil(top / height * _TINY_PX) - 1
    below = math.ceil(bottom / height * _TINY_PX) - 1
    bands = slice(0, max(2, above)), slice(_TINY_PX - max(2, below), _TINY_PX)
    shown = _centred(few, bands)
    middles = [plane[top : height - bottom] for plane in few]
    return max(
        _correlation(shown, _centred([_enlarged(one[flip], zoom, height) for one in middles], bands))
        for zoom, flip in product(_ZOOMS, _FLIPS)
    )


def _enlarged(middle: NDArray[np.uint8], zoom: float, height: int) -> NDArray[np.uint8]:
    """Cut out what is seen of a middle once it is enlarged, without enlarging it."""
    if not zoom:
        return middle
    rows, width = middle.shape
    kept_rows = max(2, round(rows / zoom))
    kept_columns = max(2, round(width * rows / (height * zoom)))
    first, left = (rows - kept_rows) // 2, (width - kept_columns) // 2
    return middle[first : first + kept_rows, left : left + kept_columns]


def _tiny(plane: NDArray[np.uint8]) -> NDArray[np.float32]:
    size = (_TINY_PX, _TINY_PX)
    small = cv2.resize(np.ascontiguousarray(plane), size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), _BLUR_PX), np.float32)


def _centred(planes: Iterable[NDArray[np.uint8]], bands: tuple[slice, slice]) -> NDArray[np.float32]:
    """Cut the bands out of small planes, each less its mean: two flat bands are no likeness."""
    tiny = np.stack([_tiny(plane) for plane in planes])
    return np.concatenate(
        [tiny[:, rows] - tiny[:, rows].mean(axis=(1, 2), keepdims=True) for rows in bands], axis=1
    )


def _correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    return float((a * b).sum() / max(1.0, math.sqrt((a * a).sum() * (b * b).sum())))
