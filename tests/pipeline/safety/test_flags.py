"""What is known to be unsafe, by a judge or the finder, and how far one goes to show something else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tests.pipeline.selection.test_diversity import content, frame
from worker.pipeline.frames import ByJudge
from worker.pipeline.judging.verdict import Fault
from worker.pipeline.judging.vetoes import find_unsafe
from worker.pipeline.safety.finder import UnsafeFinder
from worker.pipeline.safety.flags import Flags
from worker.pipeline.selection.diversity import pick_diverse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from worker.pipeline.frames import Rgb, Scored

COUNT = 20


class NumberFinder(UnsafeFinder):
    """Flags frames by the number that is written in their first pixel."""

    def __init__(self, *unsafe: int) -> None:
        self.unsafe, self.seen = set(unsafe), list[int]()

    def likelihood(self, picture: Rgb | bytes) -> float:
        """Say 1 of those numbers."""
        assert not isinstance(picture, bytes)
        self.seen.append(int(picture[0, 0, 0]))
        return float(self.seen[-1] in self.unsafe)


def video() -> list[Scored]:
    """Return frames of as many scenes, the best first; each has its number in it."""
    frames = [frame(20.0 * n, COUNT - n, content(n), shot=n) for n in range(COUNT)]
    return [
        replace(one, candidate=replace(one.candidate, rgb=np.full((9, 16, 3), n, np.uint8)))
        for n, one in enumerate(frames)
    ]


def chosen(flags: Flags) -> list[int]:
    """Choose two picks."""

    def choose(vetoed: Mapping[int, str]) -> tuple[list[int]]:
        return (pick_diverse(flags.scored, 2, vetoed=vetoed)[0],)

    return flags.choose(choose)[0]


def judged(scored: Sequence[Scored], faults: Mapping[int, set[Fault]]) -> list[Scored]:
    """Let a judge have seen these frames."""
    return [
        replace(one, by_judge=ByJudge("a street", tuple(faults[n]), None, len(faults)))
        if n in faults
        else one
        for n, one in enumerate(scored)
    ]


def test_safe_picks_are_looked_at_once() -> None:
    """And nothing else is."""
    finder = NumberFinder(5, 6)

    picks = chosen(Flags(video(), finder))

    assert sorted(finder.seen) == sorted(picks)
    assert len(picks) == 2


def test_after_a_few_rounds_everything_is_looked_at() -> None:
    """So that one safe frame among many others is found, and each was looked at once."""
    finder = NumberFinder(*set(range(COUNT)) - {7})
    flags = Flags(video(), finder)

    assert chosen(flags) == [7]
    assert sorted(finder.seen) == list(range(COUNT))
    assert flags.vetoed() == dict.fromkeys(set(range(COUNT)) - {7}, "unsafe")


def test_where_everything_is_flagged_the_best_are_chosen_all_the_same() -> None:
    """A playable video always gets a pick."""
    scored = video()

    assert chosen(Flags(scored, NumberFinder(*range(COUNT)))) == chosen(Flags(scored, None))


def test_what_a_judge_calls_unsafe_counts_the_same() -> None:
    """With no finder at all."""
    scored = judged(video(), {0: {Fault.UNSAFE}, 1: {Fault.UNSAFE, Fault.TEXT}, 2: set()})

    flags = Flags.of(scored, None, find_unsafe(scored), {})

    assert set(flags.vetoed()) == {0, 1}
    assert not {0, 1} & set(chosen(flags))


def test_a_judges_other_vetoes_give_way_before_an_unsafe_frame_is_shown() -> None:
    """Eyes that are closed are better than what nobody may see."""
    scored = judged(video()[:3], {0: {Fault.UNSAFE}, 1: {Fault.EYES_CLOSED}, 2: set()})
    vetoed = {0: "unsafe, says the judge", 1: "eyes closed, says the judge"}

    flags = Flags.of(scored, NumberFinder(2), find_unsafe(scored), vetoed)

    assert chosen(flags) == [1]
    assert set(flags.vetoed()) == {0, 2}
