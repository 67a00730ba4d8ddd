"""Stands in for unsafe pictures, of which none may lie here: pink ones, and a finder that flags them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from worker.pipeline.safety.finder import UnsafeFinder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from worker.pipeline.frames import Rgb

_LEAST = 30  # by which red and blue lead over green in a picture that counts as pink


class PinkFinder(UnsafeFinder):
    """Flags pictures that are pink, and counts how many it looked at."""

    def __init__(self) -> None:
        self.looks = 0

    def likelihood(self, picture: Rgb | bytes) -> float:
        """Say 1 of a pink picture, and 0 of any other."""
        self.looks += 1
        rgb = np.asarray(Image.open(io.BytesIO(picture))) if isinstance(picture, bytes) else picture
        red, green, blue = rgb.reshape(-1, 3).mean(axis=0)
        return float(min(red, blue) - green > _LEAST)


def pink(frames: Iterable[Rgb]) -> list[Rgb]:
    """Make frames pink, and show what they show."""
    return [np.stack([rgb[..., 0] // 2 + 127, rgb[..., 1] // 2, rgb[..., 2] // 2 + 127], 2) for rgb in frames]
