"""Searches for weights by which good frames outscore the bad ones that pass the gates.

A frame's score is a weighted sum of its parts. What is minimized is the mean over videos of the logistic loss over all pairs of a
good and a bad candidate (RankNet, Burges et al. 2005), with a pull towards the weights as they are: trap
videos know what is bad, but not which of two good frames an editor would take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from tests.benchmarks.quality.seen_videos import Judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.benchmarks.quality.seen_videos import SeenVideo

# What trap videos cannot tell: faces are planted nowhere, and there is no title.
NOT_FITTED = frozenset({"faces", "relevance"})

# What it costs to double or halve all weights, in units of the loss, which is 0.69 for a coin toss.
PULL = 0.1
STEPS = 100


def search(videos: Sequence[SeenVideo], pull: float = PULL) -> dict[str, float]:
    """Return, by the name of a part or a prompt pair, how many times as much as now it should count."""
    names = _fitted(videos[0])
    pairs = [found for video in videos if (found := _differences(video, names)) is not None]
    log_scale = torch.zeros(len(names), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([log_scale], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        # Scores have no unit: were all weights to grow together, nothing would be picked otherwise.
        centered = log_scale - log_scale.mean()
        ahead = [fitted @ torch.exp(centered) + rest for fitted, rest in pairs]
        total = torch.stack([torch.nn.functional.softplus(-one).mean() for one in ahead]).mean()
        total = total + pull * ((centered / np.log(2)) ** 2).mean()
        total.backward()
        return total

    optimizer.step(loss)
    centered = log_scale.detach() - log_scale.detach().mean()
    return dict(zip(names, torch.exp(centered).tolist(), strict=True))


def _fitted(video: SeenVideo) -> list[str]:
    parts = {name for one in video.scored(Judge(), range(len(video.candidates))) for name in one.parts}
    return sorted(parts - NOT_FITTED)


def _differences(video: SeenVideo, names: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Return by how much good candidates lead over bad ones: (pairs, names) in fitted parts, and the rest.

    In units of the spread of the video's scores; None where all candidates are good, or all bad.
    """
    among = video.past(frozenset())
    is_bad = np.array([bool(video.kinds[index]) for index in among])
    if is_bad.all() or not is_bad.any():
        return None
    scored = video.scored(Judge(), among)
    columns = [*names, *NOT_FITTED]
    parts = np.array([[one.parts.get(name, 0.0) for name in columns] for one in scored])
    parts /= max(float(parts.sum(axis=1).std()), np.finfo(np.float64).eps)
    ahead = torch.from_numpy((parts[~is_bad][:, None] - parts[is_bad]).reshape(-1, len(columns)))
    return ahead[:, : len(names)], ahead[:, len(names) :].sum(dim=1)
