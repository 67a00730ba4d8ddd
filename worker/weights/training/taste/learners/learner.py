"""What every learner promises, so that it can be measured, compared and saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from worker.weights.training.taste.features.examples import Examples


class LearnedJudge(Protocol):
    """What was learned: scores frames."""

    def __call__(self, examples: Examples) -> list[NDArray[np.float64]]:
        """Score the frames of each video: (frames,), higher is better, to be compared within a video only."""

    def tensors(self) -> dict[str, torch.Tensor]:
        """Give what was learned, as it is saved."""


class Learner(Protocol):
    """Learns from judged frames; the same examples give the same judge on one machine."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def identity(self) -> str:
        """What the result depends on, beside the examples: settings and code."""

    def fit(self, examples: Examples) -> LearnedJudge:
        """Learn from all of the videos."""
