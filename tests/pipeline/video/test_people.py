"""Everybody is compared with himself: blinks cost a frame, and what cannot be known costs nothing."""

from __future__ import annotations

import numpy as np
import pytest

from worker.pipeline.frames import Box, Eyes, Face, FaceLook
from worker.pipeline.scoring.face_mesh import FaceMesh
from worker.pipeline.video.people import FaceReader, Sights, eyes, first_looks, main_people, worth


class Unused:
    """A network that nobody may ask: it has no method."""


ROOM = np.zeros((1080, 1920, 3), np.uint8)


def look(eye_opening: float = 0.3, **changes: float) -> FaceLook:
    """A frontal face with a quiet mouth."""
    quiet = FaceLook(Box(100, 100, 200, 230), 1.0, eye_opening, 0.5, 0.55, -0.02, 0.02, is_inside=True)
    return quiet._replace(**changes)


def alone(*looks: FaceLook) -> Sights:
    """One person, frame by frame."""
    return {index: (one,) for index, one in enumerate(looks)}


def test_a_blink_is_worth_little_and_told() -> None:
    """Half-open eyes are worth less than open ones too."""
    sights = alone(look(0.3), look(0.28), look(0.2), look(0.31), look(0.3), look(0.3))

    value = worth(sights)

    assert value[2] < 0.2
    assert value[2] < value[1] < 0.8
    assert value[0] == pytest.approx(1.0)
    assert [eyes(sights, index) for index in (0, 2)] == [Eyes.OPEN, Eyes.SHUT]


def test_narrow_eyes_are_no_shut_eyes() -> None:
    """One man's open eyes measure less than another's closed ones: no frame of his loses by it."""
    sights = alone(*[look(0.18)] * 6)

    assert set(worth(sights).values()) == {1.0}
    assert eyes(sights, 0) is Eyes.NARROW


@pytest.mark.parametrize(
    "looks",
    [
        [look(0.3), look(0.15), look(0.3)],
        [look(0.1 + 0.05 * index, yaw=0.2) for index in range(8)],
        [look(0.1 + 0.05 * index, presence=0.1) for index in range(8)],
    ],
    ids=["seen too briefly", "in profile", "no face"],
)
def test_unknown_costs_nothing(looks: list[FaceLook]) -> None:
    """And nothing is said."""
    sights = alone(*looks)

    assert set(worth(sights).values()) == {1.0}
    assert eyes(sights, 1) is Eyes.UNKNOWN


def test_to_turn_away_for_a_moment_is_no_way_to_win() -> None:
    """The frame is worth what the others are in the middle."""
    value = worth(alone(look(), look(), look(0.5, yaw=0.9), look(), look(0.2), look()))

    assert value[2] == pytest.approx(1.0)


def test_a_smile_is_better_and_speech_is_worse() -> None:
    """A laugh opens the mouth too, and is no speech."""
    usual = [look()] * 5
    value = worth(alone(*usual, look(lip_lift=0.06), look(mouth_opening=0.4)))
    laugh = worth(alone(*usual, look(lip_lift=0.06, mouth_opening=0.4)))

    assert value[6] < value[0] < value[5]
    assert laugh[5] > laugh[0]


def test_of_two_people_both_count() -> None:
    """The frame is best in which nobody blinks."""
    wide, shut = look(0.3), look(0.2)
    sights = {0: (wide, shut), 1: (shut, wide), 2: (wide, wide), 3: (wide, wide), 4: (wide, wide)}

    value = worth(sights)

    assert max(value[0], value[1]) < 0.2 < value[2]
    assert [eyes(sights, index) for index in (0, 1, 2)] == [Eyes.SHUT, Eyes.SHUT, Eyes.OPEN]


def test_the_audience_and_small_faces_are_left_out() -> None:
    """The speaker's eyes count, not those of the heads before him; nor a face that nobody would see."""
    speaker, listener = Face(Box(0, 0, 300, 400), 0.9), Face(Box(500, 0, 600, 150), 0.9)
    far = Face(Box(0, 0, 70, 80), 0.9)

    assert main_people([listener, speaker], ROOM) == [speaker]
    assert main_people([listener], ROOM) == [listener]
    assert main_people([far], ROOM) == []


def test_nobody_is_read_where_nobody_is_found() -> None:
    """A landscape costs no look."""
    reader = FaceReader(lambda _: (), FaceMesh(Unused()))  # type: ignore[arg-type]

    assert first_looks(ROOM, reader, 1.0) == ()
