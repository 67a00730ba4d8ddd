"""How probable it is that a variant is the best, given how far apart pictures usually are.

It decides no test: "over 95 %" crowns a false winner in two of three tests of equal pictures when one looks
daily. It only sorts those that ran out of time.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.trials.statistics.rates import Rate

# The trapezoid rule is exact to many digits for functions like a normal density (Trefethen and Weideman, SIAM
# Review 56, 2014); steps as parts of a standard deviation. Four deviations hold all but 6e-5.
_LEVELS = [float(step) for step in range(-4, 5)]
_STEPS = [step * 0.5 for step in range(-8, 9)]


def chances_of_best(rates: Sequence[Rate], tau: float) -> list[float] | None:
    """Find for each variant the probability that its rate is the highest; None while a variance is unknown.

    The logarithms of the rates lie around a common level about which nothing is known beforehand, each by
    N(0, tau^2 / 2), so that two of them differ by N(0, tau^2). For two variants this is
    Phi(L / sqrt(v) * sqrt(tau^2 / (tau^2 + v))).

    Args:
        rates: of all variants.
        tau: how far apart two pictures are expected to be, as a log of rates.
    """
    known = [(math.log(rate.rate), rate.variance) for rate in rates if rate.variance is not None]
    if len(known) < len(rates):
        return None
    if len(known) == 2:  # noqa: PLR2004 - two need no quadrature
        (first, of_first), (second, of_second) = known
        v = of_first + of_second
        chance = NormalDist().cdf((first - second) / math.sqrt(v) * tau / math.sqrt(tau**2 + v))
        return [chance, 1 - chance]
    own = tau**2 / 2
    weights = [1 / (variance + own) for _, variance in known]
    level = sum(weight * log for weight, (log, _) in zip(weights, known, strict=True)) / sum(weights)
    sums = [0.0] * len(known)
    for step in _LEVELS:
        at = level + step / math.sqrt(sum(weights))
        means = [(log * own + at * variance) / (own + variance) for log, variance in known]
        deviations = [math.sqrt(own * variance / (own + variance)) for _, variance in known]
        density = math.exp(-step * step / 2)
        for number in range(len(known)):
            sums[number] += density * _chance(number, means, deviations)
    return [one / sum(sums) for one in sums]


def _chance(number: int, means: list[float], deviations: list[float]) -> float:
    """Integrate the chance that one of independent normal values is over all others, times a constant."""
    scales = [deviation * math.sqrt(2) for deviation in deviations]
    others = [other for other in range(len(means)) if other != number]
    total = 0.0
    for step in _STEPS:
        value = means[number] + step * deviations[number]
        chance = math.exp(-step * step / 2)
        for other in others:
            chance *= 0.5 * math.erfc((means[other] - value) / scales[other])
        total += chance
    return total
