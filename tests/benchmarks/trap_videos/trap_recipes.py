"""What each trap video is made of: dealt from decks, so that everything is met about as often as its fellows.

A set of videos follows from its seed. Clips are dealt into groups, and a video holds clips of one group only:
a model can be trained on the other groups (`held_out.py`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from tests.benchmarks.trap_videos.clip_footage import ANIMATED
from tests.benchmarks.trap_videos.codings import CODINGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.random import Generator

    from tests.benchmarks.trap_videos.codings import Coding

Card = TypeVar("Card")

TUNING_SEEDS = (0, 1)  #: to find faults and to mend them
REPORTING_SEEDS = (2, 3, 4)  #: figures are reported from these
VIDEOS_PER_SEED = 24
VIDEOS_APART = 1000  #: so that no two sets share the seed of a video
GROUPS = 3
MIN_CLIPS_TO_GROUP = 9  #: fewer are one group: a video needs several clips

LENGTH_S = (15.0, 90.0)
SHORT_S = (1.2, 2.9)
MAX_LEAD_IN = 0.2  #: of the video
MAX_SHORT_LEAD_IN = 0.45
MAX_ENDING = 0.1

CASES = (
    *["ordinary"] * 8,
    *["single take"] * 2,
    *["short"] * 2,
    *["static"] * 2,
    *["dark"] * 2,
    *["animated"] * 2,
    *["screen recording"] * 2,
    *["vertical"] * 2,
    *["black and white"] * 2,
)
OVERLAYS = (*[""] * 9, *["watermark"] * 4, *["subtitles"] * 4, "letterbox", "pillarbox")
LEAD_INS = ("", "", "fade to black", "fade to black", "black", "logo", "title card", "color bars")
ENDINGS = ("", "", "fade to black", "credits", "black", "logo")


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that a video follows from."""

    seed: int
    group: int  #: of the clips
    clips: tuple[Path, ...]
    case: str
    length_s: float
    lead_in: str  #: what it opens with; "" for footage
    lead_in_s: float
    ending: str
    ending_s: float
    overlay: str
    coding: Coding
    suffix: str  #: of the file


def grouped(clips: Sequence[Path]) -> list[list[Path]]:
    """Deal clips into groups of a like size."""
    groups = GROUPS if len(clips) >= MIN_CLIPS_TO_GROUP else 1
    return [list(clips[number::groups]) for number in range(groups)]


def recipes(clips: Sequence[Path], seed: int, count: int) -> Iterator[Recipe]:
    """Deal a set of videos."""
    rng = np.random.default_rng(seed)
    groups = grouped(clips)
    animated = max(range(len(groups)), key=lambda n: sum(clip.name in ANIMATED for clip in groups[n]))
    decks = (_dealt(CASES, rng), _dealt(LEAD_INS, rng), _dealt(ENDINGS, rng), _dealt(OVERLAYS, rng))
    codings = _dealt(CODINGS, rng)
    for number in range(count):
        case, lead_in, ending, overlay = (next(deck) for deck in decks)
        coding = next(codings)
        group = animated if case == "animated" else number % len(groups)
        is_short = case == "short"
        length_s = rng.uniform(*SHORT_S) if is_short else math.exp(rng.uniform(*np.log(LENGTH_S)))
        yield Recipe(
            seed=seed * VIDEOS_APART + number,
            group=group,
            clips=_cast(groups[group], case, rng),
            case=case,
            length_s=length_s,
            lead_in=lead_in,
            lead_in_s=length_s * rng.uniform(0, MAX_SHORT_LEAD_IN if is_short else MAX_LEAD_IN),
            ending="" if is_short else ending,
            ending_s=length_s * rng.uniform(0, MAX_ENDING),
            overlay=overlay,
            coding=coding,
            suffix=str(rng.choice(coding.suffixes)),
        )


def _dealt(cards: Sequence[Card], rng: Generator) -> Iterator[Card]:
    """Deal all the cards in random order, again and again."""
    while True:
        yield from (cards[index] for index in rng.permutation(len(cards)).tolist())


def _cast(clips: Sequence[Path], case: str, rng: Generator) -> tuple[Path, ...]:
    """Choose the clips of a video. A single take has one: nothing in another shot helps the picker out."""
    order = [clips[index] for index in rng.permutation(len(clips)).tolist()]
    if case == "animated":
        order = [clip for clip in order if clip.name in ANIMATED] or order
    fewest, most = (1, 1) if case in {"single take", "short"} else (min(2, len(order)), len(order))
    return tuple(order[: int(rng.integers(fewest, most + 1))])
