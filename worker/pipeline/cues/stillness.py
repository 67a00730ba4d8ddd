"""Motion and transitions: how a frame differs from its neighbours in time."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

# Frames are compared at this width: enough to see an edge move, small enough for every frame.
WIDTH_PX = 160

# Mean difference per 0.1 s, as a share of contrast, at which stillness has fallen to 1/e.
MOTION_SCALE = 0.25
_REFERENCE_GAP_S = 0.1

# Contrast (standard deviation of luma) assumed at least, so that noise in the dark is not motion.
_MIN_CONTRAST = 12.0

# A fade or dissolve changes the picture by at least so many levels over the compared span.
MIN_TRANSITION_LEVELS = 4.0
# Share of the change that a straight blend of the neighbours leaves unexplained: below, it is a blend
# (1.0 at and below the first), above it is motion (0.0 at and above the second).
BLEND_RESIDUAL, MOTION_RESIDUAL = 0.2, 0.4
# In a fade, contrast changes by such a factor over the span (0.0 at the first, 1.0 at the second)...
FADE_FACTOR = (1.15, 1.35)
# ... and brightness by the same factor, give or take this share.
FADE_TOLERANCE = 0.25
_MIN_FADE_CONTRAST = 3.0
# How far along the blend a frame inside a transition may be.
_BLEND_RANGE = (0.2, 0.8)

Luma = NDArray[np.uint8]


def stillness(luma: Luma, neighbours: list[tuple[Luma, float]]) -> float:
    """1 where a frame equals its neighbours, towards 0 the faster things move; 1 with no neighbour.

    Args:
        luma: (height, width) uint8.
        neighbours: the frames before and after, where they exist, and how far away each is in seconds.
    """
    contrast = max(float(cv2.meanStdDev(luma)[1][0, 0]), _MIN_CONTRAST)
    worst = 0.0
    for other, gap_s in neighbours:
        difference = cv2.norm(luma, other, cv2.NORM_L1) / luma.size
        # Far neighbours differ more; a long gap says little about this moment, so it is not scaled up.
        worst = max(worst, difference / contrast * min(1.0, _REFERENCE_GAP_S / max(gap_s, 1e-6)))
    return math.exp(-worst / MOTION_SCALE)


def transition(before: Luma, luma: Luma, after: Luma) -> float:
    """1 inside a fade or dissolve, 0 outside: is this frame a blend of an earlier and a later one?

    In a transition b = (1 - k) a + k c for every pixel at once; moving things are not a blend of
    where they were and where they will be. So: fit k, and see what the fit leaves unexplained.

    A fade of a moving picture is no such blend; see `_fade`.

    Args:
        before: (height, width) uint8, full range, about a third of a second earlier.
        luma: the frame in question.
        after: about a third of a second later.
    """
    return max(_blend(before, luma, after), _fade(before, luma, after))


def _blend(before: Luma, luma: Luma, after: Luma) -> float:
    a, b, c = (plane.astype(np.float32) for plane in (before, luma, after))
    change, progress = c - a, b - a
    change_levels = float(np.abs(change).mean())
    if change_levels < MIN_TRANSITION_LEVELS:
        return 0.0
    k = float((progress * change).sum() / (change * change).sum())
    if not _BLEND_RANGE[0] < k < _BLEND_RANGE[1]:
        return 0.0
    residual = float(np.abs(progress - k * change).mean()) / change_levels
    return min(1.0, max(0.0, (MOTION_RESIDUAL - residual) / (MOTION_RESIDUAL - BLEND_RESIDUAL)))


def _fade(before: Luma, luma: Luma, after: Luma) -> float:
    """1 where brightness and contrast grow or shrink together, as in a fade from or to black or white.

    Motion moves light about, but does not scale all of it by one factor.
    """
    (first, _), (contrast, _), (last, _) = levels = [
        _contrast_and_brightness(p) for p in (before, luma, after)
    ]
    if not min(first, last) < contrast < max(first, last):
        return 0.0
    factor = max(first, last) / max(min(first, last), _MIN_FADE_CONTRAST)
    low, high = min(levels), max(levels)
    for ground in (0.0, 255.0):  # black, white
        light = abs(high[1] - ground) / max(abs(low[1] - ground), _MIN_FADE_CONTRAST)
        if abs(light / factor - 1) < FADE_TOLERANCE:
            return min(1.0, max(0.0, (factor - FADE_FACTOR[0]) / (FADE_FACTOR[1] - FADE_FACTOR[0])))
    return 0.0


def _contrast_and_brightness(luma: Luma) -> tuple[float, float]:
    mean, deviation = cv2.meanStdDev(luma)
    return float(deviation[0, 0]), float(mean[0, 0])
