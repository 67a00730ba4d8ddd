"""Read the numbers of a test once: what its rules ask for, in the words of statistics."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Self

from worker.database.states import TrialMetric
from worker.trials.statistics import evidence
from worker.trials.statistics.imbalance import Imbalance, imbalance_of
from worker.trials.statistics.outliers import kept, outliers_of
from worker.trials.statistics.posterior import chances_of_best
from worker.trials.statistics.rates import Rate, lift_of, rate_of
from worker.trials.sums import Sums

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from worker.trials.statistics.evidence import Maxima
    from worker.trials.verdict import Counted

_DAY = timedelta(days=1)
_LARGEST = (
    20.0  # of a logarithm that is written as a factor; more says no more, and some JSON knows no infinity
)


@dataclass(frozen=True, slots=True)
class PairReading:
    """By how much a variant is better than one that is behind it."""

    a: int
    b: int
    log_lift: float
    low: float  #: of the interval, as a logarithm
    high: float
    log_evidence: float  #: the most of all looks
    log_needed: float

    def is_within(self, share: float) -> bool:
        """Tell whether both surely differ by no more, whichever is the better one."""
        return max(-self.low, self.high) <= math.log1p(share)

    def in_numbers(self) -> dict[str, Any]:
        """Write it for people: lifts as shares, evidence as factors."""
        return {
            "a": self.a,
            "b": self.b,
            "lift": math.expm1(self.log_lift),
            "low": math.expm1(self.low),
            "high": math.expm1(self.high),
            "evidence": factor(self.log_evidence),
            "needed": factor(self.log_needed),
        }


@dataclass(frozen=True, slots=True)
class TrialReading:
    """What was counted of a test by now, without what no people did."""

    metric: TrialMetric
    alpha: float
    tau: float
    elapsed_days: float  #: since the first day on which its pictures were seen
    is_over: bool
    totals: tuple[Sums, ...]  #: of each variant
    filled: tuple[int, ...]  #: how many buckets of each variant somebody was seen of
    rates: tuple[Rate, ...]  #: by the metric of the test
    watch_rates: tuple[Rate, ...]  #: seconds for each impression
    halves: tuple[tuple[Sums, ...], tuple[Sums, ...]]  #: of the days, the older one first; each by variant
    imbalance: Imbalance
    maxima: Maxima
    left_out: int  #: buckets
    heavy: int  #: buckets that are unusually full, and counted

    @property
    def days(self) -> int:
        """The whole days that viewers have been counted."""
        return int(self.elapsed_days)

    @property
    def numbers(self) -> range:
        """The numbers of the variants."""
        return range(len(self.rates))

    @property
    def leader(self) -> int:
        """The variant with the highest rate."""
        return max(self.numbers, key=lambda number: self.rates[number].rate)

    @property
    def chances(self) -> list[float] | None:
        """The probability of each variant to be the best; None while a variance is unknown."""
        return chances_of_best(self.rates, self.tau)

    def others(self, number: int) -> list[int]:
        """List the variants beside one, the best of them first."""
        others = [other for other in self.numbers if other != number]
        return sorted(others, key=lambda other: -self.rates[other].rate)

    def pair(self, a: int, b: int) -> PairReading | None:
        """Compare two variants; None while a variance is unknown."""
        lift = lift_of(self.rates[a], self.rates[b])
        if lift is None:
            return None
        alpha = evidence.pair_alpha(self.alpha, len(self.rates))
        low, high = evidence.interval(lift, self.tau, alpha)
        return PairReading(a, b, lift.log_lift, low, high, self.maxima.get((a, b), 0.0), -math.log(alpha))

    def pairs(self) -> list[PairReading]:
        """Compare each two variants, the better one first."""
        found = []
        for a in sorted(self.numbers, key=lambda number: -self.rates[number].rate):
            worse = [b for b in self.others(a) if (-self.rates[b].rate, b) > (-self.rates[a].rate, a)]
            found += [pair for b in worse if (pair := self.pair(a, b))]
        return found

    def watch_pair(self, a: int, b: int) -> PairReading | None:
        """Compare what is watched of two variants; None where nothing was counted of it."""
        return replace(self, rates=self.watch_rates, maxima={}).pair(a, b)

    def is_watched(self, a: int, b: int) -> bool:
        """Tell whether a variant is not surely watched less than another: who only lures does not win."""
        if self.watch_rates[b].rate and not self.watch_rates[a].rate:
            return False
        pair = self.watch_pair(a, b)
        return pair is None or pair.high >= 0

    def lasts(self, a: int, b: int) -> bool:
        """Tell whether a variant is ahead of another in both halves of the days: what is only new fades."""
        return all(self._is_ahead(half[a], half[b]) for half in self.halves)

    def _is_ahead(self, a: Sums, b: Sums) -> bool:
        of_a, of_b = outcome(a, self.metric), outcome(b, self.metric)
        return of_a * b.impressions > of_b * a.impressions

    def with_maxima(self, maxima: Maxima) -> Self:
        """Take the evidence of this look in."""
        return replace(self, maxima=maxima)


def read(counted: Counted) -> TrialReading:
    """Add up what was counted.

    Raises:
        ValueError: a number is negative, or absurdly large.
    """
    buckets = [[counted.buckets.get(bucket, Sums()) for bucket in range(*ends)] for ends in counted.ranges]
    outliers = outliers_of([_impressions(variant) for variant in buckets])
    buckets = [[variant[at] for at in kept(_impressions(variant), outliers.ranks)] for variant in buckets]
    left_out = outliers.ranks * len(buckets)
    # Days are not kept by bucket, so what was left out cannot be taken from them.
    days = {} if left_out else {day: _impressions(sums) for day, sums in counted.days.items()}
    planned_days = math.ceil((counted.ends_at - counted.started_at) / _DAY) + 1
    return TrialReading(
        metric=counted.metric,
        alpha=counted.alpha,
        tau=counted.tau,
        elapsed_days=(counted.now - _began_at(counted)) / _DAY,
        is_over=counted.now >= counted.ends_at,
        totals=tuple(total(variant) for variant in buckets),
        filled=tuple(sum(sums.impressions > 0 for sums in variant) for variant in buckets),
        rates=tuple(_rate(variant, counted.metric) for variant in buckets),
        watch_rates=tuple(_rate(variant, TrialMetric.WATCH) for variant in buckets),
        halves=_halves(counted.days, len(buckets)),
        imbalance=imbalance_of([_impressions(variant) for variant in buckets], days, planned_days),
        maxima=_maxima(counted.evidence),
        left_out=left_out,
        heavy=outliers.heavy,
    )


def written(maxima: Maxima) -> dict[str, float]:
    """Write evidence for a row; `read` reads it again."""
    return {f"{a}>{b}": log for (a, b), log in maxima.items()}


def factor(log: float) -> float:
    """Write a logarithm as the factor that it stands for; more than 485 million is no more."""
    return math.exp(min(log, _LARGEST))


def outcome(sums: Sums, metric: TrialMetric) -> float:
    """Take what a test compares."""
    return sums.quality_plays if metric is TrialMetric.PLAYS else sums.watch_s


def total(sums: Iterable[Sums]) -> Sums:
    """Add up buckets, or days."""
    return Sums(*map(sum, zip(Sums(), *sums, strict=True)))


def _maxima(stored: Mapping[str, Any]) -> Maxima:
    pairs = ((key.split(">"), log) for key, log in stored.get("maxima", {}).items())
    return {(int(a), int(b)): float(log) for (a, b), log in pairs}


def _impressions(sums: Sequence[Sums]) -> list[int]:
    return [one.impressions for one in sums]


def _began_at(counted: Counted) -> datetime:
    """Find since when viewers are counted: a page may have got the snippet long after the test began."""
    seen = [day for day, sums in counted.days.items() if any(_impressions(sums))]
    first_at = datetime.combine(min(seen), time(), UTC) if seen else counted.started_at
    return max(counted.started_at, first_at)


def _rate(variant: Sequence[Sums], metric: TrialMetric) -> Rate:
    return rate_of(_impressions(variant), [outcome(sums, metric) for sums in variant])


def _halves(
    days: Mapping[date, tuple[Sums, ...]], variants: int
) -> tuple[tuple[Sums, ...], tuple[Sums, ...]]:
    """Add up the older and the newer half of the days; the one in the middle belongs to neither."""
    ordered = [days[day] for day in sorted(days)]
    half = len(ordered) // 2
    older, newer = ordered[:half], ordered[len(ordered) - half :]
    return (
        tuple(total(day[number] for day in older) for number in range(variants)),
        tuple(total(day[number] for day in newer) for number in range(variants)),
    )
