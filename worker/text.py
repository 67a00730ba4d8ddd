"""Put values into words for people."""

from __future__ import annotations

import math
import re
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import timedelta

_MILLISECONDS = 1000
_SECONDS = 60
# Seconds of each, the longest first; an age is told in the longest unit of which it has at least one.
_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))
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
        "learned": ("your viewers", "liked by your viewers"),
        "judge": ("the judge", "preferred by the judge"),
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
        "by_hand": "the first without what was learned from viewers",
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
# What a judge finds at fault in a picture. It may be wrong as well, so all of it is said to be the judge's.
_JUDGE_FAULTS = MappingProxyType(
    {
        "eyes_closed": "eyes closed",
        "head_cut": "head cut off",
        "transition": "between two pictures",
        "text": "text over the picture",
        "unsafe": "unsafe",
    }
)
# How much a judge may decide.
_SAYS = MappingProxyType(
    {
        "nothing": "it is not asked",
        "veto": "it may leave out what it finds at fault, and orders nothing",
        "ties": "it may leave out what it finds at fault, and decide between frames of nearly the same score",
        "lead": "its order counts before the score",
    }
)

_TOO_LIKE = re.compile(r"too like (pick \d+)")
_TOO_CLOSE = re.compile(r"within [\d.]+ s of (pick (\d+))")
_OUTSCORED = "outscored"

_ESCAPES = MappingProxyType({"\n": r"\n", "\t": r"\t", "\r": r"\r", "\\": r"\\", "'": r"\'"})


def clock(time_s: float) -> str:
    """Write a moment as mm:ss.mmm; minutes go on counting after an hour.

    It is rounded up, because a player that seeks to a time shows the last frame that has begun by then.
    """
    seconds, milliseconds = divmod(math.ceil(time_s * _MILLISECONDS - _MICROSECOND), _MILLISECONDS)
    minutes, seconds = divmod(seconds, _SECONDS)
    return f"{minutes:02}:{seconds:02}.{milliseconds:03}"


def short_clock(time_s: float) -> str:
    """Write a moment as 0:07.7, for what has no room for more; `clock` writes it so that it can be sought."""
    minutes, tenths = divmod(round(time_s * 10), 10 * _SECONDS)
    return f"{minutes}:{tenths // 10:02}.{tenths % 10}"


def length_words(duration_s: float) -> str:
    """Write how long a video is, as players do: 1:02, or 1:02:03 from an hour on."""
    minutes, seconds = divmod(round(duration_s), _SECONDS)
    hours, minutes = divmod(minutes, _SECONDS)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def format_age(span: timedelta) -> str:
    """Say how long ago something was, e.g. "3 min"; what is still to come reads "in 3 min"."""
    is_to_come = span.total_seconds() < 0
    seconds = max(round(abs(span.total_seconds())), is_to_come)
    size, unit = next((step for step in _UNITS if seconds >= step[0]), _UNITS[-1])
    return f"{'in ' if is_to_come else ''}{seconds // size} {unit}"


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


def judge_fault_words(names: Iterable[str]) -> str:
    """Say what a judge finds at fault, e.g. "eyes closed, text over the picture"."""
    return ", ".join(_JUDGE_FAULTS.get(name) or _as_words(name) for name in names)


def veto_words(names: Iterable[str]) -> str:
    """Say why a frame was left out that a judge finds at fault, e.g. "eyes closed, says the judge"."""
    return f"{judge_fault_words(names)}, says the judge"


def said_by_judge(subject: str, names: Iterable[str], place: int | None, pictures: int) -> str:
    """Say what a judge said of a picture, e.g. "“a boat at sea”, place 2 of 12; text over the picture".

    Args:
        subject: in the judge's words, which are shown as such.
        names: of the faults that it finds.
        place: 1 = best; None where it gave no order.
        pictures: how many it was shown.
    """
    quoted = f"“{printable(subject)}”" if subject else ""
    placed = f"place {place} of {pictures}" if place else ""
    faults = judge_fault_words(names)
    return "; ".join(filter(None, [", ".join(filter(None, [quoted, placed])), faults]))


def say_words(say: str) -> str:
    """Say how much a judge may decide."""
    return _SAYS.get(say) or _as_words(say)


def lost_words(why: str, score: float | None, picks: Mapping[int, float]) -> str:
    """Say why a frame was not picked, e.g. "looks like pick 2"; commas stand between faults.

    Args:
        why: as the pipeline wrote it down.
        score: of the frame; None where it was left out before scoring.
        picks: the score of each pick, by its rank.
    """
    if like := _TOO_LIKE.fullmatch(why):
        return f"looks like {like[1]}"
    if close := _TOO_CLOSE.fullmatch(why):
        rank = int(close[2])
        was_better = score is not None and score > picks.get(rank, math.inf)
        return f"close in time to {close[1]}" + (", which differs more" if was_better and rank > 1 else "")
    if why == _OUTSCORED:
        was_better = score is not None and any(score > pick for pick in picks.values())
        return "differs less from the picks" if was_better else "others score higher"
    return ", ".join(fault_words(name) for name in why.split(", "))


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
