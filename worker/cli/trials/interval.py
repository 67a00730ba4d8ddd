"""Draws an interval as a line of text, for any terminal."""

from __future__ import annotations

WIDTH = 41  #: an odd number of places, so that one is in the middle
# The ends of the scale, as shares: the first that holds the interval; beyond the last, it is cut off.
SCALES = (0.1, 0.2, 0.5, 1.0, 2.0)


def interval_bar(low: float, lift: float, high: float) -> str:
    """Draw where a lift surely lies: "-20 % .....[===|==o==].... +20 %"; "|" is no difference.

    Args:
        low: the end of the interval, as a share; .1 is better by 10 %.
        lift: the best guess.
        high: the other end.
    """
    reach = max(abs(low), abs(high))
    end = next((scale for scale in SCALES if scale >= reach), SCALES[-1])
    first, guess, last = (_place(value, end) for value in (low, lift, high))
    line = ["."] * WIDTH
    line[first : last + 1] = ["="] * (last + 1 - first)
    line[first], line[last] = "[", "]"
    line[WIDTH // 2] = "|"
    line[guess] = "o"
    return f"{-end:+.0%} {''.join(line)} {end:+.0%}"


def _place(value: float, end: float) -> int:
    return round((max(-end, min(end, value)) / end + 1) / 2 * (WIDTH - 1))
