"""People about a moment: who is there, followed from frame to frame, and in which frame they look best.

Everybody is compared with himself within the same half second or so, because people are built differently.
Who is small, turned away or seen too briefly is unknown, and costs no frame anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from worker.pipeline.cues.confidence import ramp
from worker.pipeline.frames import Eyes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from worker.pipeline.frames import Face, FaceLook, Rgb
    from worker.pipeline.scoring.face_mesh import FaceMesh

# A face matters from this height on, as a share of the still's shorter side: on a page, nobody sees the eyes
# of a smaller one.
MIN_FACE_SHARE = 0.08
# Of several people the largest count, down to this share of the tallest face; others are the audience.
MAX_PEOPLE, MAIN_SHARE = 3, 0.5
# Between profiles, distances across the face are too short to be compared.
FRONTAL = (0.35, 0.65)
MIN_PRESENCE = 0.5
# Fewer sights of a person do not tell how open his eyes are as a rule...
MIN_SIGHTS = 4
# ... which is this quantile of them: a blink takes less than three quarters of a second.
_USUAL = 0.75
# Shares of the usual opening at which eyes are worth nothing and everything, and below which they are called
# shut. On real clips blinks measure 0.65 to 0.83 of it, half-open eyes up to 0.92, open ones 0.95 to 1.05.
SHUT, OPEN = 0.88, 0.98
IS_SHUT = 0.9
# Below this, nearly everybody's eyes are shut, and some people's are open. So it is no verdict, but a reason
# to look at another moment.
NARROW = 0.23
# What a frame with shut eyes is still worth beside one with open eyes.
_SHUT_WORTH = 0.1
# A smile, a closed mouth and a head towards the camera each add or take as much as this...
_SMILE_WORTH, _SPEECH_WORTH, _TURN_WORTH = 0.15, 0.1, 0.1
# ... where they differ by this much from the person's usual look (units of `FaceLook`).
_SMILE_LIFT, _SPEECH_OPENING, _TURN = 0.06, 0.25, 0.1


class FaceReader(NamedTuple):
    """What finds and reads faces."""

    find: Callable[[Rgb], tuple[Face, ...]]
    mesh: FaceMesh


Sights = dict[int, tuple["FaceLook", ...]]
"""By the index of a frame, the looks of the same people in the same order."""


def first_looks(rgb: Rgb, reader: FaceReader, scale: float) -> tuple[FaceLook, ...]:
    """Find and read the main people of a picture, the largest first; none where nobody can be read.

    Args:
        rgb: (height, width, 3) uint8 RGB.
        reader: finds and reads faces.
        scale: of the picture's sides against those of the still.
    """
    faces = main_people(reader.find(rgb), rgb)
    return tuple(look for look in reader.mesh.looks(rgb, faces, scale) if look is not None)


def follow(
    first: tuple[FaceLook, ...],
    asked: int,
    indexes: Collection[int],
    picture: Callable[[int], Rgb],
    reader: FaceReader,
) -> Sights:
    """Follow people from one frame through its neighbours.

    Args:
        first: how they look in the asked frame.
        asked: its index.
        indexes: the frames that are looked at; a larger one is later.
        picture: shows a frame, by its index; all in one size.
        reader: reads faces.
    """
    sights: Sights = {asked: first}
    later = sorted(index for index in indexes if index > asked)
    earlier = sorted((index for index in indexes if index < asked), reverse=True)
    for way in (later, earlier):
        looks = sights[asked]
        for index in way:
            rgb = picture(index)
            # Who is lost stays as he was last seen: unreadable.
            looks = tuple(reader.mesh.look(rgb, look.box) if _is_there(look) else look for look in looks)
            sights[index] = looks
    return sights


def main_people(faces: Sequence[Face], rgb: Rgb) -> list[Face]:
    """Keep the few largest faces that matter, the largest first."""
    least_height_px = MIN_FACE_SHARE * min(rgb.shape[:2])
    large = sorted(faces, key=lambda face: (-face.box.height, face.box))
    return [
        face
        for face in large[:MAX_PEOPLE]
        if face.box.height >= max(least_height_px, MAIN_SHARE * large[0].box.height)
    ]


def is_readable(look: FaceLook) -> bool:
    """Tell whether a look is that of a face, and of one that is turned to the camera."""
    return _is_there(look) and FRONTAL[0] < look.yaw < FRONTAL[1]


def _is_there(look: FaceLook) -> bool:
    return look.presence >= MIN_PRESENCE


def worth(sights: Sights) -> dict[int, float]:
    """Value how people look in each frame, against the same people in the others: 1 = as usual."""
    values = dict.fromkeys(sights, 1.0)
    for looks in _people(sights):
        for index, value in _worth_of(looks).items():
            values[index] *= value
    return values


def eyes(sights: Sights, index: int) -> Eyes:
    """Tell what is known of everybody's eyes in one frame."""
    found = {_eyes_of(looks, index) for looks in _people(sights)}
    return next((one for one in (Eyes.SHUT, Eyes.NARROW, Eyes.OPEN) if one in found), Eyes.UNKNOWN)


def _people(sights: Sights) -> list[dict[int, FaceLook]]:
    """List each person's looks by frame."""
    count = min((len(looks) for looks in sights.values()), default=0)
    return [{index: looks[person] for index, looks in sights.items()} for person in range(count)]


def _usual(looks: Mapping[int, FaceLook]) -> tuple[list[FaceLook], float] | None:
    """Find a person's readable looks and how open his eyes usually are; None where they are too few."""
    readable = [look for look in looks.values() if is_readable(look)]
    if len(readable) < MIN_SIGHTS:
        return None
    return readable, float(np.quantile([look.eye_opening for look in readable], _USUAL))


def _eyes_of(looks: Mapping[int, FaceLook], index: int) -> Eyes:
    usual = _usual(looks)
    if usual is None or not is_readable(looks[index]):
        return Eyes.UNKNOWN
    opening = looks[index].eye_opening
    if opening < IS_SHUT * usual[1]:
        return Eyes.SHUT
    return Eyes.NARROW if opening < NARROW else Eyes.OPEN


def _worth_of(looks: Mapping[int, FaceLook]) -> dict[int, float]:
    usual = _usual(looks)
    if usual is None:
        return dict.fromkeys(looks, 1.0)
    readable, opening = usual
    lift = float(np.median([look.lip_lift for look in readable]))
    quiet = min(look.mouth_opening for look in readable)
    front = min(abs(look.yaw - 0.5) for look in readable)

    def value(look: FaceLook) -> float:
        is_open = ramp(look.eye_opening / max(opening, 1e-6), SHUT, OPEN)
        smile = float(np.clip((look.lip_lift - lift) / _SMILE_LIFT, -1, 1))
        # A laugh opens the mouth too, and is no speech.
        speech = ramp(look.mouth_opening - quiet, 0.0, _SPEECH_OPENING) * (1 - max(0.0, smile))
        turn = ramp(abs(look.yaw - 0.5) - front, 0.0, _TURN)
        expression = 1 + _SMILE_WORTH * smile - _SPEECH_WORTH * speech - _TURN_WORTH * turn
        return (_SHUT_WORTH + (1 - _SHUT_WORTH) * is_open) * expression

    values = {index: value(look) for index, look in looks.items() if is_readable(look)}
    # Who turns away for a moment does not look better then.
    middle = float(np.median(list(values.values())))
    return {index: values.get(index, middle) for index in looks}
