"""Leave-videos-out: each video is judged by what was learned from unrelated ones only; folds are kept."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from worker.weights.training.taste.features.examples import Examples
    from worker.weights.training.taste.learners.learner import Learner
    from worker.weights.training.taste.related import Indices

Scores = list["NDArray[np.float64]"]
"""Of each video, (frames,) higher is better."""


class Folds:
    """Judges held-out videos, and keeps every result, so that work that was broken off goes on where it was.

    Args:
        examples: all videos of the set.
        groups: of related videos, as `related_groups` returns them.
        folds: as `folds` deals them.
        seed: of which videos are left away where fewer are learned from.
        folder: where results are kept.
    """

    def __init__(
        self,
        examples: Examples,
        groups: Sequence[Indices],
        folds: Sequence[Indices],
        seed: int,
        folder: Path,
    ) -> None:
        self._examples = examples
        self._folds = folds
        self._folder = folder
        order = np.random.default_rng(seed).permutation(len(groups)).tolist()
        self._shuffled = [index for group in order for index in groups[group]]

    def judge(
        self, learner: Learner, on_progress: Callable[[float], None], share: float = 1.0
    ) -> tuple[Scores, float]:
        """Judge every video by what was learned without its fold.

        Args:
            learner: learns once for each fold.
            on_progress: gets the fraction done, 0..1.
            share: of the videos outside a fold, so many are learned from; related ones go together.

        Returns:
            The scores, in the order of the examples, and from how many videos was learned on average.
        """
        scores: dict[int, NDArray[np.float64]] = {}
        learned_from = []
        for number, fold in enumerate(self._folds, start=1):
            outside = [index for index in self._shuffled if index not in set(fold)]
            shown = sorted(outside[: max(1, round(share * len(outside)))])
            learned_from.append(len(shown))
            scores |= dict(zip(fold, self._of_fold(learner, shown, fold), strict=True))
            on_progress(number / len(self._folds))
        return [scores[index] for index in range(len(scores))], float(np.mean(learned_from))

    def _of_fold(self, learner: Learner, shown: Indices, fold: Indices) -> Scores:
        examples, unseen = self._examples.only(shown), self._examples.only(fold)
        told = f"{learner.identity} {examples.identity} {unseen.identity}"
        file = self._folder / f"{hashlib.sha256(told.encode()).hexdigest()[:16]}.json"
        if not file.exists():
            found = learner.fit(examples)(unseen)
            file.parent.mkdir(parents=True, exist_ok=True)
            unfinished = file.with_suffix(".unfinished")
            unfinished.write_text(json.dumps([one.tolist() for one in found]), "utf-8")
            unfinished.replace(file)
        return [np.array(one, np.float64) for one in json.loads(file.read_text("utf-8"))]
