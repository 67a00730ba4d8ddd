"""Put values into words for people."""

from __future__ import annotations

import math
from types import MappingProxyType

_MILLISECONDS = 1000
_SECONDS = 60
_MICROSECOND = 0.001  # in milliseconds: finer than any time here, coarser than what binary fractions lose

# Names of the parts of a score: what each measures, and how it reads where it decided for a frame.
_PARTS = MappingProxyType(
    {
        "taste": ("taste", "stronger picture"),
        "appeal": ("clean picture", "cleaner picture"),
        "relevance": ("title", "closer to the title"),
        "faces": ("face", "clearer face"),
        "text": ("text", "less text in it"),
        "sharpness": ("sharpness", "sharper"),
        "stillness": ("stillness", "less motion"),
        "light": ("light", "better light"),
        "surroundings": ("frames around it", "better frames around it"),
    }
)
# Reasons that are no part of a score.
_REASONS = MappingProxyType(
    {
        "another_scene": "another scene",
        "another_moment": "another moment",
        "kept": "picked before, and nothing is clearly better",
        "preferred": "in a range that you prefer",
        "close_call": "hardly better than the next best",
        "only_choice": "nothing else was left",
        "no_text": "no text in it",
        "eyes_open": "eyes open",
        "eyes_shut": "although eyes are shut",
        "chosen": "chosen by a person",
    }
)
# What makes a frame unfit. A gate may be wrong: what is not certain is not said as if it were.
_FAULTS = MappingProxyType(
    {
        "black": "nearly black",
        "white": "nearly white",
        "blank": "nearly one colour",
        "color bars": "like a test pattern",
        "title card": "mostly flat areas",
        "transition": "perhaps in a fade",
        "blurred": "not sharp",
        "blocky": "coarse blocks",
        "corrupt": "as if data were missing",
        "moving": "much motion",
        "avoided": "in a range to avoid",
        "start or end": "at the start or end",
        "like a better neighbour": "like a better frame beside it",
    }
)

_ESCAPES = MappingProxyType({"\n": r"\n", "\t": r"\t", "\r": r"\r", "\\": r"\\", "'": r"\'"})


def clock(time_s: float) -> str:
    """Write a moment as mm:ss.mmm; minutes go on counting after an hour.

    It is rounded up, because a player that seeks to a time shows the last frame that has begun by then.
    """
    seconds, milliseconds = divmod(math.ceil(time_s * _MILLISECONDS - _MICROSECOND), _MILLISECONDS)
    minutes, seconds = divmod(seconds, _SECONDS)
    return f"{minutes:02}:{seconds:02}.{milliseconds:03}"


def part_words(name: str) -> str:
    """Say what a part of the score measures, e.g. "light", whether it counts for a frame or against it."""
    return _PARTS[name][0] if name in _PARTS else _as_words(name)


def reason_words(name: str) -> str:
    """Say what a frame had over the runner-up, e.g. "better light", or despite what it was picked."""
    if name in _PARTS:
        return _PARTS[name][1]
    return f"although {_FAULTS[name]}" if name in _FAULTS else _REASONS.get(name) or _as_words(name)


def is_fault(name: str) -> bool:
    """Tell a defect of a frame from what it was picked for."""
    return name in _FAULTS


def fault_words(name: str) -> str:
    """Say why a frame was left out, no surer than the measurement was."""
    return _FAULTS.get(name) or _as_words(name)


def _as_words(name: str) -> str:
    """Turn a name that we do not know, e.g. one that an earlier version stored, into words."""
    return name.replace("_", " ").replace("-", " ")


def file_words(name: str) -> str:
    """Write the name of a file as it was typed; quoted as a shell takes it where it is empty or odd."""
    if name and name == name.strip() and name.isprintable():
        return name
    if name.isprintable():
        return f"'{name}'" if "'" not in name else f'"{name}"'
    # Bash and zsh read this back, and it cannot steer a terminal.
    return f"$'{''.join(map(_escaped, name))}'"


def _escaped(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    if letter.isprintable():
        return letter
    return "".join(f"\\x{byte:02x}" for byte in letter.encode("utf-8", "surrogateescape"))


def printable(text: str) -> str:
    """Replace what text from outside may hide: bytes that are no text, and codes that steer a terminal."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
