"""Synthetic damage: what makes a frame a bad thumbnail, made on purpose, with known truth.

The bundled model learns from clean frames against these, and its figures are measured on them. Strengths
are for pictures about 320 px wide, the size at which frames are judged, and reach from clearly visible
to nearly destroyed.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from worker.pipeline.frames import Rgb

if TYPE_CHECKING:
    from numpy.typing import NDArray

DamageFunction = Callable[[Rgb, Rgb, np.random.Generator], Rgb]
"""(frame, a frame of another shot, randomness) -> the damaged frame, same size."""

WHITE = 255.0
# SMPTE RP 219 / EBU order: white, yellow, cyan, green, magenta, red, blue, black.
BARS = np.array(
    [(1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1), (0, 0, 0)], np.float32
)
WORDS = (
    "The End",
    "Chapter",
    "One",
    "presents",
    "a film",
    "by",
    "Thank you",
    "for watching",
    "NEWS",
    "LIVE",
    "credits",
)
DARK_CARDS = 0.65  #: share of title cards with light words on dark ground


def _to_rgb(picture: NDArray[np.floating]) -> Rgb:
    rgb: Rgb = np.clip(np.rint(picture), 0, WHITE).astype(np.uint8)
    return rgb


def _noise(shape: tuple[int, ...], sigma: float, rng: np.random.Generator) -> NDArray[np.float32]:
    return rng.standard_normal(shape, np.float32) * np.float32(sigma)


def fade(rgb: Rgb, _other: Rgb, rng: np.random.Generator) -> Rgb:
    """Fade part of the way to black or to white, as between two scenes."""
    ground = rng.choice([0.0, WHITE])
    rest = rng.uniform(0.1, 0.5)
    return _to_rgb(rgb * rest + ground * (1 - rest))


def dissolve(rgb: Rgb, other: Rgb, rng: np.random.Generator) -> Rgb:
    """Show two shots at once."""
    rest = rng.uniform(0.35, 0.65)
    return _to_rgb(rgb * rest + cv2.resize(other, rgb.shape[1::-1]) * (1 - rest))


def motion_blur(rgb: Rgb, _other: Rgb, rng: np.random.Generator) -> Rgb:
    """Smear in a straight line of 4 to 10 % of the width, as a whip pan or a fast subject does."""
    length = int(rgb.shape[1] * rng.uniform(0.04, 0.1)) | 1  # odd, so that the kernel has a middle
    angle = rng.uniform(0, np.pi)
    half = length // 2
    kernel = np.zeros((length, length), np.float32)
    reach = np.array([np.cos(angle), np.sin(angle)]) * half
    start, end = (np.rint(half + side * reach).astype(int).tolist() for side in (-1, 1))
    cv2.line(kernel, start, end, 1.0)
    return cv2.filter2D(rgb, -1, kernel / kernel.sum()).astype(np.uint8)


def defocus(rgb: Rgb, _other: Rgb, rng: np.random.Generator) -> Rgb:
    """Blur by a Gaussian of 0.6 to 1.6 % of the width, as a lens that is focused elsewhere does."""
    return cv2.GaussianBlur(rgb, (0, 0), rgb.shape[1] * rng.uniform(0.006, 0.016)).astype(np.uint8)


def dark_noise(rgb: Rgb, _other: Rgb, rng: np.random.Generator) -> Rgb:
    """Leave hardly any light, and the sensor's grain in it."""
    return _to_rgb(rgb * rng.uniform(0.08, 0.3) + _noise(rgb.shape, rng.uniform(4, 12), rng))


def noise(rgb: Rgb, _other: Rgb, rng: np.random.Generator) -> Rgb:
    """Lay grain over a well-lit picture."""
    return _to_rgb(rgb + _noise(rgb.shape, rng.uniform(20, 50), rng))


def overexposure(rgb: Rgb, _other: Rgb, rng: np.random.Generator) -> Rgb:
    """Blow highlights to white."""
    return _to_rgb(rgb * rng.uniform(1.8, 3.5) + rng.uniform(20, 70))


def blank(rgb: Rgb, _other: Rgb, rng: np.random.Generator) -> Rgb:
    """Leave an almost empty picture of one colour, as a flash or a covered lens does."""
    rest = rng.uniform(0, 0.08)
    ground = np.where(rng.integers(2), rng.choice([0.0, WHITE]), rng.uniform(0, WHITE, 3))
    return _to_rgb(rgb * rest + ground * (1 - rest) + _noise(rgb.shape, rng.uniform(0, 3), rng))


def draw_color_bars(rgb: Rgb, _other: Rgb, rng: np.random.Generator) -> Rgb:
    """Draw a test pattern: bars at 75 or 100 %, some with a darker strip below."""
    height, width = rgb.shape[:2]
    count = int(rng.integers(6, len(BARS) + 1))
    row = BARS[(np.arange(width) * count) // width] * WHITE * rng.choice([0.75, 1.0])
    picture = np.repeat(row[None], height, axis=0)
    if rng.integers(2):
        strip = int(height * rng.uniform(0.65, 0.8))
        picture[strip:] = np.linspace(0, WHITE, width)[None, :, None] if rng.integers(2) else row[::-1] * 0.2
    return _to_rgb(picture + _noise(rgb.shape, rng.uniform(0, 4), rng))


def draw_title_card(rgb: Rgb, _other: Rgb, rng: np.random.Generator) -> Rgb:
    """Draw words on a plain ground, nothing else."""
    height, width = rgb.shape[:2]
    dark = rng.random() < DARK_CARDS
    ground = rng.uniform(0, 60, 3) if dark else rng.uniform(190, WHITE, 3)
    ink = rng.uniform(180, WHITE, 3) if dark else rng.uniform(0, 80, 3)
    shade = np.linspace(1, rng.uniform(0.5, 1.0), height)[:, None, None]
    picture = np.ascontiguousarray(_to_rgb(np.broadcast_to(ground * shade, rgb.shape)))
    font = int(rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_DUPLEX]))
    lines = int(rng.integers(1, 5))
    for line in range(lines):
        text = " ".join(rng.choice(WORDS, int(rng.integers(1, 4))))
        (text_px, _), _ = cv2.getTextSize(text, font, 1.0, 1)
        scale = min(width * rng.uniform(0.4, 0.85) / text_px, height / lines / 40)
        at = (int((width - text_px * scale) / 2), int(height * (line + 1) / (lines + 1)))
        cv2.putText(picture, text, at, font, scale, ink.tolist(), int(rng.integers(1, 3)), cv2.LINE_AA)
    return picture


def compression(rgb: Rgb, _other: Rgb, rng: np.random.Generator) -> Rgb:
    """Break into blocks: far too few bits, or a tiny picture blown up."""
    if rng.integers(2):
        coded = io.BytesIO()
        Image.fromarray(rgb).save(coded, "JPEG", quality=int(rng.integers(2, 8)))
        return np.asarray(Image.open(coded))
    height, width = rgb.shape[:2]
    step = rng.uniform(5, 10)
    small = cv2.resize(rgb, (int(width / step), int(height / step)), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST).astype(np.uint8)


# Their order is that of the axes in `lite.safetensors`, and their names are those of `lite_words.toml`.
DAMAGES: dict[str, DamageFunction] = {
    "fade": fade,
    "dissolve": dissolve,
    "motion_blur": motion_blur,
    "defocus": defocus,
    "dark_noise": dark_noise,
    "noise": noise,
    "overexposure": overexposure,
    "blank": blank,
    "color_bars": draw_color_bars,
    "title_card": draw_title_card,
    "compression": compression,
}
