"""A man in a car who blinks: real footage with painted eyelids."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from tests.support.media import pictures

if TYPE_CHECKING:
    from worker.pipeline.frames import Rgb

SIZE = (704, 576)  #: four times that of the clip; the face is 180 px wide
_EYES = ((306, 243), (392, 223))  # their middles, in the first frame
_LID_PX, _SKIN_BELOW_PX = (30, 17), 25


def man() -> Rgb:
    """Return the first frame: eyes open, to the camera, mouth nearly closed."""
    return pictures.footage("carphone_pristine", 1, size=SIZE)[0]


def with_eyes_shut(rgb: Rgb) -> Rgb:
    """Paint lids in the colour of the skin below, and lashes, over both eyes of `man`."""
    painted = rgb.copy()
    for x, y in _EYES:
        skin = [int(level) for level in rgb[y + _SKIN_BELOW_PX, x]]
        cv2.ellipse(painted, (x, y), _LID_PX, 0, 0, 360, skin, -1, cv2.LINE_AA)
        ends = (x - 20, y + 11), (x + 20, y + 1)
        cv2.line(painted, *ends, (40, 25, 20), 3, cv2.LINE_AA)
    return np.ascontiguousarray(painted)


def blinking(count: int, shut: range) -> list[Rgb]:
    """Return frames of the man, with his eyes shut in some of them."""
    wide, narrow = man(), with_eyes_shut(man())
    return [narrow if number in shut else wide for number in range(count)]
