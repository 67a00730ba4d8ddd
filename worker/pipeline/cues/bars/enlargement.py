"""Whether what lies above and below a picture is the picture itself, enlarged and blurred.

Editors fill a frame of another shape with it: as large as covers the frame or larger, stretched, mirrored,
dimmed or brightened. For columns, transpose the frames.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from worker.pipeline.cues.bars.seams import Planes

# The bands agree with an enlarged middle by this correlation; natural pictures stay below 0.6.
MIN_LIKENESS = 0.75
# An enlargement has at most this share of the detail of the picture, or as little as coding leaves: levels.
MAX_DETAIL_SHARE = 0.5
_NO_DETAIL = 0.8
# Frames are compared at this size: blur has taken what is finer.
_TINY = (48, 48)
_MAX_FRAMES = 24
# How much larger than it need be to cover the frame.
_ZOOMS = (1.0, 1.2, 1.45)
# As it is, or mirrored along either axis: one is left and right in the frame as it is shown.
_FLIPS = (np.s_[:, :], np.s_[:, ::-1], np.s_[::-1, :])


def is_blurred(planes: Planes, top: int, bottom: int) -> NDArray[np.bool_]:
    """Tell for each frame whether the bands have far less detail than the picture between them."""
    height = planes.shape[1]
    found = []
    for plane in planes:
        detail = np.abs(cv2.Laplacian(plane, cv2.CV_16S))
        bands = np.concatenate([detail[1 : max(2, top - 3)], detail[min(height - 2, height - bottom + 3) : -1]])
        picture = detail[top + 3 : height - bottom - 3]
        found.append(bands.mean() <= max(_NO_DETAIL, MAX_DETAIL_SHARE * picture.mean()))
    return np.array(found)


def likeness(planes: Planes, top: int, bottom: int) -> float:
    """Measure how well the bands correlate, over some frames, with the best kind of enlargement: -1..1."""
    few = planes[:: max(1, len(planes) // _MAX_FRAMES)]
    shown = [_tiny(plane) for plane in few]
    return max(
        _correlation(shown, [_filled(plane, top, bottom, zoom, flip) for plane in few], top, bottom, planes)
        for zoom, flip in product((0.0, *_ZOOMS), _FLIPS)
    )


def _tiny(plane: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(cv2.resize(plane, _TINY, interpolation=cv2.INTER_AREA), (0, 0), 2), np.float32)


def _filled(
    plane: NDArray[np.uint8], top: int, bottom: int, zoom: float, flip: tuple[slice, slice]
) -> NDArray[np.float32]:
    """Draw the enlargement of the middle that would fill the frame; zoom 0 stretches it."""
    height, width = plane.shape
    middle = plane[top : height - bottom]
    middle = middle[flip]
    if zoom:
        scale = zoom * height / middle.shape[0]
        kept = max(2, round(width / scale))
        left = (width - kept) // 2
        rows = max(2, round(middle.shape[0] / zoom))
        first = (middle.shape[0] - rows) // 2
        middle = middle[first : first + rows, left : left + kept]
    return _tiny(np.ascontiguousarray(middle))


def _correlation(
    shown: list[NDArray[np.float32]], filled: list[NDArray[np.float32]], top: int, bottom: int, planes: Planes
) -> float:
    height = planes.shape[1]
    first = max(1, int(top / height * _TINY[1]) - 1)
    last = min(_TINY[1] - 1, int(np.ceil((height - bottom) / height * _TINY[1])) + 1)
    rows = np.r_[0:first, last : _TINY[1]]
    a = np.stack([one[rows] for one in shown])
    b = np.stack([one[rows] for one in filled])
    a -= a.mean(axis=(1, 2), keepdims=True)
    b -= b.mean(axis=(1, 2), keepdims=True)
    return float((a * b).sum() / max(1.0, np.sqrt((a * a).sum() * (b * b).sum())))
