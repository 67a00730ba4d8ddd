"""How a picture meets the seam above it, over many frames; for other seams, turn the frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from worker.pipeline.cues.bars.seams import STEP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.pipeline.cues.bars.seams import Planes, SeamPair

# A bar is as flat as its coding leaves it: levels.
TOLERANCE = 8
# So little of a bar may differ where nothing lies on it.
CLEAN_SHARE = 0.04
NEAR_ROWS = 3
# The bar is clean beside the seam in so many frames: what always grows out of the picture is no subtitle.
_MIN_CLEAN_FRAMES = 0.4
# The picture differs from the bar along so much of the seam in one frame or another ...
_MIN_TOUCHED = 0.6
# ... and is no second flat ground, as below the heading of a slide: levels.
_MIN_SPREAD = 8
_MIN_SPREAD_MOVING = 5
# Where a seam needs more proof, the picture moves along so much of it, by so many levels.
_MIN_MOVING_SHARE = 0.5
MOVING = 4


@dataclass(frozen=True, slots=True)
class Edge:
    """The picture beside a seam, and the bar beside it."""

    touched: float  #: share of the seam's length that the picture reaches in one frame or another
    spread: float  #: of luma beside the seam, over its length and over time, in levels
    is_moving: bool  #: the picture changes along most of the seam
    is_clean: bool  #: in many frames nothing reaches from the picture into the bar


def are_of_picture(found: Sequence[Edge]) -> bool:
    """Tell whether a picture meets these seams, and no figure or page; at one of them it may be plain."""
    is_touched = all(edge.touched >= _MIN_TOUCHED for edge in found)
    least = _MIN_SPREAD_MOVING if all(edge.is_moving for edge in found) else _MIN_SPREAD
    return is_touched and max(edge.spread for edge in found) >= least


def edges(planes: Planes, pair: SeamPair) -> list[Edge]:
    """Look along the seams of a pair, in the frames that show it."""
    return [_edge(side, depth) for side, depth in sides(planes, pair)]


def sides(planes: Planes, pair: SeamPair) -> list[tuple[Planes, int]]:
    """List each seam that exists: the frames turned so that it is at the top, and its depth."""
    both = (planes, pair.top), (planes[:, ::-1], pair.bottom)
    return [(side, depth) for side, depth in both if depth]


def _edge(planes: Planes, depth: int) -> Edge:
    # The row at the seam may be part bar, part picture.
    last = max(1, depth - 1)
    near = planes[:, max(0, last - NEAR_ROWS) : last].astype(np.int16)
    inside = planes[:, depth + 1 : depth + 5].astype(np.int16)
    first = inside[:, 0]
    level = np.median(near, axis=(1, 2), keepdims=True)
    covered = (np.abs(near - level) > TOLERANCE).mean(axis=(1, 2))
    return Edge(
        touched=float((np.abs(first - near[:, -1]) > STEP).any(axis=0).mean()),
        spread=float(inside.std(axis=(0, 2)).min()),
        is_moving=bool((first.std(axis=0) >= MOVING).mean() >= _MIN_MOVING_SHARE),
        is_clean=bool((covered <= CLEAN_SHARE).mean() >= _MIN_CLEAN_FRAMES),
    )
