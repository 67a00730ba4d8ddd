"""The image tower of any CLIP: what its layers say of judged frames."""

from __future__ import annotations

import sys
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

from worker import weights
from worker.pipeline.scoring import clip_model
from worker.pipeline.scoring.clip_model import load_clip_model, pick_device
from worker.pipeline.scoring.inference import whole_frame
from worker.weights import lite, lite_taste
from worker.weights.training.taste.features import pictures, trunk
from worker.weights.training.taste.features.source import code_sum, file_sums
from worker.weights.training.taste.features.trunk import pooled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from worker.pipeline.frames import Candidate, Rgb
    from worker.weights.training.taste.judged_set import JudgedVideo

DEPTHS = (1 / 3, 1 / 2, 2 / 3)  #: of a tower, at which a layer counts as a middle one
SPATIAL_DIMS = 4  #: (n, channels, height, width)


class TowerSource:
    """Measures the embedding, and some middle layers where the tower shows them.

    Args:
        spec: open_clip's `ARCH:TAG`, or `ARCH:/path/to/checkpoint`.
        device: "auto", "cuda", "mps" or "cpu".
        weights_dir: where fetched weights lie; None for the default.
    """

    def __init__(self, spec: str, device: str = "auto", weights_dir: Path | None = None) -> None:
        self._spec, self._device, self._weights_dir = spec, device, weights_dir

    @property
    def name(self) -> str:
        """The model's name, as a folder can have it."""
        return weights.fetched_stem(self._spec)

    @property
    def identity(self) -> str:
        """The model, and the code that measures."""
        code = code_sum(sys.modules[__name__], trunk, *pictures.CODE, clip_model, whole_frame)
        return f"{model_identity(self._spec)} {code}"

    @torch.inference_mode()
    def look(self, _video: JudgedVideo, candidates: Sequence[Candidate]) -> dict[str, NDArray[np.floating]]:
        """Measure frames: "last layer" (frames, d) of length 1, and perhaps "middle layers"; float32."""
        rows = [self._of_picture(candidate.rgb) for candidate in candidates]
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}

    def _of_picture(self, rgb: Rgb) -> dict[str, NDArray[np.float32]]:
        """Measure one picture: the means over its views."""
        model, device = self._model, pick_device(self._device)
        views = model.preprocess.views(rgb.shape[1], rgb.shape[0])
        batch = model.preprocess.tensor([model.preprocess.cut(rgb, view) for view in views], device)
        batch = batch.to(model.input_dtype)
        last = functional.normalize(model.network.encode_image(batch).float(), dim=-1).mean(0)
        found = {"last layer": functional.normalize(last, dim=-1).cpu().numpy()}
        if middle := _middle_layers(model.network.visual, batch):
            layers = torch.cat([pooled(one.float()) for one in middle], 1)
            found["middle layers"] = layers.mean(0).cpu().numpy()
        return found

    @cached_property
    def _model(self) -> clip_model.ClipModel:
        return load_clip_model(self._spec, pick_device(self._device), self._weights_dir)


@cache
def model_identity(spec: str) -> str:
    """Tell a model by its name and the sums of its files: weights, taste, a checkpoint of one's own."""
    name, _, file = spec.partition(":")
    if name == clip_model.LITE:
        told = [spec, file_sums(clip_model.LITE, "lite-taste"), code_sum(lite, lite_taste)]
    else:
        told = [file_sums(spec), *(head.sha256 for head in weights.heads().values() if head.model == spec)]
    if Path(file).is_file():
        told.append(weights.sha256(Path(file)))
    return " ".join(told)


def _middle_layers(tower: Any, batch: torch.Tensor) -> list[torch.Tensor]:
    """Run a tower for its middle layers, (n, channels, height, width); none where it shows none."""
    try:
        layers = tower.forward_intermediates(batch, intermediates_only=True)["image_intermediates"]
    except (AttributeError, NotImplementedError):  # a tower of its own kind, or a trunk that timm cannot open
        return []
    layers = [layer for layer in layers if layer.dim() == SPATIAL_DIMS]
    places = sorted({int(depth * len(layers)) for depth in DEPTHS}) if layers else []
    return [layers[place] for place in places]
