"""The rules by which tests of the audience are decided: those of production, and two that must fail."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from tests.benchmarks.audience.viewers import watch
from worker.trials.statistics import evidence
from worker.trials.statistics.imbalance import imbalance_of
from worker.trials.statistics.rates import lift_of, rate_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from tests.benchmarks.audience.viewers import Counts, ViewerModel
    from worker.trials.statistics.evidence import Maxima
    from worker.trials.statistics.rates import Rate

ALPHA = 0.05
TAU = 0.2


@dataclass
class Decided:
    """What became of tests."""

    tests: int
    winners: dict[int, int] = field(default_factory=dict)  #: the winning variant of each decided test
    outs: set[int] = field(default_factory=set)  #: tests in which a variant was proved worse than another
    alarms: set[int] = field(default_factory=set)  #: tests whose imbalance was told before any winner
    by_z: set[int] = field(default_factory=set)  #: tests that a z test at 5 % decides at some look
    by_chance: set[int] = field(default_factory=set)  #: and "the best with a chance over 95 %"

    def share(self, tests: Collection[int]) -> float:
        """Say of how many tests something is true."""
        return len(tests) / self.tests


def decide(
    audience: ViewerModel,
    tests: int,
    rng: np.random.Generator,
    *,
    is_controlled: bool = False,
    is_watched: bool = False,
) -> Decided:
    """Look at tests until each is decided, by the evidence alone: no first week, no guards.

    Args:
        audience: of all tests.
        tests: how many.
        rng: what is drawn from.
        is_controlled: decide by the rules that must fail, too; for two variants.
        is_watched: look at the imbalance of those that go on, too.
    """
    decided = Decided(tests)
    maxima: list[Maxima] = [{} for _ in range(tests)]
    going_on = list(range(tests))
    for seen, played in watch(audience, tests, rng):
        if is_controlled:
            _control(audience, seen, played, decided)
        impressions, plays = seen.tolist(), played.tolist()
        for test in going_on:
            buckets = [(impressions[test][a:b], plays[test][a:b]) for a, b in audience.ranges]
            if is_watched:
                alarm = imbalance_of([seen for seen, _ in buckets], {}, 1).is_alarm
                decided.alarms |= {test} if alarm else set()
            rates = [rate_of(*counts) for counts in buckets]
            if min(rate.outcomes for rate in rates) < evidence.MIN_PLAYS:
                continue
            maxima[test] = evidence.strengthen(maxima[test], rates, TAU)
            _note(test, rates, maxima[test], decided)
        going_on = [test for test in going_on if test not in decided.winners]
    return decided


def cover(audience: ViewerModel, tests: int, rng: np.random.Generator) -> float:
    """Find in which share of tests the interval, at all looks, holds the second variant's true lift."""
    truth = float(np.log(audience.lifts[1] / audience.lifts[0]))
    alpha = evidence.pair_alpha(ALPHA, len(audience.lifts))
    held = set(range(tests))
    for seen, played in watch(audience, tests, rng):
        impressions, plays = seen.tolist(), played.tolist()
        for test in list(held):
            rates = [rate_of(impressions[test][a:b], plays[test][a:b]) for a, b in audience.ranges]
            lift = lift_of(rates[1], rates[0])
            if lift and min(rate.outcomes for rate in rates) >= evidence.MIN_PLAYS:
                low, high = evidence.interval(lift, TAU, alpha)
                held -= set() if low <= truth <= high else {test}
    return len(held) / tests


def _note(test: int, rates: list[Rate], maxima: Maxima, decided: Decided) -> None:
    """Note what is proved of a test."""
    winner = evidence.proved_winner(maxima, rates, ALPHA)
    if winner is not None:
        decided.winners[test] = winner
    if any(evidence.is_proved(maxima, pair, rates, ALPHA) for pair in maxima):
        decided.outs.add(test)


def _control(audience: ViewerModel, seen: Counts, played: Counts, decided: Decided) -> None:
    """Decide between two variants as most tools do, which believe that viewers are coins."""
    middle = audience.ranges[0][1]
    n = np.stack([seen[:, :middle].sum(1), seen[:, middle:].sum(1)]).astype(float)
    y = np.stack([played[:, :middle].sum(1), played[:, middle:].sum(1)]).astype(float)
    is_enough = (y >= evidence.MIN_PLAYS).all(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        log: NDArray[np.float64] = np.log(y / n)
        z = np.abs(log[0] - log[1]) / np.sqrt(((1 - y / n) / y).sum(0))
    normal = NormalDist()
    decided.by_z |= set(np.flatnonzero(is_enough & (z > normal.inv_cdf(0.975))).tolist())
    decided.by_chance |= set(np.flatnonzero(is_enough & (z > normal.inv_cdf(0.95))).tolist())
