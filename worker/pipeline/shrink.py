"""Makes pictures smaller, for models that see small ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from worker.pipeline.frames import Rgb


def shrink(rgb: Rgb, scale: float) -> Rgb:
    """Scale a picture down; each pixel is the mean of what it covers.

    Args:
        rgb: (height, width, 3) uint8.
        scale: of its width and height; from 1 on, the picture stays as it is.

    Returns:
        (height, width, 3) uint8, each side at least 1.
    """
    if scale >= 1.0:
        return rgb
    height, width = rgb.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
