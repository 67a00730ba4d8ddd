"""Fits the weights of the score to judged frames, with trap videos as the constraint.

Judged frames say which of two good frames an editor would take, and nearly nothing of bad ones; trap videos
the reverse. So the traps get the smallest share in the loss with which the picks of the tuning videos keep
what is promised of them. Every figure is of videos that the weights have not seen: related judged videos lie
in one fold, and trap videos of one group of clips too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from tests.benchmarks.quality import cue_worth
from tests.benchmarks.quality.quality_table import markdown
from tests.benchmarks.quality.seen_videos import ScoringVariant
from tests.benchmarks.quality.weight_search import PARTS, compared_parts, compared_traps, search
from tests.benchmarks.speed.footage import CACHE
from worker.pipeline.scoring.ranking import DEFAULT_WEIGHTS
from worker.weights.training.taste.features.present_score import ScoreSource
from worker.weights.training.taste.features.source import Kept
from worker.weights.training.taste.held_out import product_parts, read_scores
from worker.weights.training.taste.judged_set import read_judged_set
from worker.weights.training.taste.measures import figures, measure
from worker.weights.training.taste.related import folds, related_groups
from worker.weights.training.taste.report import HEADS, cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.benchmarks.quality.seen_videos import SeenVideo
    from tests.benchmarks.quality.weight_search import Compared

Weights: TypeAlias = "Mapping[str, float]"

FOLDS, SEED = 6, 0
TRAPS_SHARES = (0.0, 0.1, 0.3, 1.0, 3.0)
MAX_FIRST_BAD, MAX_ANY_BAD = 1 / 72, 3 / 72  #: of videos
TRAP_HEADS = ("traps in order", "first bad", "any of three bad")


class JudgedParts(NamedTuple):
    """One judged video."""

    compared: Compared
    fold: int  #: what it is left out with


def judged_parts(folder: Path, scores: Path, model: str = "lite") -> list[JudgedParts]:
    """Measure the parts of the score of all judged frames (minutes, kept), with a held-out taste.

    Raises:
        JudgedSetInvalid: the set contradicts itself, or the scores are of another.
        OSError: there are no scores.
    """
    videos = read_judged_set(folder)
    taste = read_scores(scores, videos)
    kept, source = Kept(CACHE / "taste"), ScoreSource(model)
    dealt = folds(related_groups(videos), FOLDS, SEED)
    fold_of = {index: number for number, fold in enumerate(dealt) for index in fold}
    return [
        JudgedParts(
            compared_parts(product_parts(kept.look(source, video), taste[index]), video.ranks), fold_of[index]
        )
        for index, video in enumerate(videos)
    ]


@dataclass(frozen=True)
class Fit:
    """Weights by all videos, and for each video those by the others."""

    weights: Weights
    by_fold: Sequence[Weights]  #: by the fold of judged videos that was left out
    by_group: Mapping[int, Weights]  #: by the group of trap videos that was left out

    @classmethod
    def given(cls, weights: Weights) -> Fit:
        """Take weights that no video has moved."""
        return cls(weights, [weights] * FOLDS, dict.fromkeys(range(FOLDS), weights))


class Fitting:
    """Both sets, compared once."""

    def __init__(self, judged: Sequence[JudgedParts], videos: Sequence[SeenVideo]) -> None:
        self._judged, self._videos = judged, videos
        self._traps = [compared_traps(video) for video in videos]

    def fit(self, traps_share: float, without: frozenset[str] = frozenset()) -> Fit:
        """Fit to all videos, and to all but those of each fold and each group."""
        every = [one.compared for one in self._judged]
        by_fold = [
            search(
                [one.compared for one in self._judged if one.fold != fold], self._traps, traps_share, without
            )
            for fold in range(FOLDS)
        ]
        by_group = {
            group: search(
                every,
                [one for one, video in zip(self._traps, self._videos, strict=True) if video.group != group],
                traps_share,
                without,
            )
            for group in sorted({video.group for video in self._videos})
        }
        return Fit(search(every, self._traps, traps_share, without), by_fold, by_group)

    def row(self, fit: Fit) -> tuple[str, ...]:
        """Write what becomes of videos that were left out, as cells under `HEADS` and `TRAP_HEADS`."""
        found = figures(
            [measure(one.compared.ranks, one.compared.scores(fit.by_fold[one.fold])) for one in self._judged]
        )
        order = [
            float((ahead @ [fit.by_group[video.group][name] for name in PARTS] > 0).mean())
            for one, video in zip(self._traps, self._videos, strict=True)
            if len(ahead := one.ahead())
        ]
        bad = self.bad(fit)
        counts = (f"{sum(values):.0f} of {len(values)}" for values in bad)
        return (*cells(found), f"{np.mean(order):.3f} ({len(order)})" if order else "", *counts)

    def bad(self, fit: Fit) -> tuple[list[float], list[float]]:
        """Tell of each trap video whether its first pick is bad, and whether any of three is."""
        picked = [
            cue_worth.picked([video], ScoringVariant(DEFAULT_WEIGHTS._replace(**fit.by_group[video.group])))
            for video in self._videos
        ]
        return [one["first bad"][0] for one in picked], [one["any bad"][0] for one in picked]

    def smallest_share(self, fits: Mapping[float, Fit]) -> float:
        """Choose the smallest share of the traps that keeps what is promised of picks, or comes nearest."""

        def excess(fit: Fit) -> float:
            first, any_of_three = self.bad(fit)
            return max(0.0, np.mean(first) - MAX_FIRST_BAD) + max(0.0, np.mean(any_of_three) - MAX_ANY_BAD)

        return min(fits, key=lambda share: (excess(fits[share]), share))


def report(judged: Sequence[JudgedParts], videos: Sequence[SeenVideo]) -> Iterator[str]:
    """Write the fit: how much the traps count, the weights, and what each part is worth."""
    fitting = Fitting(judged, videos)
    fits = {share: fitting.fit(share) for share in TRAPS_SHARES}
    chosen = fitting.smallest_share(fits)
    now = {name: weight for name, weight in DEFAULT_WEIGHTS._asdict().items() if name in PARTS}
    heads = (*HEADS, *TRAP_HEADS)
    yield f"Weights fitted, by how much the traps count beside the judged frames; {chosen:g} is chosen:"
    yield markdown(
        ("traps", *heads),
        [
            ("(as now)", *fitting.row(Fit.given(now))),
            ("(taste alone)", *fitting.row(Fit.given({name: float(name == "taste") for name in PARTS}))),
            *((f"{share:g}", *fitting.row(fit)) for share, fit in fits.items()),
        ],
    )
    yield _weights(fits[chosen], now)
    yield "Without a part, the others fitted anew:"
    yield markdown(
        ("without", *heads),
        [(name, *fitting.row(fitting.fit(chosen, frozenset({name})))) for name in PARTS],
    )


def _weights(fit: Fit, now: Weights) -> str:
    others = [*fit.by_fold, *fit.by_group.values()]
    return markdown(
        ("part", "now", "fitted", "where some videos are left out"),
        [
            (
                name,
                f"{now[name]:g}",
                f"{fit.weights[name]:.2f}",
                f"{min(one[name] for one in others):.2f} to {max(one[name] for one in others):.2f}",
            )
            for name in PARTS
        ],
    )
