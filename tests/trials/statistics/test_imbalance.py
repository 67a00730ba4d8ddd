"""The alarm tells when variants were not shown as they were drawn."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.trials.statistics.imbalance import dispersion, imbalance_of, log_bayes_factor

MONDAY = date(2026, 11, 2)


def _buckets(total: int, buckets: int = 64) -> list[int]:
    return [total // buckets] * buckets


def _week(*counts: tuple[int, int]) -> dict[date, tuple[int, int]]:
    return {MONDAY + timedelta(days=day): pair for day, pair in enumerate(counts)}


def test_the_bayes_factor_is_that_computed_by_hand() -> None:
    """By the urn of Polya."""
    # a = 100, 100; one impression: the same under both; two of one: (100 * 101) / (200 * 201) against 1/4
    assert log_bayes_factor([1, 0], [0.5, 0.5]) == pytest.approx(0)
    assert log_bayes_factor([2, 0], [0.5, 0.5]) == pytest.approx(math.log(100 * 101 / (200 * 201) * 4))


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=4))
def test_the_order_of_variants_is_of_no_matter(counts: list[int]) -> None:
    """Up to what rounding does to a billion impressions."""
    even = [1 / len(counts)] * len(counts)
    one, other = log_bayes_factor(counts, even), log_bayes_factor(counts[::-1], even)
    assert math.isfinite(one)
    assert one == pytest.approx(other, rel=1e-6, abs=1e-3)


def test_variants_of_unlike_sizes_are_expected_to_be_shown_unlike() -> None:
    """128 buckets do not split evenly in three."""
    assert not imbalance_of(
        [_buckets(42_000, 42), _buckets(43_000, 43), _buckets(43_000, 43)], {}, 28
    ).is_alarm
    assert imbalance_of([_buckets(64_000), _buckets(60_000)], {}, 28).is_alarm


def test_no_impressions_are_no_alarm() -> None:
    """And are shared as drawn."""
    nothing = imbalance_of([[0] * 64, [0] * 64], {}, 28)
    assert not nothing.is_alarm
    assert nothing.shares == [0.5, 0.5]


def test_a_single_wrong_day_is_told_with_its_date() -> None:
    """Also where another day hides it in the whole test."""
    days = _week((1000, 1000), (1160, 840), (840, 1160), (1000, 1000))
    alarm = imbalance_of([_buckets(4096), _buckets(4096)], days, 28)
    assert alarm.is_alarm
    assert alarm.day in {MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)}
    assert not imbalance_of([_buckets(4096), _buckets(4096)], _week((1000, 1000), (1040, 960)), 28).is_alarm


def test_days_share_one_per_cent_of_false_alarms_with_the_whole_test() -> None:
    """Were each of 28 days judged by itself, an alarm at 100 would be false far more often."""
    rng = np.random.default_rng(6)
    by_rule = by_day = 0
    for _ in range(1500):
        first = rng.binomial(2000, 0.5, 28)
        days = {MONDAY + timedelta(days=day): (int(n), int(2000 - n)) for day, n in enumerate(first)}
        whole = [_buckets(64 * int(sum(n) // 64)) for n in zip(*days.values(), strict=True)]
        by_rule += imbalance_of(whole, days, 28).is_alarm
        by_day += any(log_bayes_factor(pair, [0.5, 0.5]) >= math.log(100) for pair in days.values())
    assert by_rule <= 4
    assert by_day >= 15


def test_viewers_who_come_back_often_are_no_imbalance() -> None:
    """Half of the difference would be an alarm, were each impression another viewer's."""
    rng = np.random.default_rng(3)
    alarms = coins = 0
    for _ in range(200):
        buckets = rng.poisson(400 * rng.gamma(1 / 0.09, 0.09, (2, 64))).tolist()
        alarms += imbalance_of(buckets, {}, 28).is_alarm
        coins += log_bayes_factor([sum(each) for each in buckets], [0.5, 0.5]) >= math.log(100)
    assert alarms <= 2
    assert coins >= 100


def test_a_cache_that_fills_one_bucket_is_no_viewer_who_comes_back() -> None:
    """A full bucket of one variant does not make all counts doubtful."""
    rng = np.random.default_rng(3)
    first, second, third = rng.poisson(80, (3, 43)).tolist()
    first[7] += 1000
    assert dispersion([first, second, third]) < 1.3
    assert imbalance_of([first, second, third], {}, 28).is_alarm
    assert dispersion([first, second]) < 2
