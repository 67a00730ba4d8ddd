"""Patterns that no camera makes: test pictures, title cards, the blocks of a coding that broke."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from worker.pipeline.frames import Rgb

# Blocks of this size are flat, textured or full of edges.
BLOCK_PX = 8
FLAT_DEVIATION = 1.5
EDGE_DEVIATION = 24.0

# A card is mostly flat, and where it is not, it is full of edges; a person before a plain wall has
# soft shading too.
CARD_FLAT_SHARE = (0.5, 0.65)
CARD_EDGE_SHARE = (0.4, 0.6)
CARD_MIN_EDGES = 0.006

# Light without grain or detail (mean of the Laplacian) over most of the picture is drawn too, whatever
# its edges: a logo on a shaded ground has 0.82 and more, a person before a bare wall 0.69.
SMOOTH_LAPLACIAN = 1.5
LIT_LEVEL = 24  # night is smooth too
DRAWN_SHARE = (0.70, 0.80)

# Edges that stand alone and at even distances, both across and down: how many times as strong they are as
# those between. Footage has 2.7 at most, starved coding (CRF 44) 3, a broken one 2.8 to 9.
BLOCK_PERIODS_PX = range(4, 17)
BLOCK_RATIO = (2.3, 3.3)
_STRONGEST_EDGE = 4.0  # of the mean: one post in the picture is no grid
_STRONGEST_STEP = 16  # levels; the edges of letters are stronger than those of blocks, and would hide them
_MIN_EDGE_LEVELS = 0.1
_MIN_GRID_PX = 64  # four blocks of the largest kind

# Colour bars: so many strong edges at least, in this part of the height; above it may be the edge of a black
# bar, and below it SMPTE bars change.
BARS_MIN_EDGES = 5
BARS_HEIGHT = (0.05, 0.6)
BARS_EDGE_LEVELS = 12.0
# Spread of levels within a column, for nine columns of ten; filmed stripes have grain, text has edges.
BARS_COLUMN_DEVIATION = (12.0, 5.0)
COLUMN_QUANTILE = 0.9


def _ramp(value: float, zero_at: float, one_at: float) -> float:
    return float(np.clip((value - zero_at) / (one_at - zero_at), 0.0, 1.0))


def title_card(luma: NDArray[np.uint8]) -> float:
    """1 for text or a logo on flat or evenly shaded ground, 0 for a filmed scene.

    Args:
        luma: (height, width) uint8.
    """
    plane = luma.astype(np.float32)
    size = (max(1, luma.shape[1] // BLOCK_PX), max(1, luma.shape[0] // BLOCK_PX))
    mean = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    square = cv2.resize(plane * plane, size, interpolation=cv2.INTER_AREA)
    deviation = np.sqrt(np.maximum(square - mean * mean, 0.0))
    flat = float((deviation < FLAT_DEVIATION).mean())
    edged = float((deviation > EDGE_DEVIATION).mean())
    laplacian = cv2.resize(np.abs(cv2.Laplacian(plane, cv2.CV_32F)), size, interpolation=cv2.INTER_AREA)
    drawn = _ramp(float(((laplacian < SMOOTH_LAPLACIAN) & (mean > LIT_LEVEL)).mean()), *DRAWN_SHARE)
    if edged < CARD_MIN_EDGES:
        return drawn
    return max(drawn, _ramp(flat, *CARD_FLAT_SHARE) * _ramp(edged / (1.0 - flat), *CARD_EDGE_SHARE))


def color_bars(rgb: Rgb) -> float:
    """1 for vertical bars of flat colour (SMPTE, EBU), 0 otherwise.

    Args:
        rgb: (height, width, 3) uint8 RGB.
    """
    first, last = (int(share * rgb.shape[0]) for share in BARS_HEIGHT)
    upper = rgb[first : max(first + 2, last)].astype(np.float32)
    profile = upper.mean(axis=0)
    jumps = np.abs(np.diff(profile, axis=0)).max(axis=1) > BARS_EDGE_LEVELS
    # A blurred edge spans several columns: count the runs.
    edges = int(np.count_nonzero(np.diff(jumps.astype(np.int8)) == 1))
    if edges < BARS_MIN_EDGES:
        return 0.0
    deviation = float(np.quantile(upper.std(axis=0).max(axis=1), COLUMN_QUANTILE))
    return _ramp(deviation, *BARS_COLUMN_DEVIATION)


def blockiness(luma: NDArray[np.uint8]) -> float:
    """1 for a picture in coarse blocks, 0 for one without.

    Args:
        luma: (height, width) uint8.
    """
    if min(luma.shape) < _MIN_GRID_PX:
        return 0.0
    across, down = _grid_strength(luma), _grid_strength(np.ascontiguousarray(luma.T))
    return _ramp(float(np.minimum(across, down).max()), *BLOCK_RATIO)


def _grid_strength(luma: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(periods,) how far the vertical edges of the best grid of each period outdo the others."""
    steps = cv2.absdiff(luma[:, 1:], luma[:, :-1])
    alone = cv2.subtract(steps[:, 1:-1], cv2.max(steps[:, :-2], steps[:, 2:]))
    alone = np.minimum(alone, _STRONGEST_STEP)
    edges = np.asarray(cv2.reduce(alone, 0, cv2.REDUCE_AVG, dtype=cv2.CV_64F)).ravel()
    edges = np.minimum(edges, _STRONGEST_EDGE * float(edges.mean()))
    grids = _grids(edges.size)
    inside, count = grids @ edges, grids.sum(axis=1)
    between = (edges.sum() - inside) / (edges.size - count)
    ratio = inside / count / np.maximum(between, _MIN_EDGE_LEVELS)
    first = np.cumsum([0, *BLOCK_PERIODS_PX[:-1]])
    return np.asarray(np.maximum.reduceat(ratio, first), np.float64)


@cache
def _grids(length: int) -> NDArray[np.float64]:
    """(grids, length) 1 where a grid has its edges: every period in every phase."""
    places = np.arange(length)
    return np.array(
        [places % period == phase for period in BLOCK_PERIODS_PX for phase in range(period)], np.float64
    )
