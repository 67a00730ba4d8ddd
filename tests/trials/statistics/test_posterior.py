"""How probable it is that a variant is the best."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

from worker.trials.statistics.posterior import chances_of_best
from worker.trials.statistics.rates import Rate

TAU = 0.2


def _rates(*logs_and_variances: tuple[float, float]) -> list[Rate]:
    return [Rate(1000, 150, math.exp(log), variance) for log, variance in logs_and_variances]


def test_of_two_it_is_that_of_the_shrunken_lift() -> None:
    """By a formula."""
    lift, v = 0.1, 0.02
    chance = NormalDist().cdf(lift / math.sqrt(v) * math.sqrt(TAU**2 / (TAU**2 + v)))
    assert chances_of_best(_rates((-3 + lift, 0.012), (-3, 0.008)), TAU) == pytest.approx(
        [chance, 1 - chance]
    )


@pytest.mark.parametrize(
    "variants",
    [
        [(-3.0, 0.01), (-2.9, 0.01), (-3.1, 0.01)],
        [(-3.0, 0.001), (-2.95, 0.03), (-3.1, 0.01), (-2.99, 0.005)],
        [(-1.0, 0.2), (-1.3, 0.0005), (-1.1, 0.01)],
    ],
)
def test_of_more_it_is_what_drawing_from_the_posterior_finds(variants: list[tuple[float, float]]) -> None:
    """The same prior as one normal law of all variants, with a level of nearly any size."""
    logs, own = np.array([log for log, _ in variants]), TAU**2 / 2
    level = logs.mean()
    noise, size = np.diag([v for _, v in variants]), len(variants)
    prior = own * np.eye(size) + 100
    gain = prior @ np.linalg.inv(prior + noise)
    spread = prior - gain @ prior
    mean = level + gain @ (logs - level)
    drawn = np.random.default_rng(4).multivariate_normal(mean, (spread + spread.T) / 2, 400_000)
    shares = np.bincount(drawn.argmax(1), minlength=size) / len(drawn)
    assert chances_of_best(_rates(*variants), TAU) == pytest.approx(shares.tolist(), abs=0.004)


def test_equal_variants_have_equal_chances() -> None:
    """Of four, a quarter each."""
    assert chances_of_best(_rates(*[(-3, 0.01)] * 4), TAU) == pytest.approx([0.25] * 4)


def test_nothing_is_said_while_a_variance_is_unknown() -> None:
    """Of any of them."""
    assert chances_of_best([Rate(1000, 150, 0.15, 0.01), Rate(10, 0, 0, None)], TAU) is None


def test_a_hopeless_variant_does_not_underflow() -> None:
    """Its chance is 0."""
    chances = chances_of_best(_rates((-1, 1e-6), (-9, 1e-6), (-9, 1e-6)), TAU)
    assert chances == pytest.approx([1, 0, 0])
