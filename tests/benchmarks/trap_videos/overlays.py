"""What lies over a whole video or parts of it: a sender's sign, subtitles, bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tests.benchmarks.trap_videos.bad_frames import BAR_SHARE, LONG_SIDE_PX, RATE, boxed_in

if TYPE_CHECKING:
    from numpy.random import Generator

    from worker.pipeline.frames import Rgb

Overlay = Callable[["Rgb", int], "Rgb"]
"""Returns a frame, given it and its number, with what lies over it."""

SPOKEN = (
    "I never thought it would take this long.",
    "Wait for me at the corner,\nI will be there in a minute.",
    "That is not what we agreed on.",
    "And then, all of a sudden,\nthe lights went out.",
    "What do you think?",
)
CAPTION_S = (1.5, 3.5)  #: how long a subtitle stays; the pauses between are as long
CAPTION_PX = 24  #: on a picture of `LONG_SIDE_PX`
WATERMARK_OPACITY = (0.35, 0.9)


def captioned_frames(count: int, rng: Generator) -> list[bool]:
    """Say of each frame whether somebody speaks."""
    speaks: list[bool] = []
    while len(speaks) < count:
        speaks += [len(speaks) == 0 or not speaks[-1]] * int(rng.uniform(*CAPTION_S) * RATE)
    return speaks[:count]


def subtitles(shape: tuple[int, int], speaks: Sequence[bool], rng: Generator) -> Overlay:
    """Write what is said under the frames in which somebody speaks."""
    starts = np.cumsum([now and not before for now, before in zip(speaks, [False, *speaks], strict=False)])
    cards = [_caption(shape, text) for text in rng.permutation(SPOKEN)]

    def overlay(rgb: Rgb, number: int) -> Rgb:
        return _over(rgb, cards[starts[number] % len(cards)], 1.0) if speaks[number] else rgb

    return overlay


def _caption(shape: tuple[int, int], text: str) -> Image.Image:
    height, width = shape
    card = Image.new("RGBA", (width, height))
    font = ImageFont.load_default(CAPTION_PX * max(width, LONG_SIDE_PX // 2) // LONG_SIDE_PX)
    ImageDraw.Draw(card).multiline_text(
        (width / 2, 0.94 * height), text, (255, 255, 255), font, anchor="md", align="center",
        stroke_width=2, stroke_fill=(0, 0, 0),
    )  # fmt: skip
    return card


def watermark(shape: tuple[int, int], rng: Generator) -> Overlay:
    """Put a sender's sign into a corner of every frame."""
    height, width = shape
    sign = Image.new("RGBA", (width, height))
    side = 40
    left = 14 if rng.integers(2) else width - side - 14
    top = 14 if rng.integers(2) else height - side - 14
    pen = ImageDraw.Draw(sign)
    pen.rounded_rectangle((left, top, left + side, top + side), 9, (255, 255, 255))
    pen.text((left + side / 2, top + side / 2), "K9", (200, 40, 50), ImageFont.load_default(22), anchor="mm")
    opacity = rng.uniform(*WATERMARK_OPACITY)
    return lambda rgb, _number: _over(rgb, sign, opacity)


def bars(rng: Generator, *, is_wide: bool) -> Overlay:
    """Put the whole video between bars."""
    share = rng.uniform(*BAR_SHARE)
    return lambda rgb, _number: boxed_in(rgb, share, is_wide=is_wide)


def _over(rgb: Rgb, card: Image.Image, opacity: float) -> Rgb:
    paint = np.asarray(card)
    rows, columns = (np.flatnonzero(paint[..., 3].any(axis=axis)) for axis in (1, 0))
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    share = paint[part][..., 3:] / 255 * opacity
    painted = rgb.copy()
    painted[part] = np.rint(rgb[part] * (1 - share) + paint[part][..., :3] * share).astype(np.uint8)
    return painted
