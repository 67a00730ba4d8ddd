"""Picks are good, and unlike each other."""

from __future__ import annotations

import numpy as np

from tests.pipeline.scoring.test_ranking import GOOD
from worker.pipeline.frames import Candidate, Scored
from worker.pipeline.selection.diversity import CANDIDATE_GAP_S, MIN_GAP_S, pick_diverse


def scored(time_s: float, score: float, direction: list[float], *, shot: int = 0) -> Scored:
    """Return a candidate with a score and an embedding that points somewhere."""
    embedding = np.array(direction, np.float32)
    picture = np.zeros((9, 16, 3), np.uint8)
    return Scored(
        Candidate(time_s, shot, picture, GOOD),
        embedding / np.linalg.norm(embedding),
        (),
        {"all": score},
        score,
    )


def test_the_best_frame_comes_first() -> None:
    """Rank 1 is the highest score."""
    picks, _ = pick_diverse([scored(0, 1, [1, 0]), scored(5, 3, [0, 1]), scored(10, 2, [1, 1])], 3)

    assert picks[0] == 1


def test_every_shot_is_used_before_one_is_used_twice() -> None:
    """The second best frame of a shot waits for the best of the others."""
    video = [
        scored(0, 9, [1, 0, 0], shot=0),
        scored(5, 8, [0, 1, 0], shot=0),
        scored(10, 1, [0, 0, 1], shot=1),
    ]

    picks, _ = pick_diverse(video, 3)

    assert picks == [0, 2, 1]


def test_picks_keep_their_distance_in_time() -> None:
    """A neighbour is refused, with the reason, if the stills of the two could come too near."""
    video = [scored(0, 9, [1, 0]), scored(MIN_GAP_S, 8, [0, 1]), scored(CANDIDATE_GAP_S, 1, [1, 1])]

    picks, why = pick_diverse(video, 3)

    assert picks == [0, 2]
    assert why[1] == "within 2 s of pick 1"


def test_the_second_pick_leaves_room_for_the_third() -> None:
    """In a short video, a slightly better second pick must not cost a whole scene."""
    directions = np.eye(4).tolist()
    video = [
        scored(0.0, 5, directions[0], shot=0),
        scored(2.5, 9, directions[1], shot=1),
        scored(5.0, 8.0, directions[2], shot=2),
        scored(6.0, 8.1, directions[2], shot=2),
        scored(7.5, 7, directions[3], shot=3),
    ]

    picks, _ = pick_diverse(video, 4)

    assert picks == [1, 2, 4, 0]


def test_a_near_duplicate_is_refused_however_good() -> None:
    """Back to the same camera: fewer picks rather than the same picture twice."""
    video = [
        scored(0, 9, [1, 0, 0], shot=0),
        scored(10, 8, [1, 0.01, 0], shot=1),
        scored(20, 1, [0, 0, 1], shot=2),
    ]

    picks, why = pick_diverse(video, 3)

    assert picks == [0, 2]
    assert why[1] == "too like pick 1"


def test_unlike_frames_are_preferred_at_equal_quality() -> None:
    """Of two equally good frames, the one that shows something else."""
    video = [
        scored(0, 9, [1, 0, 0]),
        scored(10, 5, [0.9, 0.6, 0]),
        scored(20, 5, [0, 0, 1]),
        scored(30, 0, [0, 1, 0]),
    ]

    picks, _ = pick_diverse(video, 2)

    assert picks == [0, 2]


def test_every_loser_has_a_reason() -> None:
    """Picks and losers together are the whole filmstrip."""
    video = [scored(3.0 * number, number, [1, number, number**2]) for number in range(8)]

    picks, why = pick_diverse(video, 3)

    assert sorted([*picks, *why]) == list(range(8))
    assert all(why.values())
