"""The simulation of readings knows a perfect judge, a coin, and one whose errors do not cancel out."""

from __future__ import annotations

import numpy as np

from tests.benchmarks.judge.readings import best_is_first
from tests.support.judge_server.noise import sigma_for

TEN = [np.arange(10.0)] * 20


def test_a_judge_without_errors_finds_the_best() -> None:
    """In one reading, and in six."""
    assert best_is_first(TEN, 1, 1e-9, np.random.default_rng(0)) == 1.0
    assert best_is_first(TEN, 6, 1e-9, np.random.default_rng(0)) == 1.0


def test_a_coin_finds_it_in_one_of_ten() -> None:
    """However often it is asked."""
    assert 0.05 < best_is_first(TEN, 6, 1e6, np.random.default_rng(0)) < 0.15


def test_readings_help_where_errors_are_drawn_anew_only() -> None:
    """As the documentation says of models that make the same errors each time."""
    sigma = sigma_for(0.92)
    one, six = (best_is_first(TEN, readings, sigma, np.random.default_rng(0)) for readings in (1, 6))
    stubborn = best_is_first(TEN, 6, sigma, np.random.default_rng(0), is_stubborn=True)

    assert six > one + 0.1
    assert abs(stubborn - one) < 0.1
