"""Files of every odd kind, damaged at random places: what tells of them is read by parsers of our own."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import av

from tests.support.faults.media_corpus import Hostile, damaged
from tests.support.media.odd_files import KINDS
from tests.support.media.odd_files.kind import NotMade

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.support.media.odd_files.kind import OddFile

FIRST_NUMBER = 10_000  #: of these files, far from those of `media_corpus`
DAMAGE = ("truncated", "flipped")
_ORDINARY = {"codecs", "extreme sizes"}

ODD = [kind for kind in KINDS if kind.group not in _ORDINARY]
ONE_OF_EACH_GROUP = list({kind.group: kind for kind in ODD}.values())


def corpus(
    folder: Path, kinds: Sequence[OddFile], *, seed: int, take_turns: bool = False
) -> Iterator[Hostile]:
    """Make each kind once and damage it; a file depends on the seed, its kind and the damage alone.

    Args:
        folder: where files are made, and removed again.
        kinds: what to make; a kind that this machine has no encoder for is left out.
        seed: where the damage is.
        take_turns: True for one way of damage for each kind, by turns; False for every way.
    """
    number = FIRST_NUMBER
    for turn, kind in enumerate(kinds):
        path = folder / kind.file_name
        try:
            kind.make(path)
        except (NotMade, ValueError, av.FFmpegError):  # no encoder for it on this machine
            continue
        content = path.read_bytes()
        path.unlink()
        for damage in (DAMAGE[turn % len(DAMAGE)],) if take_turns else DAMAGE:
            chance = random.Random(f"{seed}/{kind.name}/{damage}")  # noqa: S311 - it has to be repeatable
            yield Hostile(number, damage, kind.suffix, damaged(damage, kind.suffix, content, chance))
            number += 1
