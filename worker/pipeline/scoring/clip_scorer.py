"""Scoring frames with CLIP: how near a picture is to words.

Appeal comes from pairs of opposites, each as a z-score within the video: the model's idea of "sharp" differs
from video to video, but within one the sharper frame is nearer to the word. Antonym pairs: Wang et al.,
"Exploring CLIP for Assessing the Look and Feel of Images", AAAI 2023.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from worker.errors import OutOfMemory
from worker.pipeline.scoring.clip_model import load_clip_model, pick_device
from worker.pipeline.scoring.inference.batcher import Batcher
from worker.pipeline.scoring.inference.device import Device
from worker.pipeline.scoring.inference.whole_frame import average_views
from worker.pipeline.scoring.prompts import Prompts
from worker.pipeline.scoring.taste_head import load_taste_head

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from worker.pipeline.frames import Rgb
    from worker.pipeline.scoring.clip_model import ClipModel
    from worker.pipeline.scoring.inference.whole_frame import View
    from worker.pipeline.scoring.taste_head import TasteHead

log = logging.getLogger(__name__)

BATCH_BY_DEVICE = {"cuda": 64, "mps": 64, "cpu": 4}
"""Views at once; halved when the memory does not suffice. On a CPU, more than 4 leave its caches. On a GPU,
64 of a ViT-L/14 take 26 ms of an H100 and 0.2 s of an L4 (calculated): much more than Python takes to start
them, and little enough for the places that a video which comes alone leaves empty."""

MAD_TO_SIGMA = 1.4826  #: makes the median absolute deviation equal sigma for a normal distribution
Z_LIMIT = 3.0  #: beyond, a frame is an outlier and more so says no more
MIN_SPREAD = 1e-5  #: of cosines; below is the rounding of float32, not a difference between frames

CAPTIONS = ("{}", "a photo of {}", "a video about {}", "a frame of a video titled {}")
"""Ways to say a title, averaged: no single wording fits every title."""


# Raised whenever models see pictures in another way than before, so that what was seen then is seen anew.
SIGHT = 2


class ModelOutput(NamedTuple):
    """What a model saw in n pictures."""

    embeddings: NDArray[np.float32]  #: (n, d) L2-normalized, then rounded to half precision
    tastes: NDArray[np.float32]  #: (n,) comparable within one video; all 0 where the network has no taste


class ClipScorer:
    """Scores pictures with one model, shared by all threads of a process; load it once.

    Takes (height, width, 3) uint8 RGB of any size. Every model sees all of each picture: where its input has
    another shape, in several views (`whole_frame`), whose embeddings are averaged.

    Threads prepare their pictures side by side, and wait in line for the model with one batch each. So none
    waits longer than one batch of every other, and the processor's caches serve one batch.

    All batches have one size (`batcher`), so the embedding of a picture depends on that picture only: not on
    how many others there are, nor on how many views they take. On a GPU, whose batches are large, views of
    several videos share one, after a trial (`try_mixing`). On a CPU they never do, as it would save little:
    three places at most, of the last batch.
    """

    def __init__(
        self,
        name: str,
        model: ClipModel,
        prompts: Prompts,
        device: torch.device,
        head: TasteHead | None = None,
    ) -> None:
        self.name = name
        #: The model with its files and the way it looks. Stored with what it saw, which tells nothing to a
        #: model with another one.
        self.sight = f"{name} #{SIGHT} {model.files_sum}".rstrip()
        self.head = head
        self.batch_size = BATCH_BY_DEVICE.get(device.type, BATCH_BY_DEVICE["cpu"])
        self._model = model
        self._device = Device(device, model.preprocess, model.input_dtype)
        black = np.zeros((model.preprocess.height_px, model.preprocess.width_px, 3), np.uint8)
        filler = model.preprocess.tensor([black], device).to(model.input_dtype)
        self._batcher = Batcher(self._device, self._look_at, filler)
        self._pairs = prompts.pairs
        self._opposites = self._embed_texts([pair.good for pair in prompts.pairs]) - self._embed_texts(
            [pair.bad for pair in prompts.pairs]
        )
        self.dimensions = int(self._opposites.shape[1])  #: of an embedding
        if head:
            head.check_width(name, self.dimensions)

    @classmethod
    def load(
        cls,
        model: str = "lite",
        prompts: Prompts | None = None,
        *,
        device: str = "auto",
        weights_dir: Path | None = None,
    ) -> ClipScorer:
        """Load a model, and the head of taste that belongs to it; nothing is downloaded.

        Args:
            model: "lite", "lite:/path/to/taste", an open_clip "ARCH:TAG", or "ARCH:/path/to/checkpoint".
            prompts: None for those that ship with the product.
            device: "auto", "cuda", "cuda:1", "mps" or "cpu".
            weights_dir: where `thumbs models fetch` put its files; None for its default.

        Raises:
            UnknownModel: no such model, or a damaged checkpoint.
            WeightsMissing: one of the model's files is not in place.
            ConfigurationError: no such device, a library is missing, or the head is another model's.
        """
        chosen = pick_device(device)
        taste = load_taste_head(model, weights_dir)
        loaded = load_clip_model(model, chosen, weights_dir)
        return cls(model, loaded, prompts or Prompts.load(), chosen, taste)

    def watch(self, note: Callable[[int, int, float, float], None]) -> None:
        """Tell of every batch: its views, its places, and the seconds of waiting and of work."""
        self._batcher.note = note

    def try_mixing(self) -> None:
        """Find out whether videos may share batches on this device; a CPU is not asked."""
        if self._device.device.type == "cpu":
            return
        self._batcher.mixes = self._batcher.is_place_free(self.batch_size)
        if not self._batcher.mixes:
            log.warning("%s: a picture's place in a batch changes bits; videos share none", self.name)

    def embed(
        self, pictures: Sequence[Rgb], on_progress: Callable[[float], None] = lambda _fraction: None
    ) -> NDArray[np.float32]:
        """Embed pictures as `look` does: (n, d) float32, L2-normalized."""
        return self.look(pictures, on_progress).embeddings

    def look(
        self, pictures: Sequence[Rgb], on_progress: Callable[[float], None] = lambda _fraction: None
    ) -> ModelOutput:
        """Look at pictures, in batches.

        Args:
            pictures: (height, width, 3) uint8 RGB, of any sizes.
            on_progress: gets the fraction done, 0..1, after each batch; what it raises ends the work.

        Raises:
            OutOfMemory: not even one picture at a time fits.
        """
        prepare = self._model.preprocess
        views = [prepare.views(rgb.shape[1], rgb.shape[0]) for rgb in pictures]
        every = [(rgb, view) for rgb, of_picture in zip(pictures, views, strict=True) for view in of_picture]
        done: list[ModelOutput] = []
        start = 0
        while start < len(every):
            size = self.batch_size
            batch = every[start : start + size]
            try:
                done.append(self._look_at_batch(batch, size))
            except RuntimeError as error:
                if not _is_out_of_memory(error):
                    raise
                self._halve_batch(size, error)
                continue
            start += len(batch)
            on_progress(start / len(every))
        if not done:
            return ModelOutput(np.zeros((0, self._opposites.shape[1]), np.float32), np.zeros(0, np.float32))
        counts = [len(of_picture) for of_picture in views]
        embeddings = average_views(np.concatenate([one.embeddings for one in done]), counts)
        tastes = np.add.reduceat(np.concatenate([one.tastes for one in done]), np.cumsum([0, *counts[:-1]]))
        return ModelOutput(_as_stored(embeddings), (tastes / counts).astype(np.float32))

    def appeal(self, embeddings: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Measure how much each frame is on the good side of each pair, against its video.

        Args:
            embeddings: (n, d) of all candidates of one video.

        Returns:
            For each pair by name, its (n,) share of the appeal: the z-score in -3..3 times the pair's
            weight over all weights, so that the shares add up to a weighted mean.
        """
        # One matrix for all pairs: near to "good" minus near to "bad" is near to their difference.
        total = sum(pair.weight for pair in self._pairs)
        nearer = embeddings @ self._opposites.T
        return {
            pair.name: z_scores(column) * np.float32(pair.weight / total)
            for pair, column in zip(self._pairs, nearer.T, strict=True)
        }

    def taste(self, seen: ModelOutput) -> NDArray[np.float32] | None:
        """Measure how much each frame pleases, against its video: by the network, or by the model's head.

        Args:
            seen: in all candidates of one video.

        Returns:
            (n,) z-scores in -3..3; None where the model has neither.
        """
        if self._model.has_taste:
            return z_scores(seen.tastes)
        return None if self.head is None else z_scores(seen.embeddings @ self.head.direction)

    def relevance(self, embeddings: NDArray[np.float32], title: str) -> NDArray[np.float32]:
        """Measure how well each frame fits a title, against its video.

        What the captions say without the title is taken away, so a title of which the model knows no
        word makes no difference between frames.

        Args:
            embeddings: (n, d) of all candidates of one video.
            title: in any language; models know mostly English.

        Returns:
            (n,) z-scores in -3..3.
        """
        about = self._embed_texts([caption.format(title) for caption in CAPTIONS])
        nothing = self._embed_texts([caption.format("") for caption in CAPTIONS])
        return z_scores(embeddings @ (about - nothing).mean(axis=0))

    def _look_at_batch(self, views: Sequence[tuple[Rgb, View]], size: int) -> ModelOutput:
        """Look at no more than `size` views, in batches of exactly that size."""
        embeddings, tastes = self._batcher.compute(self._device.prepare(views), size)
        return ModelOutput(_normalized(embeddings), tastes)

    def _look_at(self, batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        if self._model.has_taste:
            embeddings, tastes = self._model.network.look(batch)
            return embeddings, tastes
        return self._model.network.encode_image(batch), torch.zeros(len(batch))

    def _embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        tokens = self._model.tokenize(texts).to(self._device.device)

        def embed() -> NDArray[np.float32]:
            found = self._device.compute(lambda batch: (self._model.network.encode_text(batch),), tokens)
            return found.wait()[0]

        return _normalized(self._batcher.call(embed))

    def _halve_batch(self, size: int, error: RuntimeError) -> None:
        if size == 1:
            raise OutOfMemory(
                f"{self.name} does not fit into the memory of {self._device.device}, even one picture at a "
                "time; free memory, use a smaller model, or --device cpu"
            ) from error
        self.batch_size = min(self.batch_size, size // 2)  # another thread may have halved it already
        if self._device.device.type == "cuda":
            torch.cuda.empty_cache()


def _normalized(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = embeddings / np.linalg.norm(embeddings, axis=-1, keepdims=True)
    return unit


def _as_stored(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round as `worker.pictures.embeddings` does, so that a run that recalls them scores the same."""
    return embeddings.astype(np.float16).astype(np.float32)


def z_scores(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Compute robust z-scores: distance from the median in robust standard deviations, within -3..3.

    All zero where at least half of the values are the same: there is no scale to compare by.

    Source: Iglewicz and Hoaglin, "How to Detect and Handle Outliers", 1993.
    """
    if not len(values):
        return np.zeros(0, np.float32)
    from_median = values - np.median(values)
    spread = MAD_TO_SIGMA * float(np.median(np.abs(from_median)))
    if spread < MIN_SPREAD:
        return np.zeros(len(values), np.float32)
    z: NDArray[np.float32] = np.clip(from_median / spread, -Z_LIMIT, Z_LIMIT).astype(np.float32)
    return z


def _is_out_of_memory(error: RuntimeError) -> bool:
    """Recognise that memory ran out: CUDA raises a class of its own; MPS and the CPU only say so in words."""
    words = ("out of memory", "not enough memory", "can't allocate memory")
    return isinstance(error, torch.OutOfMemoryError) or any(word in str(error).lower() for word in words)
