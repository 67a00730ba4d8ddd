"""Bounds of means by Student's t, without numpy: the dispatcher needs them, too."""

from __future__ import annotations

import math
from typing import NamedTuple

_HALVINGS = 60
_FAR = 1e4  # further than any bound that is asked for


def t_quantile(alpha: float, degrees: int) -> float:
    """Find what Student's t exceeds with probability `alpha` (below one half).

    The distribution of a whole number of degrees of freedom is a finite sum (Abramowitz and Stegun, 26.7.3
    and 26.7.4); its inverse is found by halving.

    Raises:
        ValueError: there are no degrees of freedom.
    """
    if degrees < 1:
        raise ValueError("a bound needs at least two values")
    low, high = 0.0, _FAR
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _beyond(middle, degrees) > alpha else (low, middle)
    return (low + high) / 2


def _beyond(t: float, degrees: int) -> float:
    """Tell how often Student's t is larger than a positive number."""
    angle = math.atan(t / math.sqrt(degrees))
    is_odd, cosine2 = degrees % 2, math.cos(angle) ** 2
    term = math.cos(angle) if is_odd else 1.0
    total = term if degrees > 1 else 0.0
    for factor in range(2 if is_odd else 1, degrees - 2, 2):
        term *= cosine2 * factor / (factor + 1)
        total += term
    within = math.sin(angle) * total
    if is_odd:
        within = 2 / math.pi * (angle + within)
    return (1 - within) / 2


class Mean(NamedTuple):
    """A mean, and how surely it is known."""

    size: int
    mean: float
    error: float  #: its standard error

    def low(self, alpha: float) -> float:
        """Find the bound that the truth is below with probability `alpha` only; none of a single value."""
        return self.mean - t_quantile(alpha, self.size - 1) * self.error if self.size > 1 else -math.inf

    def high(self, alpha: float) -> float:
        """Find the bound that the truth is above with probability `alpha` only."""
        return self.mean + t_quantile(alpha, self.size - 1) * self.error if self.size > 1 else math.inf


def mean_of(count: int, total: float, squares: float) -> Mean:
    """Compute a mean from how many values there are, their sum, and that of their squares."""
    if count < 2:  # noqa: PLR2004 - a spread needs two
        return Mean(count, total if count else 0.0, 0.0)
    mean = total / count
    variance = max(0.0, squares - count * mean**2) / (count - 1)
    return Mean(count, mean, math.sqrt(variance / count))
