"""Patterns that no camera makes: test pictures, title cards, the blocks of a coding that broke."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from worker.pipeline.cues.confidence import ramp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from worker.pipeline.frames import Rgb

# Pairs below are the levels at which a confidence is 0 and 1. They were set on drawn cards and on real clips,
# and stand between the two.

# Blocks of this size are flat, textured or full of edges, by the standard deviation of their luma in levels.
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

# Lines of writing, however dim: most blocks are flat; of the others so many have edges (footage that fades
# has 0.29 at most, dim letters 0.44 and more); and so many rows have some (captions 0.14, twelve lines 0.32).
# Where fewer pixels than this are at few levels, it need not be looked for.
WRITTEN_UNIFORMITY = 0.9
WRITTEN_FLAT_SHARE = (0.7, 0.8)
DIM_EDGE_DEVIATION = 4.0
WRITTEN_EDGE_SHARE = (0.3, 0.44)
WRITTEN_ROWS = (0.18, 0.28)

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


def title_card_confidence(luma: NDArray[np.uint8]) -> float:
    """Judge whether a picture is text or a logo on flat or evenly shaded ground.

    Args:
        luma: (height, width) uint8.

    Returns:
        A confidence: 1 for a card, 0 for a filmed scene.
    """
    plane = luma.astype(np.float32)
    mean, deviation = _blocks(plane)
    flat = float((deviation < FLAT_DEVIATION).mean())
    edged = float((deviation > EDGE_DEVIATION).mean())
    laplacian = cv2.resize(
        np.abs(cv2.Laplacian(plane, cv2.CV_32F)), mean.shape[::-1], interpolation=cv2.INTER_AREA
    )
    drawn = ramp(float(((laplacian < SMOOTH_LAPLACIAN) & (mean > LIT_LEVEL)).mean()), *DRAWN_SHARE)
    if edged < CARD_MIN_EDGES:
        return drawn
    return max(drawn, ramp(flat, *CARD_FLAT_SHARE) * ramp(edged / (1.0 - flat), *CARD_EDGE_SHARE))


def writing_confidence(luma: NDArray[np.uint8]) -> float:
    """Judge whether many lines are written or drawn on flat ground, as in an editor, a terminal or a table.

    Args:
        luma: (height, width) uint8.

    Returns:
        A confidence: 1 for a page or a screen, however dim, 0 for a scene, a black frame or a caption.
    """
    _, deviation = _blocks(luma.astype(np.float32))
    flat, edged = deviation < FLAT_DEVIATION, deviation > DIM_EDGE_DEVIATION
    share = float(edged.sum() / max(1, (~flat).sum()))
    return min(
        ramp(float(flat.mean()), *WRITTEN_FLAT_SHARE),
        ramp(share, *WRITTEN_EDGE_SHARE),
        ramp(float(edged.any(axis=1).mean()), *WRITTEN_ROWS),
    )


def _blocks(plane: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Measure the mean and the standard deviation of each block of `BLOCK_PX`."""
    size = (max(1, plane.shape[1] // BLOCK_PX), max(1, plane.shape[0] // BLOCK_PX))
    # An area filter gives each block's mean, so variance = E[x^2] - E[x]^2; rounding may make it negative.
    mean = np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)
    square = cv2.resize(plane * plane, size, interpolation=cv2.INTER_AREA)
    return mean, np.sqrt(np.maximum(square - mean * mean, 0.0))


def color_bars_confidence(rgb: Rgb) -> float:
    """Judge whether a picture is a test pattern: vertical bars of flat colour (SMPTE RP 219, EBU Tech 3325).

    Args:
        rgb: (height, width, 3) uint8 RGB.

    Returns:
        A confidence: 1 for bars, 0 for anything else.
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
    return ramp(deviation, *BARS_COLUMN_DEVIATION)


def blockiness(luma: NDArray[np.uint8]) -> float:
    """Judge whether a picture is in coarse blocks, as broken or starved coding leaves it.

    Both the vertical and the horizontal edges must lie on a grid of one period, in whatever phase: a fence
    or a page of text has a grid one way only.

    Args:
        luma: (height, width) uint8.

    Returns:
        A confidence: 1 for coarse blocks, 0 for a picture without, or one too small to tell.
    """
    if min(luma.shape) < _MIN_GRID_PX:
        return 0.0
    across, down = _grid_strength(luma), _grid_strength(np.ascontiguousarray(luma.T))
    return ramp(float(np.minimum(across, down).max()), *BLOCK_RATIO)


def _grid_strength(luma: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Measure how far the vertical edges of the best grid of each period outdo the others.

    Returns:
        (periods,) ratio of the mean edge on the grid to the mean edge between, for `BLOCK_PERIODS_PX`.
    """
    steps = cv2.absdiff(luma[:, 1:], luma[:, :-1])
    # Only what a step has over both of its neighbours: edges of things are spread over several pixels, those
    # of blocks are one pixel wide. cv2.subtract stops at 0.
    alone = cv2.subtract(steps[:, 1:-1], cv2.max(steps[:, :-2], steps[:, 2:]))
    alone = np.minimum(alone, _STRONGEST_STEP)
    edges = np.asarray(cv2.reduce(alone, 0, cv2.REDUCE_AVG, dtype=cv2.CV_64F)).ravel()
    edges = np.minimum(edges, _STRONGEST_EDGE * float(edges.mean()))
    grids = _grids(edges.size)
    inside, count = grids @ edges, grids.sum(axis=1)
    between = (edges.sum() - inside) / (edges.size - count)
    ratio = inside / count / np.maximum(between, _MIN_EDGE_LEVELS)
    # Grids are in order of period, and a period has as many phases as pixels: the first row of each period.
    first = np.cumsum([0, *BLOCK_PERIODS_PX[:-1]])
    return np.asarray(np.maximum.reduceat(ratio, first), np.float64)


@cache
def _grids(length: int) -> NDArray[np.float64]:
    """Make every grid, period by period and phase by phase: (grids, length), 1 where it has its edges."""
    places = np.arange(length)
    return np.array(
        [places % period == phase for period in BLOCK_PERIODS_PX for phase in range(period)], np.float64
    )
