"""Judges without a server: they say of pictures what a script says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from worker.pipeline.judging.verdict import Description, Say, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def verdict(
    say: Say, places: Sequence[float] | None, descriptions: Sequence[Description] = (), readings: int = 6
) -> Verdict:
    """Return what a judge found; nothing is at fault in what is not described."""
    told = tuple(descriptions) or (Description(subject="a scene"),) * len(places or ())
    return Verdict(say, "a-model", "1", told, None if places is None else tuple(places), readings)


def shares(worths: Sequence[float]) -> tuple[float, ...]:
    """Turn what pictures are worth into the share of the others that each is better than; ties count half."""
    others = max(1, len(worths) - 1)
    return tuple(
        (sum(one > other for other in worths) + (sum(one == other for other in worths) - 1) / 2) / others
        for one in worths
    )


@dataclass
class ScriptedJudge:
    """A judge who knows what each picture is worth, and what is wrong with it."""

    say: Say = Say.LEAD
    worth: Callable[[bytes], float] = lambda _picture: 0.0
    describe: Callable[[bytes], Description] = lambda _picture: Description(subject="a scene")
    most_pictures: int = 12
    error: Exception | None = None  #: raised in place of a verdict
    #: pictures, title and whether an order was wanted, of each time it was asked
    asked: list[tuple[tuple[bytes, ...], str, bool]] = field(default_factory=list)

    def judge(self, pictures: Sequence[bytes], title: str, *, in_order: bool) -> Verdict:
        """Say of pictures what the script says."""
        self.asked.append((tuple(pictures), title, in_order))
        if self.error is not None:
            raise self.error
        places = shares([self.worth(picture) for picture in pictures]) if in_order else None
        return verdict(self.say, places, [self.describe(picture) for picture in pictures])
