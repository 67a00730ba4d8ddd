"""Picks are good, and show different things."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.pipeline.scoring.test_ranking import GOOD
from worker.pipeline.frames import Candidate, Scored
from worker.pipeline.selection.diversity import CANDIDATE_GAP_S, MIN_GAP_S, pick_diverse
from worker.pipeline.selection.ends import AT_AN_END

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

DIMENSIONS = 64
SLOT_S = 0.5


def content(number: int, gesture: int = 0, strength: float = 0.5) -> NDArray[np.float32]:
    """Return the embedding of a scene, in which somebody makes one of a few gestures."""
    scene, *gestures = np.random.default_rng(number).normal(size=(4, DIMENSIONS))
    embedding = (scene + strength * gestures[gesture]).astype(np.float32)
    return np.asarray(embedding / np.linalg.norm(embedding), np.float32)


def frame(time_s: float, score: float, embedding: NDArray[np.float32], shot: int = 0) -> Scored:
    """Return a candidate with a score."""
    picture = np.zeros((9, 16, 3), np.uint8)
    return Scored(Candidate(time_s, shot, picture, GOOD), embedding, (), {"all": score}, score)


def take(start_s: float, scene: int, scores: Sequence[float], shot: int = 0) -> list[Scored]:
    """Return neighbouring frames of one moment of a scene."""
    return [
        frame(start_s + SLOT_S * n, score, content(scene, strength=0.02 * n), shot)
        for n, score in enumerate(scores)
    ]


def scenes_of(video: Sequence[Scored], picks: Sequence[int], scenes: int) -> list[int]:
    """Tell which scene each pick shows."""
    shown = np.stack([video[pick].embedding for pick in picks])
    return np.argmax(shown @ np.stack([content(n) for n in range(scenes)]).T, axis=1).tolist()


def test_the_best_frame_comes_first() -> None:
    """Rank 1 is the highest score."""
    video = [*take(0, 0, [1, 1, 2]), *take(5, 1, [1, 3, 1])]

    picks, *_ = pick_diverse(video, 3)

    assert picks[0] == 4


def test_another_scene_goes_before_another_shot_of_the_same() -> None:
    """A cut inside a scene, and back to it: it counts once, however good its frames are."""
    video = [
        *take(0, 0, [9, 8, 8, 7], shot=0),
        *take(4, 1, [5, 6, 5, 5], shot=1),
        *(frame(8 + SLOT_S * n, 9.5, content(0, 1), shot=2) for n in range(4)),
        *take(12, 2, [4, 4, 5, 4], shot=3),
        *(frame(16 + SLOT_S * n, 9, content(0, 2), shot=4) for n in range(4)),
    ]

    picks, why, _ = pick_diverse(video, 3)

    assert scenes_of(video, picks, 3) == [0, 1, 2]
    assert why[16] == "too like pick 1"


def test_two_scenes_of_one_shot_are_both_picked() -> None:
    """A camera that turns shows two things without a cut."""
    video = [*take(0, 0, [9, 8, 8, 8, 8]), *take(4, 1, [3, 4, 3, 3, 3])]

    picks, *_ = pick_diverse(video, 3)

    assert scenes_of(video, picks, 2) == [0, 1]


def test_there_are_fewer_picks_rather_than_a_repeat() -> None:
    """Two scenes are two pictures, though three were asked for and both are long."""
    video = [*take(0, 0, [5] * 20, shot=0), *take(20, 1, [5] * 20, shot=1)]

    picks, *_ = pick_diverse(video, 3)

    assert sorted(scenes_of(video, picks, 2)) == [0, 1]


def test_one_person_with_three_gestures_gives_three_picks() -> None:
    """In a single take, another gesture or expression is another picture."""
    gestures = [content(0, gesture) for gesture in range(3)]
    video = [frame(SLOT_S * n, 5 + n % 3, gestures[n // 10]) for n in range(30)]

    picks, *_ = pick_diverse(video, 3)

    assert sorted(pick // 10 for pick in picks) == [0, 1, 2]


def test_a_still_gives_one_pick() -> None:
    """What coding alone changes is no other picture."""
    noise = np.random.default_rng(0).normal(scale=0.002, size=(30, DIMENSIONS)).astype(np.float32)
    still = content(0) + noise
    still /= np.linalg.norm(still, axis=1, keepdims=True)

    picks, *_ = pick_diverse([frame(n, 5 + n % 7, one) for n, one in enumerate(still)], 3)

    assert len(picks) == 1


@pytest.mark.parametrize("common", [0.0, 1.0, 3.0])
def test_it_does_not_matter_how_near_a_model_puts_all_pictures(common: float) -> None:
    """CLIP's cosines of unlike frames are 0.5 to 0.8, those of the bundled model 0."""
    video = [
        *take(0, 0, [9, 8, 8, 7, 7, 7]),
        *take(8, 1, [5, 6, 5, 5, 5, 5]),
        *take(16, 0, [8, 8, 9, 8, 8, 8]),
        *take(24, 2, [6, 4, 5, 6.5, 5, 5]),
    ]
    everywhere = common * content(99)
    near = [one.embedding + everywhere for one in video]
    moved = [
        frame(one.candidate.time_s, one.score, embedding / np.linalg.norm(embedding))
        for one, embedding in zip(video, near, strict=True)
    ]

    assert pick_diverse(moved, 3)[0] == pick_diverse(video, 3)[0] == [0, 21, 7]


def test_picks_of_one_shot_keep_their_distance_in_time() -> None:
    """A neighbour is refused, with the reason, if the stills of the two could come too near."""
    video = [
        frame(0, 9, content(0)),
        frame(MIN_GAP_S, 8, content(1)),
        frame(CANDIDATE_GAP_S, 1, content(2)),
    ]

    picks, why, _ = pick_diverse(video, 3)

    assert picks == [0, 2]
    assert why[1] == "within 2 s of pick 1"


def test_scenes_that_follow_fast_are_all_picked() -> None:
    """A trailer shows another scene every second."""
    video = [one for n in range(3) for one in take(n, n, [n + 5, n + 6], shot=n)]

    picks, *_ = pick_diverse(video, 3)

    assert sorted(scenes_of(video, picks, 3)) == [0, 1, 2]


def test_the_second_pick_leaves_room_for_the_third() -> None:
    """In a short take, a slightly better second pick must not cost a third."""
    video = [
        frame(0.0, 9, content(0)),
        frame(2.5, 8.0, content(1)),
        frame(3.0, 8.1, content(2)),
        frame(5.0, 7, content(3)),
    ]

    picks, *_ = pick_diverse(video, 3)

    assert picks == [0, 1, 3]


def test_the_weakest_frames_are_not_picked_for_being_different() -> None:
    """Half of a dissolve is like nothing else, and nobody wants it."""
    video = [*take(0, 0, [8] * 8), *take(8, 1, [7] * 8, shot=1), frame(15, 1, content(2), shot=1)]

    picks, *_ = pick_diverse(video, 3)

    assert sorted(scenes_of(video, picks, 3)) == [0, 1]


@pytest.mark.parametrize(("earlier", "expected"), [([], [9, 20]), ([2, 25], [2, 25]), ([25, 14], [25, 9])])
def test_what_an_earlier_run_picked_stays_if_it_is_about_as_good(
    earlier: list[int], expected: list[int]
) -> None:
    """Of each scene the picture that viewers know; what is clearly worse goes."""
    first = [8.0] * 10 + [2.0] * 10
    first[9], first[2] = 8.4, 8.2
    video = [*take(0, 0, first, shot=0), *take(15, 1, [8.3, 8, 8, 8, 8, 8.1, 8], shot=1)]

    picks, *_ = pick_diverse(video, 2, earlier=earlier)

    assert picks == expected


def test_a_better_frame_that_gave_way_says_to_what() -> None:
    """People wonder why a higher score lost."""
    other = content(0, 1, strength=1.0)
    video = [*take(0, 0, [9] * 4), *take(9, 1, [5] * 4, shot=1), *take(18, 2, [4] * 4, shot=2)]
    video.append(frame(30, 8, other, shot=3))

    picks, why, _ = pick_diverse(video, 3)

    assert scenes_of(video, picks, 3) == [0, 1, 2]
    assert why[12] == "same scene as pick 1"


def test_the_ends_of_a_video_fill_only_places_that_all_others_leave_free() -> None:
    """However good they are; and no place twice."""
    inner = [*take(2, 0, [5, 6, 5, 5]), *take(6, 1, [4, 4, 5, 4])]
    video = [frame(0, 9, content(2)), *inner, frame(10, 8, content(0, 0)), frame(11, 8, content(3))]
    ends = frozenset({0, 9, 10})

    of_two, why_two, _ = pick_diverse(video, 2, at_ends=ends)
    of_three, why_three, _ = pick_diverse(video, 3, at_ends=ends)

    assert of_two == [2, 7]
    assert why_two[0] == why_two[10] == AT_AN_END
    assert of_three == [2, 7, 0]
    assert why_two[9] == why_three[9] == "too like pick 1"


def test_a_dull_frame_does_not_go_before_the_ends() -> None:
    """One of the weakest is all that lies between them."""
    ends = [frame(SLOT_S * n, 8 + 0.1 * n, content(0, strength=0.02 * n)) for n in range(8)]
    video = [*ends, frame(9, 1, content(1))]

    picks, *_ = pick_diverse(video, 1, at_ends=frozenset(range(8)))

    assert picks == [7]


def test_every_loser_has_a_reason() -> None:
    """Picks and losers together are the whole filmstrip."""
    video = [frame(3.0 * number, number, content(number)) for number in range(8)]

    picks, why, _ = pick_diverse(video, 3)

    assert sorted([*picks, *why]) == list(range(8))
    assert all(why.values())
