"""How many impressions a test needs, said before it starts and when it ends without an answer."""

from __future__ import annotations

import math
from statistics import NormalDist

_Z = NormalDist().inv_cdf(0.975) + NormalDist().inv_cdf(0.8)  # two-sided 5 %, seen in 80 % of tests
# Looking at any time, and at viewers instead of coins, costs up to this much more than the fixed number of
# the textbook; by then four of five tests of two variants are decided (docs/learning.md, "The proof").
_TIMES_FIXED = 4


def impressions_needed(rate: float, lift: float, variants: int) -> int:
    """Count the impressions, of all variants together, by which four of five tests are decided.

    Four times the fixed sample of two proportions (Fleiss, Statistical Methods for Rates and Proportions,
    1981): n = z^2 (p (1 - p) + q (1 - q)) / (p - q)^2 for each variant, q = p (1 + lift).

    Args:
        rate: quality plays for each impression, over 0 and under 1.
        lift: that is to be seen, as a share: 0.2 for 20 % more plays.
        variants: of the test.

    Raises:
        ValueError: there is no such rate or lift.
    """
    if not (0 < rate < 1 and lift > 0):
        raise ValueError("a rate lies between 0 and 1, and a lift is over 0")
    better = min(rate * (1 + lift), 1.0)
    fixed = _Z**2 * (rate * (1 - rate) + better * (1 - better)) / (better - rate) ** 2
    return math.ceil(_TIMES_FIXED * variants * fixed)


def impressions_needed_of_spread(spread: float, lift: float, variants: int) -> int:
    """Count them by a measured spread, for what is no share of impressions: seconds watched.

    Args:
        spread: the variance of the logarithm of a rate, times the impressions that it was measured from.
        lift: as a share.
        variants: of the test.
    """
    fixed = _Z**2 * 2 * spread / math.log1p(lift) ** 2
    return math.ceil(_TIMES_FIXED * variants * fixed)
