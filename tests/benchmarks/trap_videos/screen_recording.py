"""Recordings of a screen, drawn: text that is typed, a table with a chart, a page that scrolls.

They are good footage, and look like what is not: flat, still, full of text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator

    from worker.pipeline.frames import Rgb

Shape = tuple[int, int]
"""(height, width) in pixels."""

WORDS = (
    *("open", "the", "file", "read", "each", "line", "count", "words", "print"),
    *("total", "while", "queue", "next", "item", "store", "done"),
)
CODE_INKS = ((220, 220, 170), (86, 156, 214), (206, 145, 120), (156, 220, 254))
CHART_INKS = ((66, 133, 244), (219, 68, 55), (244, 180, 0), (15, 157, 88))
LINE_PX = 17
TITLE_BAR_PX = 22
CURSOR = np.array([(0, 0), (0, 15), (4, 11), (7, 17), (9, 16), (6, 10), (11, 10)], np.int32)


def recording(shape: Shape, count: int, rng: Generator) -> list[Rgb]:
    """Record one of the programs while the pointer wanders."""
    program = (_editor, _table, _page)[int(rng.integers(3))]
    draw = program(shape, rng)
    path = np.cumsum(rng.normal(0, 2, (count, 2)), axis=0) + np.array(shape[::-1]) * rng.uniform(0.3, 0.7, 2)
    return [_with_pointer(draw(number), path[number]) for number in range(count)]


def _with_pointer(rgb: Rgb, place: np.ndarray) -> Rgb:
    arrow = np.rint(CURSOR + place).astype(np.int32)
    cv2.fillPoly(rgb, [arrow], (255, 255, 255))
    cv2.polylines(rgb, [arrow], isClosed=True, color=(0, 0, 0), thickness=1, lineType=cv2.LINE_AA)
    return rgb


def _window(shape: Shape, ground: int, bar: int) -> Image.Image:
    window = Image.new("RGB", shape[::-1], (ground, ground, ground))
    pen = ImageDraw.Draw(window)
    pen.rectangle((0, 0, shape[1], TITLE_BAR_PX), (bar, bar, bar + 5))
    for number, ink in enumerate(((237, 106, 94), (245, 191, 79), (98, 197, 84))):
        pen.ellipse((8 + 18 * number, 6, 18 + 18 * number, 16), ink)
    return window


def _sentence(rng: Generator, most: int) -> str:
    return " ".join(rng.choice(WORDS, int(rng.integers(2, most))))


def _editor(shape: Shape, rng: Generator) -> Callable[[int], Rgb]:
    """Return what draws a dark editor; some characters more are typed in every frame."""
    font = ImageFont.load_default(12)
    lines = [
        (24 + 20 * int(rng.integers(3)), _sentence(rng, 7), CODE_INKS[int(rng.integers(len(CODE_INKS)))])
        for _ in range((shape[0] - 2 * TITLE_BAR_PX) // LINE_PX)
    ]
    typed_before = 120 + int(rng.integers(200))

    def draw(number: int) -> Rgb:
        window = _window(shape, 30, 50)
        pen = ImageDraw.Draw(window)
        left = typed_before + number
        for row, (indent, text, ink) in enumerate(lines):
            pen.text((indent, TITLE_BAR_PX + 8 + LINE_PX * row), text[: max(0, left)], ink, font)
            left -= len(text)
        return np.array(window)

    return draw


def _table(shape: Shape, rng: Generator) -> Callable[[int], Rgb]:
    """Return what draws rows of numbers beside a chart whose bars grow."""
    font = ImageFont.load_default(11)
    height, width = shape
    window = _window(shape, 250, 225)
    pen = ImageDraw.Draw(window)
    cell = (width // 10, LINE_PX)
    for row in range((height - TITLE_BAR_PX) // LINE_PX):
        for column in range(5):
            left, top = column * cell[0], TITLE_BAR_PX + row * LINE_PX
            pen.rectangle((left, top, left + cell[0], top + LINE_PX), outline=(210, 210, 210))
            pen.text((left + 4, top + 2), f"{rng.integers(10_000)}", (40, 40, 40), font)
    values = rng.uniform(0.3, 1, 6)

    def draw(number: int) -> Rgb:
        grown = window.copy()
        pen = ImageDraw.Draw(grown)
        for bar, value in enumerate(values):
            left, floor = int(width * (0.56 + 0.07 * bar)), int(0.9 * height)
            top = floor - int(value * 0.7 * height * min(1.0, 0.4 + number / 100))
            pen.rectangle((left, top, left + width // 22, floor), CHART_INKS[bar % len(CHART_INKS)])
        return np.array(grown)

    return draw


def _page(shape: Shape, rng: Generator) -> Callable[[int], Rgb]:
    """Return what draws a long page with pictures that scrolls."""
    font = ImageFont.load_default(12)
    height, width = shape
    page = Image.new("RGB", (width, 4 * height), (255, 255, 255))
    pen = ImageDraw.Draw(page)
    top = 10
    while top < page.height - 100:
        hue = rng.integers(40, 220, 3)
        shades = (
            np.linspace(0.6, 1.2, 80)[:, None, None] * hue * np.linspace(0.8, 1.1, width // 3)[None, :, None]
        )
        picture = Image.fromarray(np.clip(shades, 0, 255).astype(np.uint8))
        page.paste(picture, (20, top))
        for line in range(4):
            pen.text((width // 3 + 40, top + 4 + LINE_PX * line), _sentence(rng, 9), (50, 50, 50), font)
        top += 110
    speed_px = rng.uniform(0, 2)

    def draw(number: int) -> Rgb:
        start = int(min(number * speed_px, page.height - height))
        shown = np.array(page)[start : start + height]
        shown[:TITLE_BAR_PX] = np.array(_window(shape, 255, 235))[:TITLE_BAR_PX]
        return shown

    return draw
