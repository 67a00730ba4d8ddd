"""How sure a rate is, is measured between the buckets of viewers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.trials.statistics.rates import lift_of, rate_of

counts = st.lists(st.tuples(st.integers(1, 10_000), st.integers(0, 500)), min_size=2, max_size=128)


def test_a_rate_and_its_variance_are_those_computed_by_hand() -> None:
    """Of three buckets."""
    # R = 6 / 60; u = 1 - 1, 2 - 2, 3 - 3 + ... with n = 10, 20, 30 and y = 2, 1, 3: u = 1, -1, 0
    rate = rate_of([10, 20, 30], [2, 1, 3])
    assert rate.rate == pytest.approx(0.1)
    assert rate.variance == pytest.approx(3 / 2 * 2 / 36)


def test_a_bucket_of_which_nobody_was_seen_counts_as_a_bucket() -> None:
    """It was drawn, too."""
    full, with_empty = rate_of([10, 20, 30], [2, 1, 3]), rate_of([10, 20, 30, 0], [2, 1, 3, 0])
    assert with_empty.rate == full.rate
    assert with_empty.variance == pytest.approx(4 / 3 * 2 / 36)


def test_viewers_that_differ_make_a_rate_less_sure_than_coins_would_be() -> None:
    """With the same sums."""
    alike, unlike = rate_of([100] * 64, [9, 11] * 32), rate_of([100] * 64, [2, 18] * 32)
    assert alike.rate == unlike.rate
    assert unlike.variance == pytest.approx(64 * alike.variance)


@pytest.mark.parametrize(
    ("impressions", "outcomes"),
    [
        ([], []),
        ([0, 0], [0, 0]),
        ([10, 20], [0, 0]),
        ([50], [5]),
        ([0, 50, 0], [0, 5, 0]),
        ([10, 20], [1, 2]),
    ],
)
def test_where_nothing_varies_nothing_is_known(impressions: list[int], outcomes: list[int]) -> None:
    """And no lift is."""
    rate = rate_of(impressions, outcomes)
    assert rate.variance is None
    assert lift_of(rate, rate_of([10, 20], [2, 1])) is None


@pytest.mark.parametrize("absurd", [-1, math.nan, math.inf, 1e16])
def test_absurd_counts_are_refused(absurd: float) -> None:
    """With what to do."""
    with pytest.raises(ValueError, match="correct what was counted"):
        rate_of([absurd, 10], [1, 1])
    with pytest.raises(ValueError, match="correct what was counted"):
        rate_of([10, 10], [1, absurd])


@given(counts, st.integers(2, 1000))
def test_the_unit_of_outcomes_is_of_no_matter(buckets: list[tuple[int, int]], times: int) -> None:
    """Seconds or minutes."""
    seen, done = zip(*buckets, strict=True)
    one, other = rate_of(seen, done), rate_of(seen, [times * each for each in done])
    assert other.rate == pytest.approx(times * one.rate)
    assert (one.variance is None) == (other.variance is None)
    assert other.variance == pytest.approx(one.variance)


@given(counts)
def test_the_order_of_buckets_is_of_no_matter(buckets: list[tuple[int, int]]) -> None:
    """They are drawn by chance."""
    one, other = rate_of(*zip(*buckets, strict=True)), rate_of(*zip(*reversed(buckets), strict=True))
    assert one.variance == pytest.approx(other.variance)


def test_the_largest_counts_do_not_overflow() -> None:
    """Nor lose their digits."""
    rate = rate_of([10**15] * 64, [10**14, 10**15] * 32)
    assert rate.variance == pytest.approx(64 / 63 * 64 * 0.45**2 / (64 * 0.55) ** 2)
