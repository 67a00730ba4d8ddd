"""A picker like Katna: moments of greatest change, not too dark or plain, the sharpest of each cluster.

Written from the description of keplerlab/katna (`Katna/frame_extractor.py`, `Katna/image_selector.py`,
`Katna/config.py`), whose thresholds it uses. Three differences: the sharpest frame is sought in its cluster,
as Katna says it does, where its code looks at the first frames of all; local entropy is counted over squares
instead of discs; and since Katna ranks nothing, the picks are in order of time.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tests.benchmarks.pickers.peer_frames import Bgr, Frame

WINDOW_FRAMES = 20
MIN_BRIGHTNESS, MAX_BRIGHTNESS, BRIGHTNESS_STEP = 10.0, 90.0, 2.0  # per cent; the step widens the range
MIN_ENTROPY, ENTROPY_STEP = 1.0, 0.5  # bits
ENTROPY_SIDE_PX = 11
KMEANS_TRIES = 10
KMEANS_STOP = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 300, 1e-4)


def pick(frames: Sequence[Frame], count: int) -> list[float]:
    """Return the moments of up to `count` keyframes in seconds."""
    candidates = _fit([frames[number] for number in _greatest_changes([bgr for _, bgr in frames])], count)
    if len(candidates) < count:
        return [time_s for time_s, _ in candidates]
    greys = [cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY) for _, bgr in candidates]
    histograms = np.array([np.bincount(grey.ravel(), minlength=256) for grey in greys], np.float32)
    cv2.setRNGSeed(0)
    _, labels, _ = cv2.kmeans(histograms, count, None, KMEANS_STOP, KMEANS_TRIES, cv2.KMEANS_PP_CENTERS)
    sharpness = np.array([cv2.Laplacian(grey, cv2.CV_64F).var() for grey in greys])
    members = [np.flatnonzero(labels.ravel() == cluster) for cluster in range(count)]
    return sorted(candidates[found[sharpness[found].argmax()]][0] for found in members if len(found))


def _greatest_changes(pictures: Sequence[Bgr]) -> list[int]:
    """Return the frames just before the smoothed difference between frames is at a local maximum."""
    luv = [cv2.cvtColor(bgr, cv2.COLOR_BGR2LUV) for bgr in pictures]
    change = np.array([cv2.norm(a, b, cv2.NORM_L1) for a, b in pairwise(luv)])
    if len(change) < WINDOW_FRAMES:
        return []
    # The signal goes on mirrored about its ends, so that they are no maxima of their own.
    longer = np.pad(change, WINDOW_FRAMES // 2, mode="reflect", reflect_type="odd")
    window = np.hanning(WINDOW_FRAMES + 1)
    smooth = np.convolve(longer, window / window.sum(), mode="valid")
    middle = smooth[1:-1]
    return (np.flatnonzero((middle > smooth[:-2]) & (middle > smooth[2:])) + 1).tolist()


def _fit(candidates: Sequence[Frame], count: int) -> list[Frame]:
    """Return those within the range of brightness and entropy, widened until `count` are."""
    brightness = [
        float(cv2.cvtColor(bgr, cv2.COLOR_BGR2HSV)[..., 2].mean()) * 100 / 255 for _, bgr in candidates
    ]
    entropy = [_local_entropy(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)) for _, bgr in candidates]
    fit: list[Frame] = []
    for step in range(int(MIN_BRIGHTNESS / BRIGHTNESS_STEP) + 1):
        widened = step * BRIGHTNESS_STEP
        least_bits = max(0.0, MIN_ENTROPY - step * ENTROPY_STEP)
        fit = [
            candidate
            for candidate, light, bits in zip(candidates, brightness, entropy, strict=True)
            if MIN_BRIGHTNESS - widened < light < MAX_BRIGHTNESS + widened and bits > least_bits
        ]
        if len(fit) >= count:
            break
    return fit


def _local_entropy(grey: NDArray[np.uint8]) -> float:
    """Return the entropy of the grey levels around a pixel in bits, the mean over all pixels."""
    total = 0.0
    for level in np.unique(grey):
        share = cv2.blur((grey == level).astype(np.float32), (ENTROPY_SIDE_PX, ENTROPY_SIDE_PX))
        found = share[share > 0]
        total -= float((found * np.log2(found)).sum())
    return total / grey.size
