"""Areas that a decoder filled in because it had nothing to show there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from worker.pipeline.cues.confidence import ramp

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Memory that nothing was decoded into is all zeros, which shows as green; nothing filmed or drawn is so.
NOTHING = 0
NOTHING_SHARE = (0.01, 0.03)
# A reference that is missing is taken to be all half scale (`generate_missing_ref` in FFmpeg's HEVC decoder,
# the like in others). A drawn grey can be that by chance, so it must cover more of the picture.
HALF_SCALE = 128
HALF_SCALE_SHARE = (0.1, 0.3)

# A level that is met by chance is not met by all of so many pixels each way.
_PATCH_PX = 5


def decoder_fill(luma: NDArray[np.uint8], chroma: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> float:
    """Judge whether a large part of a frame was filled in by the decoder.

    Args:
        luma: (height, width) uint8, in the range as coded.
        chroma: U and V of the same frame, at half of its size.

    Returns:
        A confidence: 1 where so much is exactly Y = U = V = 0, or exactly half scale, without any texture.
    """
    return max(
        _confidence(luma, chroma, NOTHING, NOTHING_SHARE),
        _confidence(luma, chroma, HALF_SCALE, HALF_SCALE_SHARE),
    )


def _confidence(
    luma: NDArray[np.uint8],
    chroma: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    level: int,
    shares: tuple[float, float],
) -> float:
    """Judge by how much of a picture is this level in every plane, and so are its surroundings."""
    filled = cv2.bitwise_and(*(cv2.inRange(plane, level, level) for plane in chroma))
    if cv2.countNonZero(filled) <= shares[0] * filled.size:
        return 0.0
    half = cv2.resize(luma, filled.shape[::-1], interpolation=cv2.INTER_NEAREST)
    filled = cv2.bitwise_and(filled, cv2.inRange(half, level, level))
    patch = np.ones((_PATCH_PX, _PATCH_PX), np.uint8)
    return ramp(cv2.countNonZero(cv2.erode(filled, patch)) / filled.size, *shares)
