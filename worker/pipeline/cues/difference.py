"""How unlike two pictures are, in units of contrast: a dim or hazy video is compared as a bright one is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from worker.pipeline.cues.exposure import rms_contrast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from worker.pipeline.frames import Rgb

# Contrast assumed at least, in luma levels: below, what differs is the sensor's noise in the dark.
MIN_CONTRAST = 12.0

SAME_PICTURE = 0.5
"""Difference up to which two pictures show the same. Measured on real clips: 0.8 to 1.8 across cuts,
0.01 to 0.6 between frames 0.2 s apart."""

SAME_LOOK = 0.05
"""Difference up to which two frames are one picture but for their coding: of a still, or of a slide."""

# (width, height) at which looks are compared: a hand's tremble is no difference.
_LOOK_PX = (64, 36)


def luma_difference(luma: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Compare two frames pixel by pixel.

    Args:
        luma: (height, width) uint8.
        other: of the same shape.

    Returns:
        The mean absolute difference, as a share of the first one's contrast; 0 for equal frames.
    """
    return cv2.norm(luma, other, cv2.NORM_L1) / luma.size / max(rms_contrast(luma), MIN_CONTRAST)


def look_differences(pictures: Sequence[Rgb]) -> NDArray[np.float32]:
    """Compare n pictures with each other, as `look_difference` does two: (n, n), 0 for equal looks."""
    looks = np.stack([_look(rgb) for rgb in pictures])
    return np.stack([np.abs(looks - look).mean(axis=(1, 2)) for look in looks])


def look_difference(first: Rgb, second: Rgb) -> float:
    """Compare two pictures of any size at a glance.

    Returns:
        The mean absolute difference of their luma, each in units of its own contrast; 0 for equal looks.
    """
    return float(np.abs(_look(first) - _look(second)).mean())


def _look(rgb: Rgb) -> NDArray[np.float32]:
    """Shrink to luma at a glance: (36, 64) float32, in units of its contrast."""
    small = cv2.resize(rgb, _LOOK_PX, interpolation=cv2.INTER_AREA)
    luma = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.float32)
    return luma / max(float(luma.std()), MIN_CONTRAST)
