"""How large the errors of a scripted judge have to be, so that a given share of its pairs is right."""

from __future__ import annotations

import math
from itertools import combinations
from statistics import NormalDist, fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_SIGMA = 1e6
STEPS = 60


def sigma_for(share_of_pairs: float, videos: Sequence[Sequence[float]] = (tuple(range(10)),)) -> float:
    """Find the sigma for `scripts.knows` by which a single reading has this share of pairs right.

    Args:
        share_of_pairs: 0.5 to 1, exclusive; 0.5 gives errors beside which worth counts for nothing.
        videos: of each, the worths of its pictures; equal ones are no pair. By default ten
            different places.
    """
    gaps = [abs(a - b) for worths in videos for a, b in combinations(worths, 2) if a != b]
    low, high = 1e-6, MOST_SIGMA
    for _ in range(STEPS):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if share_right(gaps, middle) > share_of_pairs else (low, middle)
    return high


def share_right(gaps: Sequence[float], sigma: float) -> float:
    """Compute the share of pairs that stay in order.

    The difference of two Gaussian errors of one sigma is Gaussian, with sigma times the root of two.
    """
    errors = NormalDist(0.0, sigma * math.sqrt(2.0))
    return fmean(map(errors.cdf, gaps))
