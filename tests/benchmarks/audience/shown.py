"""Were the variants shown as drawn? Audiences with a cache in front, and such that come back often."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from tests.benchmarks.audience.viewers import DAYS
from worker.trials.assignment import BUCKETS, bucket_ranges
from worker.trials.statistics.imbalance import imbalance_of

_LOOKS = 300
_STEP = 100  # impressions between two looks
_BEGAN = date(2026, 1, 5)


class Showing(NamedTuple):
    """How variants are shown, against how they were drawn."""

    shares: tuple[float, ...]  #: how often each is shown, against how often it was drawn
    pinned: float = 0.0  #: the share of the viewers whom a cache gives one bucket of the first variant
    returning: float = 0.0  #: of the impressions are not the first ones of their viewer's visit
    activity: float = 0.0  #: how unlike the buckets are, as in `ViewerModel`

    @property
    def is_as_drawn(self) -> bool:
        """Whether nothing is wrong."""
        return not self.pinned and len(set(self.shares)) == 1


class Alarms(NamedTuple):
    """What the alarm told."""

    share: float  #: of tests in which it was set off
    median: float  #: of the impressions by then; infinite where it was not in half of the tests


def alarms(tests: int, rng: np.random.Generator, shown: Showing) -> Alarms:
    """Look 300 times at tests with 100 new impressions each time, until the alarm is set off.

    Args:
        tests: how many.
        rng: what is drawn from.
        shown: of all tests.
    """
    ranges = bucket_ranges(len(shown.shares))
    chances = np.repeat(shown.shares, [end - begin for begin, end in ranges]) / BUCKETS
    found = [_alarm(rng, ranges, chances, shown) for _ in range(tests)]
    return Alarms(float(np.mean(np.isfinite(found))), float(np.median(found)))


def _alarm(
    rng: np.random.Generator,
    ranges: list[tuple[int, int]],
    chances: np.ndarray,
    shown: Showing,
) -> float:
    """Count the impressions at which the alarm of one test is set off."""
    _, pinned, returning, activity = shown
    own = chances * rng.gamma(activity**-2, activity**2, BUCKETS) if activity else chances
    all_days: dict[date, list[int]] = {}
    seen = np.zeros(BUCKETS, np.int64)
    for look in range(_LOOKS):
        new = rng.poisson(own * _STEP * (1 - returning) * (1 - pinned))
        new[0] += rng.poisson(pinned * _STEP * (1 - returning))
        if returning:
            new += rng.negative_binomial(np.maximum(new, 1e-9), 1 - returning)
        seen += new
        today = all_days.setdefault(_BEGAN + timedelta(days=look * DAYS // _LOOKS), [0] * len(ranges))
        for number, (begin, end) in enumerate(ranges):
            today[number] += int(new[begin:end].sum())
        if imbalance_of([seen[a:b].tolist() for a, b in ranges], all_days, DAYS + 1).is_alarm:
            return float(seen.sum())
    return float("inf")
