"""Where eyes stay shut as long as a still reaches, the next candidate of the scene is shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

from worker.local.fates import why_taken
from worker.pipeline.frames import Box, Candidate, Cues, Eyes, FaceLook, Scored, Still
from worker.pipeline.open_eyes import MAX_OTHERS_OF_VIDEO, take_open_eyed
from worker.pipeline.options import Options
from worker.pipeline.result import take_picks
from worker.pipeline.selection.reasons import Explanation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Eye = float | None  # None where the face cannot be read

GOOD = Cues(0.5, 0.4, 0.0, 0.1, 0.5, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0)
BLURRED = GOOD._replace(relative_sharpness=0.1)
RGB = np.zeros((180, 320, 3), np.uint8)


class StillTaker:
    """Stands in for a decoder: shows people, whose eyes are as wide as is said of each moment."""

    def __init__(
        self, eye_openings: Mapping[float, Eye | tuple[Eye, ...]], left_px: Mapping[float, int]
    ) -> None:
        self.asked_s: list[float] = []
        self._eye_openings, self._left_px = eye_openings, left_px

    def take_stills(self, _video: object, times_s: Sequence[float], *_: object, **__: object) -> list[Still]:
        """Show them at each moment."""
        self.asked_s += times_s
        return [self._still(time_s) for time_s in times_s]

    def _still(self, time_s: float) -> Still:
        of_everybody = self._eye_openings[time_s]
        openings = of_everybody if isinstance(of_everybody, tuple) else (of_everybody,)
        looks = [
            FaceLook(Box(left, 50, left + 90, 170), 1.0, opening, 0.5, 0.55, 0.0, 0.0, is_inside=True)
            for number, opening in enumerate(openings)
            if opening is not None
            for left in [self._left_px.get(time_s, 100) + 300 * number]
        ]
        measured = [opening for opening in openings if opening is not None]
        eyes = Eyes.NARROW if measured and min(measured) < 0.23 else Eyes.OPEN
        return Still(time_s, RGB, tuple(looks), eyes if looks else Eyes.UNKNOWN)


def scored(
    time_s: float, score: float, shot: int = 0, cues: Cues = GOOD, like_s: float | None = None
) -> Scored:
    """A candidate and its score; it shows what no other does, but that of `like_s`."""
    embedding = np.eye(100, dtype=np.float32)[round(time_s if like_s is None else like_s)]
    return Scored(Candidate(time_s, shot, RGB, cues), embedding, (), {"all": score}, score)


def models() -> SimpleNamespace:
    """Stands in for what cuts a still: nothing is found in it."""
    return SimpleNamespace(
        faces=SimpleNamespace(yunet=None, find=lambda _rgb: ()),
        text=SimpleNamespace(find=lambda _rgb, _side_px: ()),
        foreground=SimpleNamespace(find=lambda _rgb: np.zeros((144, 256), np.float32)),
    )


class Shown(NamedTuple):
    """What is shown for one pick."""

    time_s: float
    eyes: Eyes


def taken(
    winners: Sequence[Scored],
    others: Sequence[Scored],
    eye_openings: Mapping[float, Eye | tuple[Eye, ...]],
    left_px: Mapping[float, int] | None = None,
) -> tuple[list[Shown], list[float]]:
    """What is taken, and all moments that were looked at."""
    decoder = StillTaker(eye_openings, left_px or {})
    everything = [*winners, *others]
    chosen, rest = range(len(winners)), range(len(winners), len(everything))
    found = take_open_eyed(chosen, rest, everything, Path(), decoder, None, lambda _: None)  # type: ignore[arg-type]
    return [
        Shown(everything[one.position].candidate.time_s, one.still.eyes) for one in found
    ], decoder.asked_s


def test_the_next_candidate_of_the_scene_is_taken_where_it_shows_the_eyes_open() -> None:
    """The better one by score, of those with open eyes."""
    others = [scored(3.0, 5), scored(6.0, 7)]
    [one], _ = taken([scored(0.0, 9)], others, {0.0: 0.18, 3.0: 0.3, 6.0: 0.3})

    assert one.time_s == 6.0
    assert one.eyes is Eyes.OPEN


def test_narrow_by_nature_costs_nothing() -> None:
    """His eyes are as wide elsewhere: the winner stays, and nothing is said of them."""
    [one], _ = taken([scored(0.0, 9)], [scored(3.0, 5)], {0.0: 0.18, 3.0: 0.19})

    assert one.time_s == 0.0
    assert one.eyes is Eyes.NARROW


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
    assert one.eyes is Eyes.NARROW


def test_another_man_is_no_measure() -> None:
    """He sits elsewhere in the picture."""
    [one], _ = taken([scored(0.0, 9)], [scored(3.0, 5)], {0.0: 0.18, 3.0: 0.3}, {3.0: 210})

    assert one.time_s == 0.0


def test_a_pick_with_shut_eyes_says_so() -> None:
    """The open-eyed moment is too near to another pick, so it cannot be taken."""
    winners = [scored(0.0, 9), scored(4.0, 8)]
    found, _ = taken(winners, [scored(3.0, 5)], {0.0: 0.18, 4.0: 0.3, 3.0: 0.3})

    assert [one.time_s for one in found] == [0.0, 4.0]
    assert [one.eyes for one in found] == [Eyes.SHUT, Eyes.OPEN]


@pytest.mark.parametrize("second", [None, (0.3, None), (None, 0.2)], ids=["nobody", "one", "the other one"])
def test_a_moment_that_hides_somebodys_eyes_is_not_taken(second: Eye | tuple[Eye, ...]) -> None:
    """Eyes that nobody sees are not open."""
    [one], _ = taken(
        [scored(0.0, 9)], [scored(3.0, 5), scored(6.0, 4)], {0.0: (0.18, 0.2), 3.0: second, 6.0: (0.3, 0.2)}
    )

    assert one == Shown(6.0, Eyes.OPEN)


def test_nobody_is_said_to_have_open_eyes_who_was_not_compared() -> None:
    """Somebody with narrow eyes comes in beside the man who opens his."""
    [one], _ = taken([scored(0.0, 9)], [scored(3.0, 5)], {0.0: (0.18,), 3.0: (0.3, 0.18)})

    assert one == Shown(0.0, Eyes.SHUT)


def test_the_twin_of_another_pick_is_not_taken() -> None:
    """Two thumbnails would be the same picture, however far apart in time."""
    winners = [scored(0.0, 9), scored(20.0, 8)]
    others = [scored(10.0, 7, like_s=20.0), scored(13.0, 5)]
    found, _ = taken(winners, others, {0.0: 0.18, 20.0: 0.3, 10.0: 0.3, 13.0: 0.3})

    assert [one.time_s for one in found] == [13.0, 20.0]


def test_two_frames_that_stand_in_are_no_twins() -> None:
    """Each is unlike what was chosen, but they are like one another."""
    winners = [scored(0.0, 9), scored(20.0, 8)]
    others = [scored(8.0, 7), scored(12.0, 6, like_s=8.0)]
    openings = {0.0: 0.18, 20.0: 0.18, 8.0: 0.3, 12.0: 0.3}
    found, _ = taken(winners, others, openings)

    assert [one.time_s for one in found] == [8.0, 20.0]


def test_a_frame_near_a_pick_of_another_scene_may_be_taken() -> None:
    """A cut lies between them."""
    winners = [scored(0.0, 9), scored(4.0, 8, shot=1)]
    found, _ = taken(winners, [scored(3.0, 5)], {0.0: 0.18, 4.0: 0.3, 3.0: 0.3})

    assert [one.time_s for one in found] == [3.0, 4.0]


def test_a_video_of_narrow_eyes_is_not_looked_at_for_ever() -> None:
    """There is a bound for all picks together."""
    winners = [scored(10.0 * shot, 9, shot) for shot in range(6)]
    others = [scored(10.0 * shot + step, 5, shot) for shot in range(6) for step in (2, 4, 6)]
    openings = {one.candidate.time_s: 0.18 for one in [*winners, *others]}

    _, asked_s = taken(winners, others, openings)

    assert len(asked_s) == len(winners) + MAX_OTHERS_OF_VIDEO


@pytest.mark.parametrize(
    ("score", "reasons", "runner_up_s"),
    [(6.0, ("another_scene", "faces", "eyes_open"), 30.0), (3.0, ("another_scene", "eyes_open"), None)],
    ids=["above the runner-up", "below it"],
)
def test_what_stands_in_says_why_its_scene_was_chosen(
    score: float, reasons: tuple[str, ...], runner_up_s: float | None
) -> None:
    """And names only what it leads in itself, over a runner-up that did not score higher."""
    winner = scored(0.0, 9)
    stand_in = replace(scored(3.0, score), parts={"light": 1.0, "faces": score - 1.0})
    runner_up = replace(scored(30.0, 5, shot=3), parts={"light": 2.0, "faces": 3.0})
    why = Explanation(("another_scene", "faces", "light"), runner_up)
    decoder = StillTaker({0.0: 0.18, 3.0: 0.3}, {})

    [pick], taken_indexes = take_picks(
        *([0], [why], [1], [winner, stand_in, runner_up]),
        *(Path(), {}, Options(aspects=("source",)), models(), decoder, lambda _: None),  # type: ignore[arg-type]
    )

    assert taken_indexes == [1]
    assert pick.reasons == reasons
    assert (pick.runner_up.candidate.time_s if pick.runner_up else None) == runner_up_s
    assert pick.instead_of is winner
    assert (
        why_taken(pick)[1]
        == "Taken in place of the frame at 00:00.000 with 9.00, in which somebody's eyes are shut."
    )
