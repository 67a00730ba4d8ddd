"""A ridge regression of the editor's order on features: seconds to fit, and a vector of numbers as result.

Features and ranks count by how they differ from their video's mean, because only frames of one video are
ever compared. A group of many numbers is brought down to its principal directions first; each keeps the
spread it has there, so that what varies little between frames says little.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from worker.weights.training.taste.features.source import code_sum

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from worker.weights.training.taste.features.examples import Examples

MIN_SPREAD = 1e-6  #: below, a number is the same for all frames


@dataclass(frozen=True, slots=True)
class LinearJudge:
    """Adds up features by their weights."""

    weights: Mapping[str, NDArray[np.float64]]  #: by group: (numbers,)

    def __call__(self, examples: Examples) -> list[NDArray[np.float64]]:
        """Score the frames of each video."""
        scores = [np.zeros(len(video.frames)) for video in examples.videos]
        for name, weight in self.weights.items():
            # Before they are weighed, the mean goes: large numbers that are alike leave no rounding behind.
            added = [_centred([rows]) @ weight for rows in examples.features[name]]
            scores = [total + one for total, one in zip(scores, added, strict=True)]
        return scores

    def tensors(self) -> dict[str, torch.Tensor]:
        """Give the weights of each group, float32."""
        return {name: torch.tensor(weight, dtype=torch.float32) for name, weight in self.weights.items()}


@dataclass(frozen=True, slots=True)
class Ridge:
    """Fits a `LinearJudge` to some groups of features."""

    groups: tuple[str, ...]
    directions: int = 128  #: of a group, at most
    penalty: float = 0.3  #: for each example, over the mean variance of the strongest directions
    strongest: int = 16  #: directions that the penalty is measured by

    @property
    def name(self) -> str:
        """What people call it."""
        return f"ridge on {', '.join(self.groups)}"

    @property
    def identity(self) -> str:
        """Settings and code."""
        return f"{self!r} {code_sum(sys.modules[__name__])}"

    def fit(self, examples: Examples) -> LinearJudge:
        """Learn from all of the videos, in closed form."""
        target = np.concatenate([_unit(-video.ranks.astype(np.float64)) for video in examples.videos])
        bases = {name: self._basis(_centred(examples.features[name])) for name in self.groups}
        inputs = np.concatenate([_centred(examples.features[name]) @ bases[name] for name in self.groups], 1)
        strength = max(float(np.sort(inputs.var(axis=0))[::-1][: self.strongest].mean()), MIN_SPREAD)
        gram = inputs.T @ inputs + self.penalty * len(target) * strength * np.eye(inputs.shape[1])
        solved = np.linalg.solve(gram, inputs.T @ target)
        ends = np.cumsum([basis.shape[1] for basis in bases.values()])
        parts = np.split(solved, ends[:-1])
        return LinearJudge({name: bases[name] @ part for name, part in zip(self.groups, parts, strict=True)})

    def _basis(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Find what brings a group down: (numbers, directions), the first of unit spread on these rows."""
        spread = rows.std(axis=0)
        scale = np.where(spread > MIN_SPREAD, 1 / np.maximum(spread, MIN_SPREAD), 0.0)
        scaled = rows * scale
        # With fewer rows than numbers, products of rows have the same variances, in a far smaller matrix.
        is_wide = rows.shape[1] > rows.shape[0]
        variances, vectors = np.linalg.eigh((scaled @ scaled.T if is_wide else scaled.T @ scaled) / len(rows))
        # eigh gives the weakest direction first.
        vectors = vectors[:, ::-1][:, : self.directions]
        if is_wide:
            vectors = scaled.T @ vectors
            vectors /= np.maximum(np.linalg.norm(vectors, axis=0), MIN_SPREAD)
        first = max(float(variances[-1]), MIN_SPREAD) ** 0.5
        return np.asarray(scale[:, None] * vectors / first, np.float64)


def _centred(videos: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    return np.concatenate([rows.astype(np.float64) - rows.mean(axis=0) for rows in videos])


def _unit(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give values the mean 0 and the spread 1, or 0 where all are the same."""
    centred = values - values.mean()
    return np.asarray(centred / max(float(centred.std()), MIN_SPREAD), np.float64)
