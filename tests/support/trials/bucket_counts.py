"""Tests of pictures with made-up counts, ready to be judged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from worker.database.states import TrialMetric
from worker.trials.assignment import bucket_ranges
from worker.trials.sums import Sums
from worker.trials.verdict import Counted

if TYPE_CHECKING:
    from collections.abc import Sequence

BEGAN_AT = datetime(2026, 11, 2, tzinfo=UTC)


def bucket(place: int, impressions: int, rate: float, watch_s: float, spread: float) -> Sums:
    """Fill a bucket whose viewers play more, or less, than others by a share that alternates."""
    plays = round(impressions * rate * (1 + spread * (-1) ** place))
    return Sums(impressions, plays, plays, plays * watch_s, plays * watch_s**2)


def counted(
    rates: Sequence[float],
    *,
    impressions: int = 400,
    watch_s: Sequence[float] | None = None,
    spread: float = 0.1,
    days: float = 10,
    unseen_days: int = 0,
    of_days: int = 28,
    newer_rates: Sequence[float] | None = None,
    metric: TrialMetric = TrialMetric.PLAYS,
    evidence: dict[str, Any] | None = None,
    changed: dict[int, Sums] | None = None,
) -> Counted:
    """Make a test up.

    Args:
        rates: plays for each impression, of each variant.
        impressions: of each bucket.
        watch_s: seconds of each play, of each variant; 60 without it.
        spread: how unlike the buckets are.
        days: that have passed.
        unseen_days: as many of them, the first ones, on which nobody was shown anything.
        of_days: that it may go on.
        newer_rates: of the newer half of the days; the same without it.
        metric: what is compared.
        evidence: of the look before.
        changed: buckets that hold something else.
    """
    watch_s = watch_s or [60.0] * len(rates)
    ranges = bucket_ranges(len(rates))
    buckets = {
        place: bucket(place, impressions, rates[number], watch_s[number], spread)
        for number, ends in enumerate(ranges)
        for place in range(*ends)
    } | (changed or {})
    passed = max(int(days), 1)
    each_day = {}
    for day in range(unseen_days, passed):
        of_day = rates if day < passed / 2 else newer_rates or rates
        of_variant = [
            bucket(0, impressions * (end - begin) // passed, rate, seconds, 0.0)
            for (begin, end), rate, seconds in zip(ranges, of_day, watch_s, strict=True)
        ]
        each_day[(BEGAN_AT + timedelta(days=day)).date()] = tuple(of_variant)
    return Counted(
        ranges=tuple(ranges),
        buckets=buckets,
        days=each_day,
        metric=metric,
        alpha=0.05,
        tau=0.2,
        started_at=BEGAN_AT,
        now=BEGAN_AT + timedelta(days=days),
        ends_at=BEGAN_AT + timedelta(days=of_days),
        evidence=evidence or {},
    )
