"""Where eyes stay shut as long as a still reaches, the next candidate of the scene is shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from worker.pipeline.frames import Box, Candidate, Cues, Eyes, Look, Scored, Still
from worker.pipeline.open_eyes import MAX_OTHERS_OF_VIDEO, take_open_eyed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from worker.pipeline.open_eyes import Taken

GOOD = Cues(0.5, 0.4, 0.0, 0.1, 0.5, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0)
BLURRED = GOOD._replace(relative_sharpness=0.1)
RGB = np.zeros((180, 320, 3), np.uint8)


class StillTaker:
    """Stands in for a decoder: shows one man, whose eyes are as wide as is said of each moment."""

    def __init__(self, eye_openings: Mapping[float, float], left_px: Mapping[float, int]) -> None:
        self.asked_s: list[float] = []
        self._eye_openings, self._left_px = eye_openings, left_px

    def take_stills(self, _video: object, times_s: Sequence[float], *_: object, **__: object) -> list[Still]:
        """Show the man at each moment."""
        self.asked_s += times_s
        return [self._still(time_s) for time_s in times_s]

    def _still(self, time_s: float) -> Still:
        opening, left = self._eye_openings[time_s], self._left_px.get(time_s, 100)
        look = Look(Box(left, 50, left + 90, 170), 1.0, opening, 0.5, 0.55, 0.0, 0.0, is_inside=True)
        return Still(time_s, RGB, (look,), Eyes.NARROW if opening < 0.23 else Eyes.OPEN)


def scored(time_s: float, score: float, shot: int = 0, cues: Cues = GOOD) -> Scored:
    """A candidate and its score."""
    return Scored(Candidate(time_s, shot, RGB, cues), np.ones(1, np.float32), (), {"all": score}, score)


def taken(
    winners: Sequence[Scored],
    others: Sequence[Scored],
    eye_openings: Mapping[float, float],
    left_px: Mapping[float, int] | None = None,
) -> tuple[list[Taken], list[float]]:
    """What is taken, and all moments that were looked at."""
    decoder = StillTaker(eye_openings, left_px or {})
    found = take_open_eyed(winners, others, Path(), decoder, None, lambda _: None)  # type: ignore[arg-type]
    return found, decoder.asked_s


def test_the_next_candidate_of_the_scene_is_taken_where_it_shows_the_eyes_open() -> None:
    """The better one by score, of those with open eyes."""
    others = [scored(3.0, 5), scored(6.0, 7)]
    [one], _ = taken([scored(0.0, 9)], others, {0.0: 0.18, 3.0: 0.3, 6.0: 0.3})

    assert one.scored.candidate.time_s == 6.0
    assert one.still.eyes is Eyes.OPEN


def test_narrow_by_nature_costs_nothing() -> None:
    """His eyes are as wide elsewhere: the winner stays, and nothing is said of them."""
    [one], _ = taken([scored(0.0, 9)], [scored(3.0, 5)], {0.0: 0.18, 3.0: 0.19})

    assert one.scored.candidate.time_s == 0.0
    assert one.still.eyes is Eyes.NARROW


def test_open_eyes_need_no_other_look() -> None:
    """The usual case costs nothing."""
    _, asked_s = taken([scored(0.0, 9)], [scored(3.0, 5)], {0.0: 0.3})

    assert asked_s == [0.0]


@pytest.mark.parametrize(
    "other",
    [scored(3.0, 5, shot=1), scored(3.0, 5, cues=BLURRED), scored(0.5, 5)],
    ids=["another shot", "a defect", "the same half second"],
)
def test_what_is_no_other_moment_of_the_scene_is_not_tried(other: Scored) -> None:
    """And without a comparison nothing is said."""
    [one], asked_s = taken([scored(0.0, 9)], [other], {0.0: 0.18})

    assert asked_s == [0.0]
    assert one.still.eyes is Eyes.NARROW


def test_another_man_is_no_measure() -> None:
    """He sits elsewhere in the picture."""
    [one], _ = taken([scored(0.0, 9)], [scored(3.0, 5)], {0.0: 0.18, 3.0: 0.3}, {3.0: 210})

    assert one.scored.candidate.time_s == 0.0


def test_a_pick_with_shut_eyes_says_so() -> None:
    """The open-eyed moment is too near to another pick, so it cannot be taken."""
    winners = [scored(0.0, 9), scored(4.0, 8)]
    found, _ = taken(winners, [scored(3.0, 5)], {0.0: 0.18, 4.0: 0.3, 3.0: 0.3})

    assert [one.scored.candidate.time_s for one in found] == [0.0, 4.0]
    assert [one.still.eyes for one in found] == [Eyes.SHUT, Eyes.OPEN]


def test_a_video_of_narrow_eyes_is_not_looked_at_for_ever() -> None:
    """There is a bound for all picks together."""
    winners = [scored(10.0 * shot, 9, shot) for shot in range(6)]
    others = [scored(10.0 * shot + step, 5, shot) for shot in range(6) for step in (2, 4, 6)]
    openings = {one.candidate.time_s: 0.18 for one in [*winners, *others]}

    _, asked_s = taken(winners, others, openings)

    assert len(asked_s) == len(winners) + MAX_OTHERS_OF_VIDEO
