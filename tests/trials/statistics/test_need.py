"""How many impressions a test needs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.trials.statistics.need import impressions_needed, impressions_needed_of_spread


@pytest.mark.parametrize(
    ("rate", "lift", "needed"),
    [(0.05, 0.2, 65_000), (0.015, 0.2, 226_000), (0.3, 0.2, 7_700), (0.05, 0.5, 12_000)],
)
def test_two_variants_need_four_times_the_fixed_sample(rate: float, lift: float, needed: int) -> None:
    """By then, four of five were decided when it was measured."""
    assert impressions_needed(rate, lift, 2) == pytest.approx(needed, rel=0.05)


@given(st.floats(0.001, 0.4), st.floats(0.01, 1), st.integers(2, 4))
def test_a_smaller_lift_and_more_variants_need_more(rate: float, lift: float, variants: int) -> None:
    """Impressions."""
    assert impressions_needed(rate, lift / 2, variants) > impressions_needed(rate, lift, variants)
    assert impressions_needed(rate, lift, variants + 1) > impressions_needed(rate, lift, variants)


@pytest.mark.parametrize(("rate", "lift"), [(0, 0.2), (1, 0.2), (-0.1, 0.2), (0.05, 0)])
def test_a_need_of_nothing_is_refused(rate: float, lift: float) -> None:
    """With what it takes."""
    with pytest.raises(ValueError, match="rate lies between"):
        impressions_needed(rate, lift, 2)


def test_the_need_by_a_measured_spread_is_about_that_of_plays_where_viewers_are_alike() -> None:
    """Both speak of the same."""
    coins = (1 - 0.05) / 0.05  # the spread of the log of a rate of coins
    assert impressions_needed_of_spread(coins, 0.2, 2) == pytest.approx(
        impressions_needed(0.05, 0.2, 2), rel=0.15
    )
