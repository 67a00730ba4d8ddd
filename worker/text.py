"""Put values into words for people."""

from __future__ import annotations

import math

_MILLISECONDS = 1000
_SECONDS = 60
_MICROSECOND = 0.001  # in milliseconds: finer than any time here, coarser than what binary fractions lose


def clock(time_s: float) -> str:
    """Write a moment as mm:ss.mmm; minutes go on counting after an hour.

    It is rounded up, because a player that seeks to a time shows the last frame that has begun by then.
    """
    seconds, milliseconds = divmod(math.ceil(time_s * _MILLISECONDS - _MICROSECOND), _MILLISECONDS)
    minutes, seconds = divmod(seconds, _SECONDS)
    return f"{minutes:02}:{seconds:02}.{milliseconds:03}"


def as_words(name: str) -> str:
    """Turn the name of a reason or of a part of the score into words: "rule of thirds"."""
    return name.replace("_", " ").replace("-", " ")


def printable(text: str) -> str:
    """Replace what text from outside may hide: bytes that are no text, and codes that steer a terminal."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
