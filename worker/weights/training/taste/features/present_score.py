"""The product's own score of judged frames, as `thumbs` would compute it from these frames alone."""

from __future__ import annotations

import sys
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from worker.pipeline import cues, scoring
from worker.pipeline.scoring import text
from worker.pipeline.scoring.models import Models, score
from worker.weights.training.taste.features import pictures
from worker.weights.training.taste.features.source import code_sum, file_sums
from worker.weights.training.taste.features.tower import model_identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from worker.pipeline.frames import Candidate
    from worker.weights.training.taste.judged_set import JudgedVideo

SCORE = "present score"
PART = f"{SCORE}: "  #: goes before the name of a part


class ScoreSource:
    """Measures the score without a title, and each of its parts.

    Args:
        spec: the model that judges.
        device: "auto", "cuda", "mps" or "cpu".
    """

    name = "present-score"

    def __init__(self, spec: str, device: str = "auto") -> None:
        self._spec, self._device = spec, device

    @property
    def identity(self) -> str:
        """The model, and the code that scores."""
        code = code_sum(sys.modules[__name__], scoring, cues, *pictures.CODE)
        return f"{model_identity(self._spec)} {file_sums(text.WEIGHTS)} {code}"

    def look(self, _video: JudgedVideo, candidates: Sequence[Candidate]) -> dict[str, NDArray[np.floating]]:
        """Score frames: `SCORE`, and each part behind `PART`, (frames, 1) float32; a missing part is 0."""
        scored = score(candidates, "", self._models, lambda _fraction: None)
        columns: dict[str, list[float]] = {SCORE: [one.score for one in scored]}
        for row, one in enumerate(scored):
            for name, value in one.parts.items():
                columns.setdefault(PART + name, [0.0] * len(scored))[row] += value
        return {name: np.array(values, np.float32)[:, None] for name, values in columns.items()}

    @property
    def sight(self) -> str:
        """What the model is called where it is stored with what it saw."""
        return self._models.scorer.sight

    @cached_property
    def _models(self) -> Models:
        return Models.load(self._spec, device=self._device)
