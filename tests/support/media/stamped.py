"""The film that files of unusual kinds are made of, and how to read from a picture which frame it is.

Each frame is a real picture with strong colours, unlike its own mirror image, with its number stamped
into the top left as black and white blocks. From a thumbnail one can so read the frame (and with it the
moment), which way up it is, and how far its colours are off.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from tests.support.media import pictures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.pipeline.frames import Rgb

SIZE = (384, 216)  #: (width, height): halves and quarters are still even
RATE = 25  #: frames a second
FRAMES = 75  #: of most files: 3 s
MAX_FRAMES = 300
SHOT_FRAMES = 38  #: frames of one clip before the other follows

NUMBER_BITS, CHECK_BITS = 9, 7
_BLOCK_PX, _LEFT_PX, _TOP_PX = 14, 14, 14
_BLACK, _WHITE = 16, 240
_SATURATION = 1.5  # real pictures are greyer than what shows an error of colour
_PATCHES = ((200, 30, 40), (230, 190, 30), (30, 150, 60), (30, 60, 190), (190, 140, 115), (128, 128, 128))
_PATCH_PX = 22


@cache
def _footage() -> tuple[list[Rgb], ...]:
    return tuple(pictures.footage(name, 120, size=SIZE) for name in ("bigbuckbunny", "bikes"))


@cache
def frame(number: int) -> Rgb:
    """Return one frame of the film, (216, 384, 3) RGB; read-only."""
    shot, step = divmod(number, SHOT_FRAMES)
    footage = _footage()[shot % 2]
    rgb = _vivid(footage[step % len(footage)])
    for index, color in enumerate(_PATCHES):
        top = SIZE[1] // 3 + index * _PATCH_PX
        rgb[top : top + _PATCH_PX, -2 * _PATCH_PX : -_PATCH_PX // 2] = color
    for bit in range(NUMBER_BITS + CHECK_BITS):
        left = _LEFT_PX + bit * _BLOCK_PX
        is_set = _coded(number) >> bit & 1
        rgb[_TOP_PX : _TOP_PX + _BLOCK_PX, left : left + _BLOCK_PX] = _WHITE if is_set else _BLACK
    rgb.flags.writeable = False
    return rgb


def film(count: int = FRAMES, *, start: int = 0) -> list[Rgb]:
    """Return frames of the film, `MAX_FRAMES` at most."""
    return [frame(number) for number in range(start, start + count)]


def number_of(rgb: Rgb) -> int | None:
    """Read the number of a frame that is the right way up, at whatever size; None where there is none.

    Where a picture was cut by a few pixels, the blocks are looked for a little beside their place.
    """
    whole = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    for margins in _MARGINS:
        number = _decoded(_bits(whole, margins))
        if number is not None:
            return number
    return None


def _coded(number: int) -> int:
    return number | _check(number) << NUMBER_BITS


def _check(number: int) -> int:
    return (number * 89 + 37) % (1 << CHECK_BITS)  # neighbours differ in several bits


def _decoded(bits: Sequence[bool] | None) -> int | None:
    if bits is None:
        return None
    code = sum(is_set << bit for bit, is_set in enumerate(bits))
    number = code % (1 << NUMBER_BITS)
    return number if code == _coded(number) else None


def _bits(gray: np.ndarray, margins: tuple[float, float]) -> list[bool] | None:
    """Look at the middle of every block; None where they are neither dark nor light."""
    height, width = gray.shape
    left, top = (margin * side for margin, side in zip(margins, (width, height), strict=True))
    scale_x, scale_y = (
        (side + 2 * gap) / full for side, gap, full in ((width, left, SIZE[0]), (height, top, SIZE[1]))
    )
    levels = []
    for bit in range(NUMBER_BITS + CHECK_BITS):
        x = [(_LEFT_PX + (bit + part) * _BLOCK_PX) * scale_x - left for part in (0.3, 0.7)]
        y = [(_TOP_PX + part * _BLOCK_PX) * scale_y - top for part in (0.3, 0.7)]
        block = gray[max(0, round(y[0])) : max(1, round(y[1])), max(0, round(x[0])) : max(1, round(x[1]))]
        levels.append(float(block.mean()) if block.size else 0.0)
    dark, light = min(levels), max(levels)
    if light - dark < _MIN_CONTRAST:
        return None
    middle = (dark + light) / 2
    return [level > middle for level in levels]


_MIN_CONTRAST = 60.0
_STEPS = sorted((-0.02, -0.01, 0.0, 0.01, 0.02), key=abs)
_MARGINS = sorted(((x, y) for x in _STEPS for y in _STEPS), key=lambda pair: abs(pair[0]) + abs(pair[1]))


def _vivid(rgb: Rgb) -> Rgb:
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[..., None].astype(np.float32)
    return np.clip(gray + _SATURATION * (rgb - gray), 0, 255).astype(np.uint8)
