"""Pictures that somebody drew rather than filmed: test patterns and title cards."""

from __future__ import annotations

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

# Colour bars: this part of the height (SMPTE bars change below it), this many strong edges at least.
BARS_HEIGHT_SHARE = 0.6
BARS_MIN_EDGES = 5
BARS_EDGE_LEVELS = 12.0
# Spread of levels within a column, for nine columns of ten; filmed stripes have grain, text has edges.
BARS_COLUMN_DEVIATION = (12.0, 5.0)
COLUMN_QUANTILE = 0.9


def _ramp(value: float, zero_at: float, one_at: float) -> float:
    return float(np.clip((value - zero_at) / (one_at - zero_at), 0.0, 1.0))


def title_card(luma: NDArray[np.uint8]) -> float:
    """1 for text or a logo on flat ground, 0 for a filmed scene.

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
    if edged < CARD_MIN_EDGES:
        return 0.0
    return _ramp(flat, *CARD_FLAT_SHARE) * _ramp(edged / (1.0 - flat), *CARD_EDGE_SHARE)


def color_bars(rgb: Rgb) -> float:
    """1 for vertical bars of flat colour (SMPTE, EBU), 0 otherwise.

    Args:
        rgb: (height, width, 3) uint8 RGB.
    """
    upper = rgb[: max(2, int(rgb.shape[0] * BARS_HEIGHT_SHARE))].astype(np.float32)
    profile = upper.mean(axis=0)
    jumps = np.abs(np.diff(profile, axis=0)).max(axis=1) > BARS_EDGE_LEVELS
    # A blurred edge spans several columns: count the runs.
    edges = int(np.count_nonzero(np.diff(jumps.astype(np.int8)) == 1))
    if edges < BARS_MIN_EDGES:
        return 0.0
    deviation = float(np.quantile(upper.std(axis=0).max(axis=1), COLUMN_QUANTILE))
    return _ramp(deviation, *BARS_COLUMN_DEVIATION)
