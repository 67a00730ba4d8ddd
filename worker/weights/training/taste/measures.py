"""How well scores agree with an editor's order: pairs, and the place of the first; with intervals.

Frames that the editor calls alike make no pair, and share the places that they take together. Scores that
are alike count half of each pair, and all of them share the first place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FEW = 3  #: places at either end of the order that count as "among the best" and "among the worst"
RESAMPLES = 4000
CONFIDENCE = 0.95


class VideoMeasures(NamedTuple):
    """What was measured of one video."""

    right: float  #: pairs in the editor's order, ties half
    pairs: float  #: pairs of which the editor prefers one
    first_is_best: float  #: 0..1, and so the following
    first_in_best: float
    first_in_worst: float


class Estimate(NamedTuple):
    """A share, 0..1, or a difference of two, and its 95 % interval by bootstrap over videos."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.1%} ({100 * self.low:.0f}-{100 * self.high:.0f})"


class SetMeasures(NamedTuple):
    """What was measured of many videos."""

    videos: int
    pairs: int
    pairs_right: Estimate
    first_is_best: Estimate
    first_in_best: Estimate
    first_in_worst: Estimate


def measure(ranks: NDArray[np.int64], scores: NDArray[np.floating]) -> VideoMeasures:
    """Compare the scores of one video's frames with the editor's order.

    Args:
        ranks: (n,) 0 is the best.
        scores: (n,) higher is better.
    """
    better = ranks[:, None] < ranks
    ahead = scores[:, None] - scores
    right = float((better & (ahead > 0)).sum()) + float((better & (ahead == 0)).sum()) / 2
    is_first = scores == scores.max()
    return VideoMeasures(
        right,
        float(better.sum()),
        float((ranks[is_first] == ranks.min()).mean()),
        float(share_of_places(ranks, FEW)[is_first].mean()),
        float(share_of_places(-ranks, FEW)[is_first].mean()),
    )


def figures(measured: Sequence[VideoMeasures]) -> SetMeasures:
    """Sum up videos: pairs over all of them, and the means of the rest.

    Args:
        measured: of at least one video.
    """
    table = np.array(measured, np.float64)
    counts = _resampled_counts(len(table))
    return SetMeasures(
        len(table),
        int(table[:, 1].sum()),
        _figure(table[:, 0], table[:, 1], counts),
        *(_figure(column, np.ones(len(table)), counts) for column in table[:, 2:].T),
    )


def lead(ours: Sequence[VideoMeasures], theirs: Sequence[VideoMeasures]) -> Estimate:
    """Compare the shares of pairs of two judges on the same videos: ours minus theirs."""
    a, b = np.array(ours, np.float64), np.array(theirs, np.float64)
    return _figure(a[:, 0] - b[:, 0], a[:, 1], _resampled_counts(len(a)))


def first_wins(
    ranks: Sequence[NDArray[np.int64]],
    ours: Sequence[NDArray[np.floating]],
    theirs: Sequence[NDArray[np.floating]],
) -> Estimate:
    """Count the videos in which our first is preferred to their first; 1/2 where they are alike.

    Args:
        ranks: of each video, (n,) 0 is the best.
        ours: of each video, (n,) scores; of equal ones all are first in turn.
        theirs: the same.
    """
    won = [
        float((np.sign(rank[b == b.max()][None] - rank[a == a.max()][:, None]) / 2 + 0.5).mean())
        for rank, a, b in zip(ranks, ours, theirs, strict=True)
    ]
    return _figure(np.array(won), np.ones(len(won)), _resampled_counts(len(won)))


def share(parts: Sequence[float], of: Sequence[float]) -> Estimate:
    """Compute a share over videos: the sum of parts over the sum of wholes.

    Args:
        parts: of each video.
        of: of each video.
    """
    return _figure(np.array(parts, np.float64), np.array(of, np.float64), _resampled_counts(len(parts)))


def share_of_places(ranks: NDArray[np.int64], few: int = FEW) -> NDArray[np.float64]:
    """Compute how much of the first few places belongs to each frame, 0..1: those alike share theirs.

    Where a video has too few frames for that many places at both ends, half of them count.
    """
    few = min(few, len(ranks) // 2)
    before = (ranks[:, None] > ranks).sum(axis=1)
    alike = (ranks[:, None] == ranks).sum(axis=1)
    return np.asarray(np.clip((few - before) / alike, 0.0, 1.0), np.float64)


def _resampled_counts(videos: int) -> NDArray[np.int64]:
    """Draw videos with replacement: (RESAMPLES, videos) how often each is in; always the same draws."""
    return np.random.default_rng(0).multinomial(videos, np.full(videos, 1 / videos), RESAMPLES)


def _figure(parts: NDArray[np.float64], of: NDArray[np.float64], counts: NDArray[np.int64]) -> Estimate:
    shares = (counts @ parts) / np.maximum(counts @ of, 1)
    low, high = np.quantile(shares, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(float(parts.sum() / max(of.sum(), 1)), float(low), float(high))
