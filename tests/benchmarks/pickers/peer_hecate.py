"""A picker like hecate: drop poor frames and transitions, cluster the rest, take the stillest of each.

Written from the paper (arXiv 1609.01388) and the description of yahoo/hecate's unsupervised variant
(`src/hecate/video_parser.cpp`, `src/hecate/hecate_thumbnail.cpp`, `include/hecate/image_metrics.hpp`), whose
thresholds it uses. Unlike it, the first and the last frame have one neighbour to be still against, where
hecate calls them perfectly still, and long shots are left whole, for k-means to divide.
"""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tests.benchmarks.pickers.peer_frames import Bgr, Frame

    Grey = NDArray[np.uint8]

MAX_POOR_SHARE = 0.15  # of all frames, dropped at most for each of darkness, blur and uniformity
DARK, BLURRED, UNIFORM = 0.075, 0.08, 0.80
MAX_TRANSITION_SHARE = 0.10  # likewise, for each of two measures
CUT, EDGES_CHANGED = 0.50, 0.10
WINDOW_FRAMES = 4  # 0.15 s: the neighbours that are dropped too
MIN_SHOT_FRAMES = 6

GREY_BINS, TOP_BINS = 128, 6  # uniform is who has most in the largest 5 % of the bins
COLOR_BINS, EDGE_BINS = 128, 8
CANNY_RATIO = 1.2
EDGE_REACH_PX = 5

KEPT = 5  # thumbnails that it makes unless told
CLUSTERS = (5, 30)  # at least, at most
KMEANS_TRIES = 5
KMEANS_STOP = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 100, 1e-4)


def pick(frames: Sequence[Frame]) -> list[float]:
    """Return the moments of the thumbnails in seconds, best first, of frames 160 px long; five at most."""
    pictures = [bgr for _, bgr in frames]
    greys = [cv2.GaussianBlur(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), (3, 3), 0) for bgr in pictures]
    change = _change(pictures)
    dropped = _poor(pictures, greys) | _transition(change, greys)
    shots = _shots(~_widened(dropped))
    if not shots:
        return [frames[int(change.argmin())][0]]
    features = {number: _features(pictures[number], greys[number]) for shot in shots for number in shot}
    keyframes = _keyframes(shots, features, change)
    return [frames[number][0] for number in _ranked(keyframes, features, change)[:KEPT]]


def _change(pictures: Sequence[Bgr]) -> NDArray[np.float64]:
    """Say how much each frame differs from its neighbours."""
    steps = [cv2.norm(cv2.subtract(b, a)) / b[..., 0].size for a, b in pairwise(pictures)]
    back = [cv2.norm(cv2.subtract(a, b)) / a[..., 0].size for a, b in pairwise(pictures)]
    return np.array([*back[:1], *((a + b) / 2 for a, b in zip(steps, back[1:], strict=False)), *steps[-1:]])


def _poor(pictures: Sequence[Bgr], greys: Sequence[Grey]) -> NDArray[np.bool_]:
    luma = np.array([0.0722, 0.7152, 0.2126]) / 255
    brightness = np.array([float(bgr.mean(axis=(0, 1)) @ luma) for bgr in pictures])
    sharpness = np.array([_sharpness(grey) for grey in greys])
    uniformity = np.array([_uniformity(grey) for grey in greys])
    return (
        _worst(-brightness, -DARK, MAX_POOR_SHARE)
        | _worst(-sharpness, -BLURRED, MAX_POOR_SHARE)
        | _worst(uniformity, UNIFORM, MAX_POOR_SHARE)
    )


def _worst(badness: NDArray[np.float64], threshold: float, share: float) -> NDArray[np.bool_]:
    """Mark the worst frames that reach a threshold, but no more than a share of all."""
    most = int(share * len(badness))
    worst = np.zeros(len(badness), np.bool_)
    worst[np.argsort(-badness, kind="stable")[:most]] = True
    return worst & (badness >= threshold)


def _sharpness(grey: Grey) -> float:
    unit = grey.astype(np.float32) / 255
    return float(cv2.magnitude(cv2.Sobel(unit, cv2.CV_32F, 1, 0), cv2.Sobel(unit, cv2.CV_32F, 0, 1)).mean())


def _uniformity(grey: Grey) -> float:
    counts = np.sort(np.bincount(grey.ravel() // (256 // GREY_BINS), minlength=GREY_BINS))
    return float(counts[-TOP_BINS:].sum() / counts.sum())


def _transition(change: NDArray[np.float64], greys: Sequence[Grey]) -> NDArray[np.bool_]:
    cut = _worst(change, CUT, MAX_TRANSITION_SHARE)
    return cut | _worst(_edge_change(greys), EDGES_CHANGED, MAX_TRANSITION_SHARE)


def _edge_change(greys: Sequence[Grey]) -> NDArray[np.float64]:
    """Return of each frame the share of edges that left or came since the one before."""
    edges = [_edges(grey) for grey in greys]
    reach = cv2.getStructuringElement(cv2.MORPH_CROSS, (2 * EDGE_REACH_PX + 1,) * 2)
    wide = [cv2.dilate(edge, reach) for edge in edges]
    ratios = [0.0]
    for old, new in pairwise(range(len(greys))):
        total = max(1, np.count_nonzero(edges[old]))
        left = 1 - np.count_nonzero(edges[old] & wide[new]) / total
        came = 1 - min(1.0, np.count_nonzero(wide[old] & edges[new]) / total)
        ratios.append(max(left, came))
    return np.array(ratios)


def _edges(grey: Grey) -> Grey:
    threshold, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return cv2.Canny(grey, threshold, CANNY_RATIO * threshold)


def _widened(dropped: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.convolve(dropped, np.ones(2 * WINDOW_FRAMES + 1), mode="same") > 0.5


def _shots(kept: NDArray[np.bool_]) -> list[list[int]]:
    """Return the runs of frames between what was dropped."""
    runs = [
        [number for number, _ in run]
        for is_kept, run in groupby(enumerate(kept), key=lambda x: x[1])
        if is_kept
    ]
    return [run for run in runs if len(run) >= MIN_SHOT_FRAMES]


def _features(bgr: Bgr, grey: Grey) -> NDArray[np.float32]:
    """Histograms of colors and edges, of the whole picture and of its quarters."""
    hsv = cv2.cvtColor(bgr, cv2.COLOR_BGR2HSV).astype(np.float32)
    across, down = cv2.Scharr(grey, cv2.CV_32F, 1, 0), cv2.Scharr(grey, cv2.CV_32F, 0, 1)
    length, angle = cv2.cartToPolar(across, down, angleInDegrees=True)
    planes = [*((plane, COLOR_BINS, 256.0) for plane in cv2.split(hsv))]
    planes += [(angle % 180, EDGE_BINS, 180.0), (length, EDGE_BINS, 256.0)]
    y, x = grey.shape[0] // 2, grey.shape[1] // 2
    patches = [np.s_[:, :], np.s_[:y, :x], np.s_[:y, x:], np.s_[y:, :x], np.s_[y:, x:]]
    histograms = [
        cv2.calcHist([np.ascontiguousarray(plane[patch])], [0], None, [bins], [0, top]).ravel()
        for patch in patches
        for plane, bins, top in planes
    ]
    return np.concatenate(
        [histogram / max(1.0, float(np.linalg.norm(histogram))) for histogram in histograms]
    )


def _keyframes(
    shots: Sequence[Sequence[int]],
    features: dict[int, NDArray[np.float32]],
    change: NDArray[np.float64],
) -> list[tuple[int, int]]:
    """Return the stillest frame of each part of a shot that looks alike, and the part's length in frames."""
    labels = dict(
        zip(features, _clusters(list(features.values()), min(len(features) // 2, len(shots))), strict=True)
    )
    parts = [list(part) for shot in shots for _, part in groupby(shot, key=labels.__getitem__)]
    return [(min(part, key=change.__getitem__), len(part)) for part in parts]


def _ranked(
    keyframes: Sequence[tuple[int, int]],
    features: dict[int, NDArray[np.float32]],
    change: NDArray[np.float64],
) -> list[int]:
    """Return the stillest keyframe of each cluster, by how many frames the cluster stands for."""
    if len(keyframes) <= KEPT:
        return [number for number, _ in sorted(keyframes, key=lambda keyframe: -keyframe[1])]
    fewest, most = CLUSTERS
    count = min(most, len(keyframes), max(fewest, KEPT))
    labels = _clusters([features[number] for number, _ in keyframes], count)
    members = [
        [one for one, label in zip(keyframes, labels, strict=True) if label == n] for n in range(count)
    ]
    members.sort(key=lambda cluster: -sum(length for _, length in cluster))
    return [min((number for number, _ in cluster), key=change.__getitem__) for cluster in members if cluster]


def _clusters(rows: Sequence[NDArray[np.float32]], count: int) -> list[int]:
    cv2.setRNGSeed(0)
    _, labels, _ = cv2.kmeans(
        np.array(rows, np.float32), count, None, KMEANS_STOP, KMEANS_TRIES, cv2.KMEANS_PP_CENTERS
    )
    return [int(label) for label in labels.ravel()]
