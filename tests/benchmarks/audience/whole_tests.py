"""Tests of the audience that are judged as in production, by all rules in their order."""

from __future__ import annotations

import collections
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.benchmarks.audience.rules import ALPHA, TAU
from tests.benchmarks.audience.viewers import DAYS, watch
from worker.trials.judging import judge
from worker.trials.sums import Sums
from worker.trials.verdict import Counted

if TYPE_CHECKING:
    from datetime import date

    from tests.benchmarks.audience.viewers import ViewerModel
    from worker.database.states import TrialMetric

_BEGAN = datetime(2026, 1, 5, tzinfo=UTC)
_WATCHED_S = 60.0  # of each play, on average
_STEADINESS = 0.3  # most go soon, and few stay long: the deviation is 1.8 times the average


def judged(
    audience: ViewerModel, tests: int, rng: np.random.Generator, metric: TrialMetric
) -> collections.Counter[tuple[str, int | None]]:
    """Judge tests at each look until they end, and count the outcomes with the variants that won."""
    outcomes: collections.Counter[tuple[str, int | None]] = collections.Counter()
    going_on: dict[int, dict[str, Any]] = {test: {} for test in range(tests)}
    days: list[dict[date, tuple[Sums, ...]]] = [{} for _ in range(tests)]
    before = [[Sums()] * len(audience.lifts) for _ in range(tests)]  # by the end of yesterday
    watched_s = np.zeros((tests, audience.ranges[-1][1]))
    last = np.zeros_like(watched_s, dtype=np.int64)
    for look, (seen, played) in enumerate(watch(audience, tests, rng)):
        watched_s += _WATCHED_S / _STEADINESS * rng.standard_gamma(_STEADINESS * (played - last))
        last = played.copy()
        now = _BEGAN + timedelta(days=(look + 1) * DAYS / audience.looks)
        counts = seen.tolist(), played.tolist(), watched_s.tolist()
        ends_day = (look + 1) * DAYS // audience.looks > look * DAYS // audience.looks
        for test, evidence in list(going_on.items()):
            buckets = [
                Sums(n, y, y, s, s * s) for n, y, s in zip(*(count[test] for count in counts), strict=True)
            ]
            totals = [_total(buckets[a:b]) for a, b in audience.ranges]
            today = (_BEGAN + timedelta(days=look * DAYS / audience.looks)).date()
            days[test][today] = tuple(
                _less(now, then) for now, then in zip(totals, before[test], strict=True)
            )
            before[test] = totals if ends_day else before[test]
            verdict = judge(_counted(audience, metric, buckets, days[test], now, evidence))
            going_on[test] = verdict.evidence
            if verdict.outcome:
                outcomes[verdict.outcome.value, verdict.winner] += 1
                del going_on[test]
    return outcomes


def _counted(
    audience: ViewerModel,
    metric: TrialMetric,
    buckets: list[Sums],
    days: dict[date, tuple[Sums, ...]],
    now: datetime,
    evidence: dict[str, Any],
) -> Counted:
    return Counted(
        tuple(audience.ranges),
        dict(enumerate(buckets)),
        days,
        metric,
        ALPHA,
        TAU,
        _BEGAN,
        now,
        _BEGAN + timedelta(days=DAYS),
        evidence,
    )


def _total(buckets: list[Sums]) -> Sums:
    return Sums(*map(sum, zip(*buckets, strict=True)))


def _less(now: Sums, then: Sums) -> Sums:
    return Sums(
        now.impressions - then.impressions,
        now.plays - then.plays,
        now.quality_plays - then.quality_plays,
        now.watch_s - then.watch_s,
        now.watch_s2 - then.watch_s2,
    )
