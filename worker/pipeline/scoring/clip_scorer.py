"""Scoring frames with CLIP: how near a picture is to words.

Appeal comes from pairs of opposites, each as a z-score within the video: the model's idea of "sharp" differs
from video to video, but within one the sharper frame is nearer to the word. Antonym pairs: Wang et al.,
"Exploring CLIP for Assessing the Look and Feel of Images", AAAI 2023.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from worker.errors import OutOfMemory
from worker.pipeline.scoring.clip_model import load_clip_model, pick_device
from worker.pipeline.scoring.prompts import Prompts
from worker.pipeline.scoring.taste_head import load_taste_head

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from worker.pipeline.frames import Rgb
    from worker.pipeline.scoring.clip_model import ClipModel
    from worker.pipeline.scoring.taste_head import TasteHead

BATCH_BY_DEVICE = {"cuda": 128, "mps": 64, "cpu": 4}
"""Views at once; halved when the memory does not suffice. On a CPU, more than 4 leave its caches."""

MAD_TO_SIGMA = 1.4826  #: makes the median absolute deviation equal sigma for a normal distribution
Z_LIMIT = 3.0  #: beyond, a frame is an outlier and more so says no more
MIN_SPREAD = 1e-5  #: of cosines; below is the rounding of float32, not a difference between frames

CAPTIONS = ("{}", "a photo of {}", "a video about {}", "a frame of a video titled {}")
"""Ways to say a title, averaged: no single wording fits every title."""


# Raised whenever models see pictures in another way than before, so that what was seen then is seen anew.
SIGHT = 2


class Seen(NamedTuple):
    """What a model saw in n pictures."""

    embeddings: NDArray[np.float32]  #: (n, d) L2-normalized
    tastes: NDArray[np.float32]  #: (n,) comparable within one video; all 0 where the network has no taste


class ClipScorer:
    """Scores pictures with one model, shared by all threads of a process; load it once.

    Takes (height, width, 3) uint8 RGB of any size. Every model sees all of each picture: where its input has
    another shape, in several views (`whole_frame`), whose embeddings are averaged.

    Threads prepare their pictures side by side, and wait in line for the model with one batch each. So none
    waits longer than one batch of every other, the processor's caches serve one batch, and an error meets the
    thread that brought the batch.

    Every batch has the same size, the last one filled up with black, because the size of a batch decides how
    the last bits are rounded (by up to 2e-7 with lite), and the place in it does not. So the embedding of a
    picture depends on that picture only: not on how many others there are, nor on how many views they take.
    Pictures of different videos never share a batch all the same, for it would save little: a video has
    a few hundred views, and only its last batch is not full.
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
        self._device = device
        self._line = ThreadPoolExecutor(1, thread_name_prefix="model")
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

    def embed(
        self, pictures: Sequence[Rgb], on_progress: Callable[[float], None] = lambda _fraction: None
    ) -> NDArray[np.float32]:
        """Embed pictures as `look` does: (n, d) float32, L2-normalized."""
        return self.look(pictures, on_progress).embeddings

    def look(
        self, pictures: Sequence[Rgb], on_progress: Callable[[float], None] = lambda _fraction: None
    ) -> Seen:
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
        done: list[Seen] = []
        start = 0
        while start < len(every):
            size = self.batch_size
            batch = every[start : start + size]
            try:
                done.append(self._look_at_batch([prepare.cut(rgb, view) for rgb, view in batch], size))
            except RuntimeError as error:
                if not _is_out_of_memory(error):
                    raise
                self._halve_batch(size, error)
                continue
            start += len(batch)
            on_progress(start / len(every))
        if not done:
            return Seen(np.zeros((0, self._opposites.shape[1]), np.float32), np.zeros(0, np.float32))
        counts = [len(of_picture) for of_picture in views]
        embeddings = average_views(np.concatenate([one.embeddings for one in done]), counts)
        tastes = np.add.reduceat(np.concatenate([one.tastes for one in done]), np.cumsum([0, *counts[:-1]]))
        return Seen(embeddings, (tastes / counts).astype(np.float32))

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

    def taste(self, seen: Seen) -> NDArray[np.float32] | None:
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

    def _look_at_batch(self, cuts: Sequence[NDArray[np.uint8]], size: int) -> Seen:
        """Look at no more than `size` views, as a batch of exactly that size."""
        filled = [*cuts, *[np.zeros_like(cuts[0])] * (size - len(cuts))]
        prepared = self._model.preprocess.tensor(filled, self._device).to(self._model.input_dtype)
        if self._model.has_taste:
            embeddings, tastes = self._run(self._model.network.look, prepared)
            return Seen(_normalized(embeddings)[: len(cuts)], tastes[: len(cuts)])
        (embeddings,) = self._run(lambda batch: (self._model.network.encode_image(batch),), prepared)
        return Seen(_normalized(embeddings)[: len(cuts)], np.zeros(len(cuts), np.float32))

    def _embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        tokens = self._model.tokenize(texts).to(self._device)
        (embeddings,) = self._run(lambda batch: (self._model.network.encode_text(batch),), tokens)
        return _normalized(embeddings)

    def _run(
        self, tower: Callable[[Any], tuple[torch.Tensor, ...]], batch: torch.Tensor
    ) -> tuple[NDArray[np.float32], ...]:
        return self._line.submit(self._compute, tower, batch).result()

    @torch.inference_mode()
    def _compute(
        self, tower: Callable[[Any], tuple[torch.Tensor, ...]], batch: torch.Tensor
    ) -> tuple[NDArray[np.float32], ...]:
        return tuple(found.float().cpu().numpy() for found in tower(batch))

    def _halve_batch(self, size: int, error: RuntimeError) -> None:
        if size == 1:
            raise OutOfMemory(
                f"{self.name} does not fit into the memory of {self._device}, even one picture at a time; "
                "free memory, use a smaller model, or --device cpu"
            ) from error
        self.batch_size = min(self.batch_size, size // 2)  # another thread may have halved it already
        if self._device.type == "cuda":
            torch.cuda.empty_cache()


def _normalized(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = embeddings / np.linalg.norm(embeddings, axis=-1, keepdims=True)
    return unit


def average_views(embeddings: NDArray[np.float32], counts: Sequence[int]) -> NDArray[np.float32]:
    """Average the embeddings of each picture's views.

    Args:
        embeddings: (views, d) L2-normalized, those of one picture in a row.
        counts: (n,) how many views each picture has, at least one.

    Returns:
        (n, d) L2-normalized; that of a picture with one view is unchanged, to the last bit.
    """
    starts = np.cumsum([0, *counts[:-1]])
    averaged = np.add.reduceat(embeddings, starts)
    several = np.array(counts) > 1
    averaged[several] /= np.linalg.norm(averaged[several], axis=1, keepdims=True)
    return averaged


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
