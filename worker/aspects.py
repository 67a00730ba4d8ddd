"""What people may ask of a video's picks: how many, and of which shape: `16:9`, or `source` for its own."""

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

MAX_COUNT = 20
"""So many picks may be asked for of one video: nobody looks through more, and each is stored and sent."""

# As cinemas, cameras and pages write it: 16:9, 16/9, 16x9, 1.85:1.
_ASPECT = re.compile(r"(\d{1,4}(?:\.\d{1,4})?)[:/x](\d{1,4}(?:\.\d{1,4})?)", re.IGNORECASE)


def parse_aspect(aspect: str) -> Fraction | None:
    """Read one ratio as width over height; None stands for `source`.

    Raises:
        ValueError: it is no aspect ratio, or beyond `MAX_RATIO`; the message names the valid forms.
    """
    if aspect.lower() == SOURCE:
        return None
    width, height = _sides(aspect)
    ratio = Fraction(width) / Fraction(height)
    if not Fraction(1, MAX_RATIO) <= ratio <= MAX_RATIO:
        raise ValueError(
            f"{aspect!r} is too narrow a strip: write a ratio from 1:{MAX_RATIO} to {MAX_RATIO}:1"
        )
    return ratio


def check_aspects(aspects: Iterable[str]) -> tuple[str, ...]:
    """Keep each ratio once, in the order given, and written with a colon.

    Raises:
        ValueError: as `parse_aspect`.
    """
    return tuple(dict.fromkeys(map(_with_colon, aspects)))


def _with_colon(aspect: str) -> str:
    """Write a ratio in the one form that files, rows and documents have."""
    return SOURCE if parse_aspect(aspect) is None else ":".join(map(_plain, _sides(aspect)))


def _sides(aspect: str) -> tuple[str, str]:
    match = _ASPECT.fullmatch(aspect)
    if match is None or not all(map(Fraction, match.groups())):
        raise ValueError(
            f"{aspect!r} is no aspect ratio: write WIDTH:HEIGHT, as 16:9, 16/9 or 1.85:1, or {SOURCE}"
        )
    return match[1], match[2]


def _plain(number: str) -> str:
    """Leave out zeros that say nothing."""
    whole, _, decimals = number.partition(".")
    decimals = decimals.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{decimals}" if decimals else "")
