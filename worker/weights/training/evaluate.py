"""Measures the bundled model on clips that its training has not seen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from worker.pipeline.scoring.clip_model import ClipModel
from worker.pipeline.scoring.clip_scorer import ClipScorer
from worker.pipeline.scoring.inference.whole_frame import Preprocessing
from worker.pipeline.scoring.prompts import Prompts
from worker.weights.lite import PREPROCESS, load_lite
from worker.weights.training.damage import DAMAGES
from worker.weights.training.image_tower import fit_projection, make_examples

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from worker.weights.training.image_tower import DamageExamples
    from worker.weights.training.train import Log

VIDEOS_PER_SHAPE = 4  #: how often a held-out clip, wide and tall, is mixed with other damaged frames


@dataclass(frozen=True, slots=True)
class DamageEvaluation:
    """How well appeal tells clean frames from damaged ones, on clips held out of the training."""

    auc_by_kind: dict[str, float]  #: area under the ROC curve; 1 = every clean frame before every damaged one
    auc: float  #: over all kinds
    videos: int  #: how many were tried
    damaged_first: Counter[str]  #: in how many of them a damaged frame came first, by its kind


def evaluate_lite(clips: Sequence[Path], seed: int, report: Log) -> DamageEvaluation:
    """Leave one clip out, fit the image side on the rest, rank a video made of the one left out.

    Each such video holds the clip's clean frames and one frame of each kind of damage. The text side is
    the bundled one: it has seen no picture.

    Args:
        clips: at least two.
        seed: of the damages, and of which damaged frame goes into which video.
        report: gets a line for each clip.
    """
    network, tokenizer = load_lite()
    scorer = ClipScorer(
        "lite",
        ClipModel(network, tokenizer, Preprocessing.of(PREPROCESS)),
        Prompts.load(),
        torch.device("cpu"),
    )
    report(f"making features of {len(clips)} clips")
    shown = make_examples(network, clips, seed)
    rng = np.random.default_rng(seed)
    wins: list[NDArray[np.float64]] = []
    damaged_first: Counter[str] = Counter()
    for clip, path in enumerate(clips):
        held_out = shown.where(shown.clip == clip)
        weight, bias = fit_projection(shown.where(shown.clip != clip))
        embeddings = _unit(held_out.features @ weight.T + bias)
        trials = [_trial(scorer, embeddings[rows]) for rows in _videos(held_out, rng)]
        wins += [won for won, _ in trials]
        damaged_first.update(first for _, first in trials if first)
        report(f"{path.name}: AUC {np.mean([won for won, _ in trials]):.2f}")
    by_kind = np.mean(wins, axis=0)
    auc_by_kind = dict(zip(DAMAGES, by_kind.tolist(), strict=True))
    return DamageEvaluation(auc_by_kind, float(by_kind.mean()), len(wins), damaged_first)


def _videos(held_out: DamageExamples, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Yield the rows of each video: all clean frames of one shape, then one damaged frame of each kind."""
    for is_tall in (False, True):
        alike = held_out.is_tall == is_tall
        clean = np.flatnonzero(alike & held_out.is_clean)
        for _ in range(VIDEOS_PER_SHAPE):
            damaged = [
                rng.choice(np.flatnonzero(alike & (held_out.kind == kind))) for kind in range(len(DAMAGES))
            ]
            yield np.concatenate([clean, damaged])


def _trial(scorer: ClipScorer, embeddings: NDArray[np.float32]) -> tuple[NDArray[np.float64], str | None]:
    """Rank one video by appeal.

    Returns:
        (kinds,) share of clean frames that beat each damaged one, ties half: the area under the ROC curve
        (Hanley and McNeil, Radiology 1982); and the damage that came first, if one did.
    """
    appeal = np.sum(list(scorer.appeal(embeddings).values()), axis=0)
    clean, damaged = appeal[: -len(DAMAGES), None], appeal[-len(DAMAGES) :]
    won = (clean > damaged).mean(axis=0) + (clean == damaged).mean(axis=0) / 2
    return won, list(DAMAGES)[damaged.argmax()] if damaged.max() >= clean.max() else None


def _unit(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    return unit
