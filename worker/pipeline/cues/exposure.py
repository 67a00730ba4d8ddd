"""Light and flatness of a picture: black, white, blank."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Full-range luma at which detail is lost in print and on screen.
CRUSHED_LEVEL = 12
BLOWN_LEVEL = 247

# Share of the 256 levels that counts as "few": hecate's uniformity measure (yahoo/hecate, Apache-2.0).
COMMON_LEVELS = 13

# The brightest pixels count for contrast as if they were no brighter than the others: on a black frame, a
# caption or a sender's sign is no picture, and takes about so much of it.
SIGN_SHARE = 0.03

_LEVELS = np.arange(256.0)
_HALF_RANGE = 127.5


class Exposure(NamedTuple):
    """How light is spread over a picture. All in 0..1."""

    brightness: float  #: mean luma
    contrast: float  #: standard deviation of luma, without small bright signs; 1 = half black, half white
    clipped: float  #: share of pixels crushed to black or blown to white
    uniformity: float  #: share of pixels in the few commonest levels


def rms_contrast(luma: NDArray[np.uint8]) -> float:
    """Measure contrast as the standard deviation of luma, in levels: 0 for one flat grey, 127.5 at most.

    Args:
        luma: (height, width) uint8.

    Source: Peli, Contrast in complex images, JOSA A 1990.
    """
    return float(cv2.meanStdDev(luma)[1][0, 0])


def exposure(luma: NDArray[np.uint8]) -> Exposure:
    """Measure light and flatness.

    Args:
        luma: (height, width) uint8, full range.

    Source of `uniformity`: hecate (yahoo/hecate, Apache-2.0), Song et al., CIKM 2016.
    """
    counts = cv2.calcHist([luma], [0], None, [256], [0, 256]).ravel().astype(np.float64) / luma.size
    return Exposure(
        brightness=float(counts @ _LEVELS) / 255,
        contrast=_deviation(counts) / _HALF_RANGE,
        clipped=float(counts[:CRUSHED_LEVEL].sum() + counts[BLOWN_LEVEL + 1 :].sum()),
        uniformity=float(np.sort(counts)[-COMMON_LEVELS:].sum()),
    )


def _deviation(counts: NDArray[np.float64]) -> float:
    """Compute the standard deviation of luma, its brightest pixels brought down to the rest.

    Args:
        counts: (256,) share of pixels at each level.
    """
    top = np.searchsorted(np.cumsum(counts), 1.0 - SIGN_SHARE)
    levels = np.minimum(_LEVELS, top)
    mean = float(counts @ levels)
    return float(np.sqrt(counts @ (levels - mean) ** 2))
