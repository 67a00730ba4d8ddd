"""Bounds of means are those of Student's t, as its tables have them."""

from __future__ import annotations

import math

import pytest

from worker.learning.t_quantile import mean_of, t_quantile


# NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2.
@pytest.mark.parametrize(
    ("alpha", "degrees", "expected"),
    [
        (0.05, 1, 6.314),
        (0.05, 2, 2.920),
        (0.01, 10, 2.764),
        (0.01, 29, 2.462),
        (0.025, 30, 2.042),
        (0.001, 60, 3.232),
        (0.01, 100, 2.364),
    ],
)
def test_it_has_the_values_of_the_table(alpha: float, degrees: int, expected: float) -> None:
    """Of few and of many degrees, odd and even."""
    assert t_quantile(alpha, degrees) == pytest.approx(expected, abs=0.0006)


def test_with_many_values_it_is_that_of_the_normal_distribution() -> None:
    """Also far out, where spent alpha leads."""
    assert t_quantile(1e-6, 100_001) == pytest.approx(4.7534, abs=0.001)


def test_a_single_value_has_no_bound() -> None:
    """Nothing is known of its error."""
    one = mean_of(1, 0.3, 0.09)

    assert (one.mean, one.low(0.01), one.high(0.01)) == (0.3, -math.inf, math.inf)


def test_the_bounds_lie_around_the_mean_as_far_as_the_error_says() -> None:
    """Of 1, 2, 3 the standard error is 1 / sqrt(3)."""
    three = mean_of(3, 6.0, 14.0)

    assert three.mean == 2
    assert three.low(0.05) == pytest.approx(2 - 2.920 / math.sqrt(3), abs=0.001)
    assert three.high(0.05) == pytest.approx(2 + 2.920 / math.sqrt(3), abs=0.001)
