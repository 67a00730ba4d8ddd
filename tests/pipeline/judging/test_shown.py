"""What a judge is shown: different scenes first, then different moments of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tests.pipeline.selection import test_diversity
from worker.pipeline.judging.shown import choose_shown
from worker.pipeline.selection.claims import Claims

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from worker.pipeline.frames import Scored


def frame(time_s: float, score: float, embedding: NDArray[np.float32], shot: int = 0) -> Scored:
    """Return a candidate with a picture of its own."""
    picture = np.random.default_rng(round(10 * time_s)).integers(0, 256, (9, 16, 3), np.uint8)
    one = test_diversity.frame(time_s, score, embedding, shot)
    return replace(one, candidate=replace(one.candidate, rgb=picture))


LIKE_ITS_SCENE = 0.58  #: cosine of two moments of a scene: another picture, and no other scene
AXES = np.eye(32, dtype=np.float32)


def look(scene: int, moment: int, like: float = LIKE_ITS_SCENE) -> NDArray[np.float32]:
    """Return the embedding of a moment of a scene."""
    return np.asarray(like**0.5 * AXES[scene] + (1 - like) ** 0.5 * AXES[4 + moment], np.float32)


def moments(scene: int, start_s: float, *scores: float) -> list[Scored]:
    """Return different moments of a scene, ten seconds apart."""
    return [
        frame(start_s + 10.0 * n, score, look(scene, 3 * scene + n), shot=scene)
        for n, score in enumerate(scores)
    ]


# Three scenes; the two worst frames are of the last one.
VIDEO = [*moments(0, 0, 9, 8, 7), *moments(1, 100, 6, 5, 4), *moments(2, 200, 3, 2, 1)]


def test_the_best_of_each_scene_comes_before_a_second_moment_of_any() -> None:
    """However poor the scene is beside the others."""
    assert choose_shown(VIDEO, 3) == [0, 3, 6]


def test_second_moments_come_before_third_ones() -> None:
    """The best first, as long as there is room; and all are in order of time."""
    assert choose_shown(VIDEO, 5) == [0, 1, 3, 4, 6]
    assert choose_shown(VIDEO, 7) == [0, 1, 2, 3, 4, 6, 7]


def test_a_video_of_one_scene_is_judged_by_its_moments() -> None:
    """Its third moment is worth as much as a second scene."""
    assert choose_shown(VIDEO[:3], 12) == [0, 1, 2]


def test_gestures_of_one_moment_are_shown_where_room_is_left() -> None:
    """Only one of them can be picked, so other moments of all scenes go first, however much worse."""
    gesture = frame(1.0, 8.5, look(0, 20), shot=0)
    alike = frame(50.0, 8.5, look(0, 0, 0.6), shot=0)
    video = [VIDEO[0], gesture, alike, *VIDEO[3:]]

    assert choose_shown(video, 6) == [0, 3, 4, 5, 6, 7]
    assert choose_shown(video, 12) == list(range(9))


def test_of_two_whose_stills_may_be_one_frame_the_second_is_shown_last() -> None:
    """Each still may lie 0.4 s from what was asked for; in a short clip there is room for both."""
    video = [VIDEO[0], frame(0.7, 8.5, look(0, 20), shot=0), *VIDEO[3:]]

    assert choose_shown(video, 7) == [0, 2, 3, 4, 5, 6, 7]
    assert choose_shown(video, 12) == list(range(8))


def test_the_very_same_picture_is_shown_once() -> None:
    """Of a slide, a second one tells the judge nothing, and costs as much."""
    slides = [replace(one, candidate=replace(one.candidate, rgb=VIDEO[0].candidate.rgb)) for one in VIDEO[:3]]

    assert choose_shown([replace(one, embedding=VIDEO[0].embedding) for one in slides], 12) == [0]


def test_what_the_caller_prefers_goes_first() -> None:
    """Then all others."""
    preferred = frozenset({7, 8})

    assert choose_shown(VIDEO, 2, Claims(preferred)) == [7, 8]
    assert choose_shown(VIDEO, 4, Claims(preferred)) == [0, 3, 7, 8]


def test_the_ends_are_shown_last() -> None:
    """They are not picked either while anything else is left, unless a judge that leads puts them first."""
    at_ends = Claims(at_ends=frozenset({0, 8}))

    assert choose_shown(VIDEO, 3, at_ends) == [1, 3, 6]
    assert choose_shown(VIDEO, 7, at_ends) == [1, 2, 3, 4, 5, 6, 7]
    assert choose_shown(VIDEO, 8, at_ends) == [0, 1, 2, 3, 4, 5, 6, 7]
    assert choose_shown(VIDEO[:2], 3, Claims(at_ends=frozenset({0, 1}))) == [0, 1]


def test_what_an_earlier_run_picked_is_always_shown() -> None:
    """It could not be kept otherwise; but half of the places stay for what is new."""
    assert choose_shown(VIDEO, 3, Claims(earlier=[8])) == [0, 3, 8]
    assert choose_shown(VIDEO, 4, Claims(earlier=[8, 7, 6])) == [0, 3, 7, 8]


def test_what_was_picked_of_what_was_shown_leads_to_the_same_pictures() -> None:
    """Then the verdict is recalled, and nobody is asked again."""
    for most in range(2, 10):
        shown = choose_shown(VIDEO, most)

        assert choose_shown(VIDEO, most, Claims(earlier=shown[::-1][: most // 2])) == shown
