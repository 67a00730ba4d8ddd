"""How much better one variant is than another: an interval on a scale, and the same in words.

The intervals hold at any time, however often somebody looks, so they may be shown while a test runs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from worker.review.trials.words import distance_words, lift_words
from worker.trials.saying import ordinal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ALIKE_WITHIN = 0.05  #: of the rates; as the verdict has it

_LEAST_REACH, _MOST_REACH = math.log(1.25), math.log(5)
_MARGIN = 1.06  # of the reach, so that no bar touches the edge
_TICKS = (-0.75, -0.5, -0.33, -0.2, -0.1, 0.1, 0.2, 0.5, 1.0, 2.0, 3.0)
_TICKS_APART = 14.0  # percent of the width: as wide as their words on a phone


class Tick(NamedTuple):
    """A mark of the scale."""

    at: float  #: percent of the width
    says: str


class LiftScale(NamedTuple):
    """A scale of lifts with none in the middle; twice as good is as far from it as half as good."""

    reach: float  #: log of the rates' ratio at its end

    def at(self, lift: float) -> float:
        """Place a lift: percent of the width, cut at the ends."""
        log = math.log1p(max(lift, -0.999))
        return round(50 + 50 * max(-1.0, min(1.0, log / self.reach)), 2)

    @property
    def ticks(self) -> list[Tick]:
        """Marks that have room, no lift among them."""
        found = [Tick(50.0, "alike")]
        for lift in sorted(_TICKS, key=abs):
            at = self.at(lift)
            has_room = all(abs(at - other.at) >= _TICKS_APART for other in found)
            if has_room and _TICKS_APART / 2 <= at <= 100 - _TICKS_APART / 2:
                found.append(Tick(at, lift_words(lift)))
        return sorted(found)


@dataclass(frozen=True, slots=True)
class LiftInterval:
    """How much better variant `a` is than `b`, as far as is known."""

    a: int
    b: int
    lift: float  #: a share: .18 is 18 % better
    low: float
    high: float
    evidence: float | None = None  #: that `a` is better
    needed: float | None = None  #: of it, for a proof

    @property
    def is_better(self) -> bool:
        """Whether `a` is surely better."""
        return self.low > 0

    @property
    def is_alike(self) -> bool:
        """Whether no difference that matters is left."""
        return self.low >= -ALIKE_WITHIN and self.high <= ALIKE_WITHIN

    @property
    def title(self) -> str:
        """What is compared with what."""
        return f"The {ordinal(self.a)} picture against the {ordinal(self.b)}"

    @property
    def said(self) -> str:
        """The interval, in words."""
        a, b = f"The {ordinal(self.a)} picture", f"the {ordinal(self.b)}"
        between = f"between {lift_words(self.low)} and {lift_words(self.high)}"
        if self.is_alike:
            return f"{a} and {b} are alike: the difference is surely {between}."
        if self.is_better:
            return f"{a} is better than {b} by {distance_words(self.lift)}: surely {between}."
        if self.high < 0:
            return f"{a} is worse than {b} by {distance_words(self.lift)}: surely {between}."
        return f"{a} may be better than {b}, or worse: the difference is {between}."


def read_intervals(pairs: Iterable[dict[str, Any]]) -> list[LiftInterval]:
    """Read the pairs of a look that have numbers: each once, from the side of the better one."""
    found: dict[frozenset[int], LiftInterval] = {}
    for pair in pairs:
        names = ("a", "b", "lift", "low", "high")
        if any(pair.get(name) is None for name in names):
            continue
        a, b, lift, low, high = (pair[name] for name in names)
        one = LiftInterval(a, b, lift, low, high, pair.get("evidence"), pair.get("needed"))
        key = frozenset((one.a, one.b))
        if key not in found or one.lift > found[key].lift:
            found[key] = one
    return [_from_better(one) for one in found.values()]


def _from_better(one: LiftInterval) -> LiftInterval:
    """Turn a pair round where the other one is ahead; its evidence was for one direction only."""
    if one.lift >= 0:
        return one
    lift, low, high = (_turned(value) for value in (one.lift, one.high, one.low))
    return LiftInterval(one.b, one.a, lift, low, high)


def _turned(lift: float) -> float:
    return math.inf if lift <= -1 else 1 / (1 + lift) - 1


def scale_of(intervals: Sequence[LiftInterval]) -> LiftScale:
    """Make the scale on which all of them fit, as far as there is room."""
    ends = [math.log1p(max(end, -0.999)) for one in intervals for end in (one.low, one.high)]
    reach = max((abs(end) for end in ends), default=0.0)
    return LiftScale(_MARGIN * max(_LEAST_REACH, min(reach, _MOST_REACH)))
