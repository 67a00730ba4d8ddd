"""Compares readings of one order with those of its reverse: does a judge go by what it sees, or by places?"""

from __future__ import annotations

from itertools import pairwise
from string import ascii_uppercase
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from worker.judge.answers import Wrong, read_order
from worker.weights.training.taste.measures import Estimate, share

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from worker.pipeline.judging.verdict import Verdict


class Couples(NamedTuple):
    """What couples of readings say of a judge."""

    couples: int
    agreement: Estimate  #: of pairs of pictures: both readings prefer the same one
    #: of pairs: both readings prefer what was shown first, minus both prefer what was shown last; -1..1
    first_shown: Estimate


def couples_of(verdicts: Sequence[Verdict]) -> Couples:
    """Compare the readings of verdicts, at least one.

    In the second reading of a couple, what was shown at a place of the first is at the same place from the
    end. So the letters tell which pairs agree, whatever the pictures are.
    """
    counts = [
        np.sum([_count(*couple) for couple in _read(verdict)] or [np.zeros(3)], axis=0)
        for verdict in verdicts
    ]
    pairs = [float(one[0]) for one in counts]
    return Couples(
        sum(len(list(_read(verdict))) for verdict in verdicts),
        share([float(one[1]) for one in counts], pairs),
        share([float(one[2]) for one in counts], pairs),
    )


def _read(verdict: Verdict) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Yield couples of readings, each the places shown, best first."""
    letters, orders = ascii_uppercase[: len(verdict.descriptions)], []
    for answer in verdict.answers[1:]:
        try:
            orders.append(read_order(answer, letters))
        except Wrong:
            continue
    yield from list(pairwise(orders))[::2]


def _count(first: Sequence[int], second: Sequence[int]) -> NDArray[np.float64]:
    """Count the pairs, those that agree, and those that go by place: first shown minus last shown."""
    count = len(first)
    place = np.argsort(first)  # of what was shown at each place of the first reading
    again = np.argsort(second)[::-1]  # the same pictures in the second
    rows, columns = np.triu_indices(count, k=1)
    earlier = place[rows] < place[columns]  # the first reading prefers what it was shown earlier
    later_too = again[rows] < again[columns]  # the second prefers the same one, which it was shown later
    by_first, by_last = earlier & ~later_too, ~earlier & later_too
    return np.array([len(rows), (earlier == later_too).sum(), by_first.sum() - by_last.sum()], np.float64)
