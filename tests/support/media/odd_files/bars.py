"""Pictures between bars: black, of a colour, of a blurred copy, with a subtitle in them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import cv2
import numpy as np

from tests.support.media import clips, stamped
from tests.support.media.odd_files.kind import GOOD_DELTA_E, OddFile, Truth

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pipeline.frames import Rgb

Color = tuple[int, int, int]
_PORTRAIT_SHARE = (0.0, 0.62)  #: of the width that a portrait keeps: the stamp stands within


def boxed(path: Path, color: Color, *, top_px: int = 0, side_px: int = 0, text: str = "") -> None:
    """Write the film between bars of one colour, a line of text in the lower one."""
    border = (top_px, top_px, side_px, side_px)
    frames = [cv2.copyMakeBorder(rgb, *border, cv2.BORDER_CONSTANT, value=color) for rgb in stamped.film()]
    for number, rgb in enumerate(frames):
        if text and number % 50 >= 10:
            place = (rgb.shape[1] // 3, rgb.shape[0] - top_px // 3)
            cv2.putText(rgb, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
    clips.write(path, frames)


def blurred(path: Path) -> None:
    """Write an upright picture with its own blurred enlargement at both sides."""
    frames = []
    for rgb in stamped.film():
        inner = portrait(rgb)
        height, width = inner.shape[:2]
        full_px = height * 16 // 9 // 2 * 2
        wide = cv2.resize(inner, (full_px, full_px * height // width), interpolation=cv2.INTER_CUBIC)
        top = (wide.shape[0] - height) // 2
        frame = cv2.GaussianBlur(wide[top : top + height], (0, 0), 12)
        left = (full_px - width) // 2
        frame[:, left : left + width] = inner
        frames.append(frame)
    clips.write(path, frames)


def portrait(rgb: Rgb) -> Rgb:
    """Cut the left part of the picture, which is nearly square."""
    start, end = (round(share * rgb.shape[1] / 2) * 2 for share in _PORTRAIT_SHARE)
    return np.ascontiguousarray(rgb[:, start:end])


_BLACK, _WHITE, _BLUE = (0, 0, 0), (255, 255, 255), (32, 32, 96)

# Where bars are trimmed by a pixel too many, edges of strong colours do not lie on each other.
_TRIMMED = Truth(max_delta_e=2 * GOOD_DELTA_E)

KINDS = (
    *(
        OddFile(name, "bars", ".mp4", make, _TRIMMED)
        for name, make in (
            ("black above and below", partial(boxed, color=_BLACK, top_px=40)),
            ("black at both sides", partial(boxed, color=_BLACK, side_px=80)),
            ("black all around", partial(boxed, color=_BLACK, top_px=40, side_px=80)),
            ("blue above and below", partial(boxed, color=_BLUE, top_px=40)),
            ("white at both sides", partial(boxed, color=_WHITE, side_px=80)),
            ("a subtitle in the bar", partial(boxed, color=_BLACK, top_px=40, text="A subtitle")),
        )
    ),
    OddFile(
        "blurred copy at both sides", "bars", ".mp4", blurred, Truth(portrait, max_delta_e=2 * GOOD_DELTA_E)
    ),
)
