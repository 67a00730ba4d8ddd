"""Models that judge the same picture once in a run of the tests, since most tests show them the same clips.

What a model sees in a picture depends on that picture only, which tests/pipeline/scoring checks with models
that remember nothing.
"""

from __future__ import annotations

import hashlib
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from worker.pipeline.scoring.clip_scorer import ClipScorer, ModelOutput
from worker.pipeline.scoring.models import Models

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from worker.pipeline.frames import Rgb
    from worker.pipeline.scoring.inference.whole_frame import View


class RememberingScorer(ClipScorer):
    """A scorer that takes turns, tells its progress and fails as ever, but computes each view once."""

    def __init__(self, scorer: ClipScorer) -> None:
        vars(self).update(vars(scorer))
        self._seen: dict[Any, tuple[NDArray[np.float32], np.float32]] = {}

    def _look_at_batch(self, views: Sequence[tuple[Rgb, View]], size: int) -> ModelOutput:
        keys = [(size, _key(rgb), view) for rgb, view in views]
        by_key = dict(zip(keys, views, strict=True))
        new = [key for key in by_key if key not in self._seen]
        if new:
            found = super()._look_at_batch([by_key[key] for key in new], size)
            self._seen |= zip(new, zip(found.embeddings, found.tastes, strict=True), strict=True)
        embeddings, tastes = zip(*(self._seen[key] for key in keys), strict=True)
        return ModelOutput(np.stack(embeddings), np.array(tastes, np.float32))


class RememberingFinder:
    """A finder of faces, foreground or text that looks for them once in each picture."""

    def __init__(self, finder: Any) -> None:
        self._finder = finder
        self._found: dict[Any, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._finder, name)

    def find(self, rgb: Rgb, *more: Any) -> Any:
        """Find them, or recall them; nobody gets what somebody else may have changed."""
        key = (_key(rgb), *more)
        if key not in self._found:
            self._found[key] = self._finder.find(rgb, *more)
        return copy(self._found[key])


def remembering(models: Models) -> Models:
    """Return models that share their networks with these, and remember what they saw."""
    return Models(
        RememberingScorer(models.scorer),
        RememberingFinder(models.faces),  # type: ignore[arg-type] # it finds faces
        RememberingFinder(models.foreground),  # type: ignore[arg-type]
        RememberingFinder(models.text),  # type: ignore[arg-type]
    )


def _key(rgb: NDArray[np.uint8]) -> tuple[tuple[int, ...], bytes]:
    return rgb.shape, hashlib.blake2b(np.ascontiguousarray(rgb), digest_size=16).digest()
