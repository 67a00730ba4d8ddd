"""How sure a measurement makes us that a frame shows something."""

from __future__ import annotations

CERTAIN = 0.5
"""Confidence (0..1) from which something measured counts as seen."""


def ramp(value: float, zero_at: float, one_at: float) -> float:
    """Turn a measurement into a confidence: 0 up to one level, 1 from the other on, linear between them.

    Args:
        value: what was measured.
        zero_at: the level up to which it means nothing.
        one_at: the level from which it is sure; below `zero_at` where small values are the telling ones.
    """
    return min(1.0, max(0.0, (value - zero_at) / (one_at - zero_at)))
