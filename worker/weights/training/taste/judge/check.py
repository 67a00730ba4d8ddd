"""Measures a judge on judged frames: its order, its bias for places, its vetoes, its time and its price."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from worker.pipeline.judging.verdict import Fault
from worker.pipeline.judging.vetoes import counting_faults
from worker.weights.training.taste.judge.couples import Couples, couples_of
from worker.weights.training.taste.judge.worth import EarnedSay, Worth, say_of
from worker.weights.training.taste.measures import (
    Estimate,
    SetMeasures,
    figures,
    first_wins,
    lead,
    measure,
    share,
    share_of_places,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from worker.pipeline.judging.verdict import Verdict
    from worker.weights.training.taste.judge.looking import Looked


class FaultFound(NamedTuple):
    """How often one fault was found."""

    fault: Fault
    of_all: float  #: of the frames shown
    of_best: float  #: of the editor's best three
    would_veto: float  #: of the frames shown: not where most pictures of the video have it


class Vetoes(NamedTuple):
    """What would be left out."""

    of_all: Estimate  #: of the frames shown
    of_best: Estimate  #: of the editor's best three
    place: Estimate | None  #: in the editor's order: 0 the best, 1 the worst; None where nothing is left out
    faults: tuple[FaultFound, ...]


class Price(NamedTuple):
    """What a video costs, on average, and how long it takes."""

    requests: float
    prompt_tokens: float
    answer_tokens: float
    median_s: float
    p95_s: float


@dataclass(frozen=True, slots=True)
class Check:
    """Everything that was measured of a judge."""

    judge: SetMeasures
    head: SetMeasures  #: our score, on the same videos
    lead: Estimate  #: in pairs: the judge minus our score
    first_wins: Estimate  #: the judge's first is better than ours; 1/2 where they are alike
    couples: Couples
    vetoes: Vetoes
    price: Price
    unjudged: dict[str, int]  #: videos without a verdict, by the word of `Unjudged`
    finding: EarnedSay


def check(looked: Sequence[Looked]) -> Check:
    """Measure a judge.

    Args:
        looked: what it was shown, with a verdict on at least one video.
    """
    judged = [one for one in looked if one.verdict is not None]
    ranks = [one.video.ranks for one in judged]
    ours, theirs = [one.head for one in judged], [one.scores for one in judged]
    head = [measure(rank, scores) for rank, scores in zip(ranks, ours, strict=True)]
    judge = [measure(rank, scores) for rank, scores in zip(ranks, theirs, strict=True)]
    wins, vetoes = first_wins(ranks, theirs, ours), _vetoes(judged)
    unjudged = Counter(one.result for one in looked if one.verdict is None)
    found, leads = figures(judge), lead(judge, head)
    worth = Worth(
        len(judged),
        unjudged.total(),
        found.pairs_right,
        leads,
        wins,
        vetoes.of_best.value,
        vetoes.place,
    )
    return Check(
        found,
        figures(head),
        leads,
        wins,
        couples_of([one.verdict for one in judged if one.verdict is not None]),
        vetoes,
        _price([one.verdict for one in judged if one.verdict is not None]),
        dict(unjudged),
        say_of(worth),
    )


def _vetoes(judged: Sequence[Looked]) -> Vetoes:
    """Count what the product would leave out, and every fault that was found."""
    best, places, faulty = [], [], []
    for one in judged:
        ranks = one.video.ranks[one.shown]
        best.append(share_of_places(one.video.ranks)[one.shown])
        places.append(_places(one.video.ranks)[one.shown])
        faulty.append(_faults(one, len(ranks)))
    left_out = [np.asarray(vetoed.any(axis=1), np.bool_) for _, vetoed in faulty]
    frames = [float(len(out)) for out in left_out]
    counts = [float(out.sum()) for out in left_out]
    return Vetoes(
        share(counts, frames),
        share(_sums(best, left_out), [float(one.sum()) for one in best]),
        share(_sums(places, left_out), counts) if any(counts) else None,
        tuple(
            FaultFound(
                fault,
                share([float(found[:, column].sum()) for found, _ in faulty], frames).value,
                share(
                    _sums(best, [found[:, column] for found, _ in faulty]), [float(one.sum()) for one in best]
                ).value,
                share([float(vetoed[:, column].sum()) for _, vetoed in faulty], frames).value,
            )
            for column, fault in enumerate(Fault)
        ),
    )


def _faults(one: Looked, frames: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Lay out what was found, and what of it counts: (frames, faults) each."""
    assert one.verdict is not None  # noqa: S101 - of those that were judged
    found = np.array(
        [[fault in said.faults for fault in Fault] for said in one.verdict.descriptions], np.bool_
    ).reshape(frames, len(Fault))
    vetoed = np.array(
        [[fault in faults for fault in Fault] for faults in counting_faults(one.verdict.descriptions)],
        np.bool_,
    ).reshape(frames, len(Fault))
    return found, vetoed


def _places(ranks: NDArray[np.int64]) -> NDArray[np.float64]:
    """Tell where frames lie in the editor's order, 0 the best and 1 the worst; those alike in the middle."""
    before = (ranks[:, None] > ranks).sum(axis=1)
    alike = (ranks[:, None] == ranks).sum(axis=1) - 1
    return np.asarray((before + alike / 2) / (len(ranks) - 1), np.float64)


def _sums(weights: Sequence[NDArray[np.float64]], chosen: Sequence[NDArray[np.bool_]]) -> list[float]:
    return [float(weight[mask].sum()) for weight, mask in zip(weights, chosen, strict=True)]


def _price(verdicts: Sequence[Verdict]) -> Price:
    took_s = [one.took_s for one in verdicts]
    return Price(
        float(np.mean([one.requests for one in verdicts])),
        float(np.mean([one.prompt_tokens for one in verdicts])),
        float(np.mean([one.answer_tokens for one in verdicts])),
        float(np.median(took_s)),
        float(np.quantile(took_s, 0.95)),
    )
