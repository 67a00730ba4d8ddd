"""Bad stretches that somebody drew: line-up bars, titles, credits, logos. See `bad_frames`.

Each function draws a number of frames of a (height, width).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tests.benchmarks.trap_videos.bad_frames import LONG_SIDE_PX

if TYPE_CHECKING:
    from numpy.random import Generator

    from worker.pipeline.frames import Rgb

Shape = tuple[int, int]
"""(height, width) in pixels."""

WHITE = (255, 255, 255)
BLACK = (0, 0, 0)
# White, yellow, cyan, green, magenta, red, blue, black, as shares of full light (EBU Tech 3237).
BARS = (
    (1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1), (0, 0, 0)
)  # fmt: skip
TITLES = ("The Long Way Home", "Part Two", "A Day in June", "Interview with the Team", "How It Is Made")
NAMES = ("Ada Moreno", "Jun Takeda", "Lea Brandt", "Sam Okoye", "Mira Novak", "Tom Silva", "Ines Roy")
TRADES = ("Directed by", "Camera", "Sound", "Edited by", "Music", "Thanks to", "Produced by", "Colour")


def color_bars(shape: Shape, count: int, rng: Generator) -> list[Rgb]:
    """A line-up: EBU bars at 75 or 100 %, whole or over a grey ramp."""
    height, width = shape
    column = np.arange(width) * len(BARS) // width
    row = (np.array(BARS)[column] * 255 * rng.choice([0.75, 1.0])).astype(np.uint8)
    rgb = np.repeat(row[None], height, axis=0)
    if rng.integers(2):
        rgb[int(0.7 * height) :] = np.linspace(16, 235, width).astype(np.uint8)[None, :, None]
    return [rgb] * count


def _shade(rng: Generator, low: int, high: int) -> tuple[int, int, int]:
    red, green, blue = rng.integers(low, high, 3).tolist()
    return red, green, blue


def _ground(shape: Shape, color: tuple[int, int, int], shading: float) -> Image.Image:
    """Return a ground of one colour that darkens downwards."""
    rows = np.linspace(1, 1 - shading, shape[0])[:, None, None]
    plane = np.broadcast_to(np.array(color) * rows, (*shape, 3))
    return Image.fromarray(np.ascontiguousarray(plane.astype(np.uint8)))


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _write(picture: Image.Image, text: str, y: float, size: int, ink: tuple[int, int, int]) -> None:
    """Write a line about the middle; `size` is in pixels of a wide picture."""
    font = _font(size * picture.width // LONG_SIDE_PX)
    ImageDraw.Draw(picture).text((picture.width / 2, y * picture.height), text, ink, font, anchor="mm")


def title_card(shape: Shape, count: int, rng: Generator) -> list[Rgb]:
    """A line or two of text on a plain or shaded ground."""
    is_dark = bool(rng.integers(3))
    ground, ink = ((0, 70), (200, 256)) if is_dark else ((180, 256), (0, 90))
    card = _ground(shape, _shade(rng, *ground), rng.choice([0.0, 0.4]))
    title, subtitle = rng.choice(TITLES, 2, replace=False)
    color = _shade(rng, *ink)
    _write(card, title, 0.45, int(rng.uniform(30, 60)), color)
    if rng.integers(2):
        _write(card, subtitle, 0.65, 24, color)
    return [np.asarray(card)] * count


def credits_roll(shape: Shape, count: int, rng: Generator) -> list[Rgb]:
    """End credits that scroll over black."""
    size, step_px = int(rng.uniform(14, 24)), rng.uniform(1, 4)
    lines = [text for trade in TRADES for text in (trade, *rng.choice(NAMES, 2, replace=False), "")] * 2
    rolling = []
    for number in range(count):
        card = _ground(shape, BLACK, 0.0)
        for line, text in enumerate(lines):
            _write(card, text, (1.5 * size * line - step_px * number + 40) / shape[0], size, WHITE)
        rolling.append(np.asarray(card))
    return rolling


def logo_slate(shape: Shape, count: int, rng: Generator) -> list[Rgb]:
    """A studio's sign that slowly grows on a shaded ground."""
    ground, color = _shade(rng, 0, 256), _shade(rng, 60, 256)
    shading, name = rng.uniform(0.2, 0.7), str(rng.choice(["ORBIT", "north", "Lumen", "K9"]))
    middle = (shape[1] // 2, int(0.42 * shape[0]))
    growing = []
    for number in range(count):
        slate = _ground(shape, ground, shading)
        radius = (60 + number * 0.4) * shape[1] / LONG_SIDE_PX
        ImageDraw.Draw(slate).circle(middle, radius, color)
        ImageDraw.Draw(slate).circle(middle, radius * 0.55, ground)
        _write(slate, name, 0.8, 44, color)
        growing.append(np.asarray(slate))
    return growing
