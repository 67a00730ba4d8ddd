"""What a day brings: how many videos at which hour, of which account, and what is told of each."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY_S = 86_400.0
HOURS = 24
A_MILLION = 1_000_000

# The day: a plateau, and an evening on it. With these, a million videos come, and 50 a second at the peak.
PLATEAU_PER_S, PEAK_PER_S = 3.5, 50.0
PEAK_HOUR = 20.0
_EVENING_S = (A_MILLION - PLATEAU_PER_S * DAY_S) / ((PEAK_PER_S - PLATEAU_PER_S) * math.sqrt(2 * math.pi))

ACCOUNTS = 40
SLOPE = 1.1  #: the n-th account has a share of 1 / n ** SLOPE, as sizes of firms and of sites have (Zipf)

EDITED = 0.03  #: share of videos that are edited within the minute
DELETED = 0.02  #: that are deleted soon
UNUSABLE = 0.005  #: that the platform cannot process
TOLD_TWICE = 0.01  #: of all events


class Told(NamedTuple):
    """One event, so many seconds after the video came."""

    after_s: float
    kind: EventKind
    is_repeat: bool = False  #: the same delivery as the one before it


@dataclass(frozen=True, slots=True)
class Video:
    """One video of the day."""

    number: int
    came_s: float  #: of the day
    account: str
    told: list[Told] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Its name at the platform."""
        return f"video-{self.number}"


def per_s(hour: float) -> float:
    """Return how many videos come in a second at this hour (0..24)."""
    distance_s = 3600 * min(abs(hour - PEAK_HOUR), HOURS - abs(hour - PEAK_HOUR))
    return PLATEAU_PER_S + (PEAK_PER_S - PLATEAU_PER_S) * math.exp(-0.5 * (distance_s / _EVENING_S) ** 2)


def day(videos: int, seed: int = 1, hours: int = HOURS) -> Iterator[Video]:
    """Cut windows out of the day, each at the rate of its hour, so that all hold about `videos`.

    Args:
        videos: in all windows.
        seed: the same one brings the same day.
        hours: how many windows, evenly spread; the peak hour is one of them.

    Yields:
        The videos, in the order in which they come.
    """
    chance = random.Random(seed)  # noqa: S311 - no secret
    chosen = sorted((PEAK_HOUR + number * HOURS / hours) % HOURS for number in range(hours))
    window_s = videos / sum(per_s(hour) for hour in chosen)
    shares = [1 / rank**SLOPE for rank in range(1, ACCOUNTS + 1)]
    number = 0
    for hour in chosen:
        came_s = 3600 * hour
        until_s = came_s + window_s
        while (came_s := came_s + chance.expovariate(per_s(hour))) < until_s:
            rank = chance.choices(range(ACCOUNTS), shares)[0]
            number += 1
            yield Video(number, came_s, f"account-{rank}", list(_told(chance)))


def _told(chance: random.Random) -> Iterator[Told]:
    """Draw what a platform like Mux tells of a video: three to six events."""
    for told in _story(chance):
        yield told
        if chance.random() < TOLD_TWICE:
            yield Told(told.after_s + chance.uniform(0, 5), told.kind, is_repeat=True)


def _story(chance: random.Random) -> Iterator[Told]:
    yield Told(0.0, EventKind.OTHER)  # it was uploaded
    if chance.random() < UNUSABLE:
        yield Told(2.0, EventKind.FAILED)
        return
    ready_s = chance.uniform(1.0, 10.0)
    yield Told(ready_s, EventKind.READY)
    yield Told(ready_s + chance.uniform(0.5, 20.0), EventKind.RENDITION_READY)
    if chance.random() < EDITED:
        yield Told(ready_s + chance.uniform(5.0, 60.0), EventKind.EDITED)
    if chance.random() < DELETED:
        yield Told(ready_s + chance.uniform(1.0, 120.0), EventKind.DELETED)
