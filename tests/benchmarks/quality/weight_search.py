"""Searches for weights by which frames come in the order of editors, and good frames before bad ones.

A frame's score is a weighted sum of its parts. What is minimized is the logistic loss over pairs of frames of
which one is better (RankNet, Burges et al. 2005): its mean over judged videos, and, so many times as asked
for, its mean over trap videos. No weight becomes negative: a part that would like to says nothing here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from tests.benchmarks.quality.seen_videos import ScoringVariant
from worker.pipeline.scoring.ranking import DEFAULT_WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from tests.benchmarks.quality.seen_videos import SeenVideo

# Neither set has titles.
PARTS = tuple(name for name in DEFAULT_WEIGHTS._fields if name != "relevance")

STEPS = 200
# Keeps a part that says nothing from a weight by chance. In units of the loss, which is 0.69 for a coin toss.
PULL = 0.001
NOTHING = 0.01  #: of the largest weight; less is none


class Compared(NamedTuple):
    """Parts of the frames of one video, each for a weight of 1, and which frames are better than which."""

    parts: NDArray[np.float64]  #: (frames, PARTS)
    ranks: NDArray[np.int64]  #: (frames,) 0 is the best; those of one rank are not compared

    def ahead(self) -> NDArray[np.float64]:
        """By how much the better frame leads in each part: (pairs, PARTS)."""
        better, worse = np.nonzero(self.ranks[:, None] < self.ranks)
        return np.asarray(self.parts[better] - self.parts[worse], np.float64)

    def scores(self, weights: Mapping[str, float]) -> NDArray[np.float64]:
        """Score the frames: (frames,)."""
        return np.asarray(self.parts @ [weights.get(name, 0.0) for name in PARTS], np.float64)


def compared_parts(parts: Mapping[str, NDArray[np.float64]], ranks: NDArray[np.int64]) -> Compared:
    """Take the present weights out of the parts of a video's scores; a part that it lacks says nothing."""
    now = DEFAULT_WEIGHTS._asdict()
    absent = np.zeros(len(ranks))
    columns = [parts[name] / now[name] if name in parts and now[name] else absent for name in PARTS]
    return Compared(np.stack(columns, axis=1), ranks)


def compared_traps(video: SeenVideo) -> Compared:
    """Compare the good candidates of a trap video with the bad ones; of those that pass the gates."""
    among = video.past(frozenset())
    scored = video.scored(ScoringVariant(), among)
    parts = {name: np.array([one.parts.get(name, 0.0) for one in scored]) for name in PARTS}
    return compared_parts(parts, np.array([bool(video.kinds[index]) for index in among], np.int64))


def search(
    judged: Sequence[Compared],
    traps: Sequence[Compared],
    traps_share: float = 1.0,
    without: frozenset[str] = frozenset(),
) -> dict[str, float]:
    """Find the weight of every part, in units of that of taste, or of the largest where taste says nothing.

    Args:
        judged: videos whose frames were put in order.
        traps: videos of which some frames are bad; those without such a pair say nothing.
        traps_share: so many times as much as the judged ones do the traps count.
        without: parts that get the weight 0.
    """
    groups = [(judged, 1.0), (traps, traps_share)]
    pairs = [
        (share / len(some), [torch.from_numpy(ahead) for ahead in some])
        for videos, share in groups
        if share and (some := [ahead for video in videos if len(ahead := video.ahead())])
    ]
    is_fitted = torch.tensor([name not in without for name in PARTS], dtype=torch.float64)
    roots = torch.full((len(PARTS),), 0.7, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([roots], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        weights = roots**2 * is_fitted  # never negative
        total = PULL * weights.square().sum()
        for share, every in pairs:
            total = total + share * sum(torch.nn.functional.softplus(-one @ weights).mean() for one in every)
        total.backward()
        return total

    optimizer.step(loss)
    weights = (roots.detach() ** 2 * is_fitted).numpy()
    weights[weights < NOTHING * weights.max()] = 0.0
    unit = weights[PARTS.index("taste")] or weights.max()
    return dict(zip(PARTS, (weights / unit).tolist(), strict=True))
