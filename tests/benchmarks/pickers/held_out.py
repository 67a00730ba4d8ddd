"""The bundled model, trained anew without the clips that it is going to be measured on.

Only the image projection learned from them (`worker/weights/bundled/lite.md`); it is a regression in closed
form, so that leaving clips out costs their features once and a second for each group. The branch of taste has
seen none of them.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import torch

from worker.pipeline.scoring.clip_model import ClipModel, load_clip_model
from worker.pipeline.scoring.clip_scorer import ClipScorer
from worker.pipeline.scoring.prompts import Prompts
from worker.weights.training import image_tower

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from worker.weights.training.image_tower import DamageExamples

TRAINING_SEED = 0  # the bundled model's


def scorer_without(held_out: Collection[Path], clips: Sequence[Path], cache: Path) -> ClipScorer:
    """Return `lite` as it would be, had its training not seen some of the clips."""
    model = load_clip_model("lite", torch.device("cpu"))
    shown = _examples(model, clips, cache)
    unseen = [number for number, clip in enumerate(clips) if clip in held_out]
    image_tower.set_projection(
        model.network.towers, *image_tower.fit_projection(shown.where(~np.isin(shown.clip, unseen)))
    )
    return ClipScorer("lite, held out", model, Prompts.load(), torch.device("cpu"))


def _examples(model: ClipModel, clips: Sequence[Path], cache: Path) -> DamageExamples:
    """Return the features of all clips, clean and damaged, made once (minutes)."""
    identity = repr([(clip.name, clip.stat().st_size) for clip in clips])
    file = cache / f"features-{hashlib.sha256(identity.encode()).hexdigest()[:12]}.npz"
    if not file.exists():
        made = image_tower.make_examples(model.network.towers, clips, TRAINING_SEED)
        cache.mkdir(parents=True, exist_ok=True)
        np.savez(file, **{name: getattr(made, name) for name in made.__slots__})
    with np.load(file) as kept:
        return image_tower.DamageExamples(**kept)
