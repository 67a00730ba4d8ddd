"""How much real detail a picture has, at one fixed width and with noise taken out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from worker.pipeline.cues.confidence import ramp
from worker.pipeline.cues.exposure import rms_contrast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# Stills are compared at this width: the Laplacian's value depends on scale (24 to 154 for one picture).
WIDTH_PX = 320

# A sharp subject before a blurred background fills only part of the picture, so the sharpest blocks count.
BLOCKS_PER_SIDE = 8
BLOCK_QUANTILE = 0.9
# Rows of blocks from the top: below lie burnt-in captions, which are sharp whatever they lie on.
BLOCK_ROWS = 6

# The variance that white noise of variance 1 has after OpenCV's Laplacian [0 1 0; 1 -4 1; 0 1 0]: the sum of
# the kernel's squared weights, 4 * 1 + 16.
_LAPLACIAN_NOISE_GAIN = 20.0

# Contrast (as luma variance) below which dividing by it would only amplify noise.
_MIN_CONTRAST_VARIANCE = 100.0

# The most that a shot's sharpest frame is assumed to lack: a flat shot has no sharpness to compare with.
_MIN_SHARPEST = 1e-6

# What is sharp in this video: one frame in ten is sharper.
SHARP_QUANTILE = 0.9
# A shot whose sharpest frame has less than this share of that gets no marks, and all of them from the second
# share on. On trap videos, shots that are smeared as a whole have 0.1 to 0.4; clean ones of the softest
# footage (an old camera, a webcam) 0.3 to 0.4, a flower before a blurred ground 0.5, and dark ones no less
# than bright ones.
SMEARED_SHARE, SHARP_SHARE = 0.1, 0.4

# Immerkær's noise mask: the difference of two Laplacians, blind to edges of constant slope.
_NOISE_MASK = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


def noise_sigma(luma: NDArray[np.uint8]) -> float:
    """Estimate the standard deviation of white noise in a picture, in luma levels.

    The median of the mask's response is taken instead of the mean, so that texture counts less.

    Args:
        luma: (height, width) uint8.

    Source: Immerkær, Fast Noise Variance Estimation, CVIU 1996.
    """
    # Every fourth pixel says as much about the whole picture's noise.
    response = np.abs(cv2.filter2D(luma, cv2.CV_32F, _NOISE_MASK)[::2, ::2])
    # The mask multiplies white noise by 6; the median of a half-normal is 0.6745 sigma.
    return float(np.median(response)) / (6 * 0.6745)


def sharpness(luma: NDArray[np.uint8]) -> float:
    """Measure the detail of the sharpest part of a picture, 0..1.

    1. The variance of the Laplacian in each of 8x8 blocks, without what noise adds.
    2. The 0.9 quantile of the blocks above the lowest quarter, where captions lie: bokeh stays sharp, a
       blurred frame does not.
    3. Divided by contrast, so that a dim or hazy shot is not called blurred; squashed to 0..1.

    Args:
        luma: (height, width) uint8, full range; all pictures that are compared at one scale: what the
            scan keeps, about 320x180, or stills at `WIDTH_PX`.

    Source: variance of the Laplacian, Pech-Pacheco et al., ICPR 2000.
    """
    laplacian = cv2.Laplacian(luma, cv2.CV_32F)
    blocks = (BLOCKS_PER_SIDE, BLOCKS_PER_SIDE)
    # The mean of a Laplacian over a block is near 0, so its mean square is its variance.
    energy = cv2.resize(laplacian * laplacian, blocks, interpolation=cv2.INTER_AREA)[:BLOCK_ROWS]
    detail = float(np.quantile(energy, BLOCK_QUANTILE)) - _LAPLACIAN_NOISE_GAIN * noise_sigma(luma) ** 2
    variance = max(rms_contrast(luma) ** 2, _MIN_CONTRAST_VARIANCE)
    return math.tanh(math.sqrt(max(detail, 0.0) / variance))


def relative_sharpness(details: Sequence[float]) -> list[float]:
    """Compare the frames of one shot with the sharpest of them, which gets 1; the others get their share.

    Args:
        details: what `sharpness` measured of at least one frame.
    """
    sharpest = max(*details, _MIN_SHARPEST)
    return [detail / sharpest for detail in details]


def sharpness_in_video(details: Sequence[float], shares: Sequence[float]) -> list[float]:
    """Judge sharpness by the frame's own shot and, gently, that shot by the whole video.

    Against its own shot alone, a shot that is smeared as a whole would be as good as any.

    Args:
        details: what `sharpness` measured of a video's frames, of at least one.
        shares: of the same frames, what `relative_sharpness` made of them.

    Returns:
        0..1 for each frame; within a shot, in proportion to their shares.
    """
    sharp = max(float(np.quantile(details, SHARP_QUANTILE)), _MIN_SHARPEST)
    return [
        share * ramp(detail / max(share, _MIN_SHARPEST) / sharp, SMEARED_SHARE, SHARP_SHARE)
        for detail, share in zip(details, shares, strict=True)
    ]
