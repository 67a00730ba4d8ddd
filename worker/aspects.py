"""Aspect ratios as people write them: `16:9`, or `source` for the video's own shape."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SOURCE = "source"  #: the aspect that means the whole still

MAX_RATIO = 10
"""One side of a crop is at most so many times as long as the other.

The flattest picture that pages use is a leaderboard of 728x90 (8.1:1), the tallest a skyscraper of 160x600;
beyond, a ratio is a slip of the hand, and the crop a strip of a few pixels."""

_ASPECT = re.compile(r"([1-9]\d{0,3}):([1-9]\d{0,3})")


def parse_aspect(aspect: str) -> Fraction | None:
    """Read one ratio as width over height; None stands for `source`.

    Raises:
        ValueError: it is no aspect ratio, or beyond `MAX_RATIO`; the message names the valid forms.
    """
    if aspect == SOURCE:
        return None
    match = _ASPECT.fullmatch(aspect)
    if match is None:
        raise ValueError(f"{aspect!r} is no aspect ratio: write WIDTH:HEIGHT, as 16:9, or {SOURCE}")
    ratio = Fraction(int(match[1]), int(match[2]))
    if not Fraction(1, MAX_RATIO) <= ratio <= MAX_RATIO:
        raise ValueError(
            f"{aspect!r} is too narrow a strip: write a ratio from 1:{MAX_RATIO} to {MAX_RATIO}:1"
        )
    return ratio


def check_aspects(aspects: Iterable[str]) -> tuple[str, ...]:
    """Keep each ratio once, in the order given. Raises ValueError as `parse_aspect`."""
    kept = tuple(dict.fromkeys(aspects))
    for aspect in kept:
        parse_aspect(aspect)
    return kept
