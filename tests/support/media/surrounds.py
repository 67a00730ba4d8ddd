"""Pictures with something around them, for tests: bars of any colour, blurred fill, figures on a flat ground.

frames = on_colour(footage("bikes", 50), PILLAR, (255, 255, 255))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from tests.support.media import pictures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.pipeline.frames import Box, Rgb

Color = tuple[int, int, int]
_INK: Color = (25, 25, 30)


def on_color(frames: Sequence[Rgb], box: Box, color: Color) -> list[Rgb]:
    """Put the picture into a box of a frame of one colour."""
    return [_placed(np.full_like(frame, color), frame, box) for frame in frames]


def on_blur(
    frames: Sequence[Rgb],
    box: Box,
    *,
    sigma_px: float = 8,
    gain: float = 1.0,
    zoom: float = 1.0,
    is_mirrored: bool = False,
) -> list[Rgb]:
    """Put the picture into a box, before its own blurred enlargement, dimmed by `gain`."""
    return [
        _placed(_enlarged(frame, box, sigma_px, zoom, is_mirrored=is_mirrored, gain=gain), frame, box)
        for frame in frames
    ]


def on_gradient(frames: Sequence[Rgb], box: Box) -> list[Rgb]:
    """Put the picture into a box before a blue to orange gradient."""
    height, width = frames[0].shape[:2]
    share = np.linspace(0, 1, height)[:, None, None]
    ground = np.array([40, 90, 200]) * (1 - share) + np.array([230, 140, 60]) * share
    ground = np.broadcast_to(ground, (height, width, 3)).astype(np.uint8)
    return [_placed(ground.copy(), frame, box) for frame in frames]


def _enlarged(frame: Rgb, box: Box, sigma_px: float, zoom: float, *, is_mirrored: bool, gain: float) -> Rgb:
    height, width = frame.shape[:2]
    inner = _covering(frame, box.width, box.height)
    large = _covering(inner[:, ::-1] if is_mirrored else inner, round(width * zoom), round(height * zoom))
    top, left = (large.shape[0] - height) // 2, (large.shape[1] - width) // 2
    blurred = cv2.GaussianBlur(large[top : top + height, left : left + width], (0, 0), sigma_px)
    return (blurred * gain).astype(np.uint8)


def _placed(ground: Rgb, frame: Rgb, box: Box) -> Rgb:
    ground[box.top : box.bottom, box.left : box.right] = _covering(frame, box.width, box.height)
    return ground


def _covering(rgb: Rgb, width: int, height: int) -> Rgb:
    """Scale a picture until it covers a size, and cut its middle out."""
    scale = max(width / rgb.shape[1], height / rgb.shape[0])
    size = max(width, round(rgb.shape[1] * scale)), max(height, round(rgb.shape[0] * scale))
    large = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    top, left = (large.shape[0] - height) // 2, (large.shape[1] - width) // 2
    return large[top : top + height, left : left + width].copy()


def with_line(frames: Sequence[Rgb], text: str, bottom_px: int, *, ink: Color = (255, 255, 255)) -> list[Rgb]:
    """Write a line of text onto frames, its foot so far from the bottom."""
    written = [frame.copy() for frame in frames]
    for frame in written:
        place = (30, frame.shape[0] - bottom_px)
        cv2.putText(frame, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, ink, 1, cv2.LINE_AA)
    return written


def figures(count: int, ground: Color, *, size: pictures.Size = pictures.SIZE) -> list[Rgb]:
    """Two drawn people who sway on a flat ground; nothing else is in the frame."""
    frames = pictures.solid(ground, 1, size=size) * count
    return [_with_figures(frame.copy(), number) for number, frame in enumerate(frames)]


def _with_figures(rgb: Rgb, number: int) -> Rgb:
    for foot, reach, color in ((110, 18, (220, 180, 140)), (205, 14, (90, 160, 220))):
        x = int(foot + reach * np.sin(number / 14 + foot))
        cv2.circle(rgb, (x, 50), 22, color, -1)
        cv2.rectangle(rgb, (x - 28, 76), (x + 28, 152), color, -1)
        cv2.circle(rgb, (x - 7, 46), 3, _INK, -1)
        cv2.circle(rgb, (x + 7, 46), 3, _INK, -1)
    return rgb


def presenter(count: int, ground: Color) -> list[Rgb]:
    """A drawn head and shoulders that nod a little before a flat ground, cut by the lower edge."""
    frames = pictures.solid(ground, 1) * count
    drawn = [frame.copy() for frame in frames]
    for number, frame in enumerate(drawn):
        x = 160 + int(2 * np.sin(number / 6))
        cv2.ellipse(frame, (x, 186), (86, 66), 0, 0, 360, (70, 80, 140), -1)
        cv2.ellipse(frame, (x, 76), (33, 43), 0, 0, 360, (215, 170, 140), -1)
        cv2.ellipse(frame, (x, 98), (13, 2 + number % 4), 0, 0, 360, (120, 40, 40), -1)
    return drawn


def stage(count: int) -> list[Rgb]:
    """A lit stage between darkness above and below; the dancers' heads stand out into the dark."""
    frames = [frame.copy() for frame in pictures.black(count)]
    for number, frame in enumerate(frames):
        frame[60:120] = (120, 60, 40)
        for dancer in range(5):
            x = 50 + dancer * 53 + int(7 * np.sin(number / 8 + dancer))
            cv2.ellipse(frame, (x, 80), (10, 30), 0, 0, 360, (220, 180, 150), -1)
    return frames


def slides(count: int, ground: Color = (255, 255, 255), heading: Color | None = None) -> list[Rgb]:
    """Pages of text, each shown for 25 frames, perhaps under and over a band of another colour."""
    return [_slide(number // 25, ground, heading) for number in range(count)]


def _slide(page: int, ground: Color, heading: Color | None) -> Rgb:
    rgb = pictures.solid(ground, 1)[0].copy()
    ink = _INK if sum(ground) > 3 * 127 else (230, 230, 230)
    for line in range(6):
        words = " ".join(format((page * 7919 + line * 104729 + n * 1299709) % 99991, "x") for n in range(6))
        cv2.putText(rgb, words, (28, 56 + line * 17), cv2.FONT_HERSHEY_SIMPLEX, 0.4, ink, 1, cv2.LINE_AA)
    if heading:
        rgb[:30] = rgb[-30:] = heading
        cv2.putText(rgb, f"Chapter {page}", (28, 21), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 1)
    return rgb


def credit_roll(count: int) -> list[Rgb]:
    """White names that roll upwards on black."""
    frames = [frame.copy() for frame in pictures.black(count)]
    for number, frame in enumerate(frames):
        for line in range(20):
            foot = 190 + line * 20 - 2 * number
            cv2.putText(
                frame, "Somebody's Name", (100, foot), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (230, 230, 230), 1
            )
    return frames


def doorway(count: int) -> list[Rgb]:
    """Somebody who moves in a dark doorway between two plain walls."""
    frames = [frame.copy() for frame in pictures.solid((225, 222, 215), 1) * count]
    for number, frame in enumerate(frames):
        frame[:, 100:220] = (90, 60, 40)
        x = 160 + int(20 * np.sin(number / 15))
        cv2.circle(frame, (x, 73), 23, (220, 180, 150), -1)
        cv2.ellipse(frame, (x, 160), (36, 63), 0, 0, 360, (60, 80, 140), -1)
    return frames
