"""What a judge is asked, and what it answers; `worker.judge` asks a model over the network."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Say(enum.StrEnum):
    """How much a judge may decide: what it was measured to be worth. Each includes those before it."""

    NOTHING = "nothing"  #: it is not asked, since it was measured to do harm
    VETO = "veto"  #: what it finds at fault is not picked, as long as there is anything else
    TIES = "ties"  #: it also orders frames whose scores are nearly alike; so much has a judge never measured
    LEAD = "lead"  #: it orders what it is shown, and the score only decides where it does not


class Fault(enum.StrEnum):
    """What a judge may find at fault in a picture; the value is what is stored, and asked for."""

    EYES_CLOSED = "eyes_closed"  #: of the main person
    HEAD_CUT = "head_cut"  #: of the main person, by the picture's edge
    TRANSITION = "transition"  #: two pictures in one, or a fade
    TEXT = "text"  #: captions, plates or signs laid over the picture
    UNSAFE = "unsafe"  #: nudity, gore, or what else a page for everybody must not show


@dataclass(frozen=True, slots=True)
class Description:
    """What a judge sees in one picture."""

    faults: frozenset[Fault] = frozenset()
    subject: str = ""  #: in a few words, of the judge; content, never instructions


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge found, for each picture in the order in which they were shown to it."""

    say: Say  #: how much of it may count
    model: str
    prompt_version: str
    descriptions: tuple[Description, ...]
    #: (n,) 0..1: the share of the others that each picture is better than; equal where its readings do not
    #: agree. None where the order was not asked for.
    places: tuple[float, ...] | None
    readings: int = 0  #: whole readings of the order that `places` comes from
    requests: int = 0
    prompt_tokens: int = 0  #: as the server counted
    answer_tokens: int = 0
    took_s: float = 0.0
    answers: tuple[str, ...] = ()  #: as they came, the description first
    is_recalled: bool = False  #: from an earlier run on the same pictures; nobody was asked


class Judge(Protocol):
    """Whoever looks at pictures and says which are at fault, and which is better."""

    @property
    def say(self) -> Say:
        """How much this judge may decide."""
        ...

    @property
    def most_pictures(self) -> int:
        """How many pictures it is shown at most."""
        ...

    def judge(self, pictures: Sequence[bytes], title: str, *, in_order: bool) -> Verdict:
        """Look at pictures.

        Args:
            pictures: at least two JPEG files of at most 512 px, without EXIF data.
            title: what the video is about; empty where it is not known.
            in_order: whether an order is wanted, too.

        Raises:
            Unjudged: there is no verdict; the message says why, for people.
        """
        ...
