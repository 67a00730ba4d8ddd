"""Motion and transitions: how a frame differs from its neighbours in time."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.pipeline.cues.confidence import ramp
from worker.pipeline.cues.difference import luma_difference

# Frames are compared at this width: enough to see an edge move, small enough for every frame.
WIDTH_PX = 160

# Mean difference per 0.1 s, as a share of contrast, at which stillness has fallen to 1/e.
MOTION_SCALE = 0.25
_REFERENCE_GAP_S = 0.1

# A fade or dissolve changes the picture by at least so many levels from the earlier frame to the later one.
MIN_TRANSITION_LEVELS = 4.0
# Share of the change that a straight blend of the neighbours leaves unexplained: below, it is a blend
# (1.0 at and below the first), above it is motion (0.0 at and above the second).
BLEND_RESIDUAL, MOTION_RESIDUAL = 0.2, 0.4
# In a fade, contrast changes by such a factor from end to end (0.0 at the first, 1.0 at the second)...
FADE_FACTOR = (1.15, 1.35)
# ... and brightness by the same factor, give or take this share.
FADE_TOLERANCE = 0.25
# Levels below which contrast and light are noise, and a ratio of two of them says nothing.
_MIN_FADE_LEVELS = 3.0
_BLACK, _WHITE = 0.0, 255.0
# How far along the blend a frame inside a transition may be.
_BLEND_RANGE = (0.2, 0.8)

Luma = NDArray[np.uint8]
"""(height, width) uint8."""


def stillness(luma: Luma, neighbours: list[tuple[Luma, float]]) -> float:
    """Measure how still things are: 1 where a frame equals its neighbours, towards 0 the faster they move.

    Args:
        luma: (height, width) uint8, about `WIDTH_PX` wide.
        neighbours: the frames before and after, where they exist, of the same shape; and how far away each
            is in seconds.

    Returns:
        0..1, by the neighbour that differs most; 1 where there is none.
    """
    worst = 0.0
    for other, gap_s in neighbours:
        # Far neighbours differ more; a long gap says little about this moment, so it is not scaled up.
        worst = max(worst, luma_difference(luma, other) * min(1.0, _REFERENCE_GAP_S / max(gap_s, 1e-6)))
    return math.exp(-worst / MOTION_SCALE)


def transition(before: Luma, luma: Luma, after: Luma) -> float:
    """Judge whether a frame is a blend of an earlier and a later one: 1 inside a fade or dissolve, else 0.

    In a transition b = (1 - k) a + k c for every pixel at once; moving things are not a blend of
    where they were and where they will be. So: fit k, and see what the fit leaves unexplained.

    A fade of a moving picture is no such blend; see `_fade`.

    Args:
        before: (height, width) uint8, full range, about a third of a second earlier.
        luma: the frame in question.
        after: about a third of a second later.

    Returns:
        A confidence, 0..1.
    """
    return max(_blend(before, luma, after), _fade(before, luma, after))


def _blend(before: Luma, luma: Luma, after: Luma) -> float:
    a, b, c = (plane.astype(np.float32) for plane in (before, luma, after))
    change, progress = c - a, b - a
    change_levels = float(np.abs(change).mean())
    if change_levels < MIN_TRANSITION_LEVELS:
        return 0.0
    # Least squares of b - a = k (c - a), over all pixels.
    k = float((progress * change).sum() / (change * change).sum())
    if not _BLEND_RANGE[0] < k < _BLEND_RANGE[1]:
        return 0.0
    residual = float(np.abs(progress - k * change).mean()) / change_levels
    return ramp(residual, MOTION_RESIDUAL, BLEND_RESIDUAL)


def _fade(before: Luma, luma: Luma, after: Luma) -> float:
    """Judge whether brightness and contrast grow or shrink together, as in a fade from or to black or white.

    Motion moves light about, but does not scale all of it by one factor.
    """
    (first, _), (contrast, _), (last, _) = levels = [
        _contrast_and_brightness(plane) for plane in (before, luma, after)
    ]
    # In a fade contrast only rises or only falls, so that of the frame between lies between.
    if not min(first, last) < contrast < max(first, last):
        return 0.0
    factor = max(first, last) / max(min(first, last), _MIN_FADE_LEVELS)
    low, high = min(levels), max(levels)
    for ground in (_BLACK, _WHITE):
        light = abs(high[1] - ground) / max(abs(low[1] - ground), _MIN_FADE_LEVELS)
        if abs(light / factor - 1) < FADE_TOLERANCE:
            return ramp(factor, *FADE_FACTOR)
    return 0.0


def _contrast_and_brightness(luma: Luma) -> tuple[float, float]:
    mean, deviation = cv2.meanStdDev(luma)
    return float(deviation[0, 0]), float(mean[0, 0])
