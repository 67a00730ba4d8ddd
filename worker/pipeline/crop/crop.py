"""Cuts a still to aspect ratios, around what matters in it.

A crop is the largest box of its ratio, so it slides along one side of the still only: `place.py` says where
it stops.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from worker.aspects import parse_aspect
from worker.pipeline.crop.place import best_start
from worker.pipeline.crop.scene import see
from worker.pipeline.frames import Box, Crop
from worker.pipeline.jpeg import MAX_SIDE_PX, encode_jpeg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from worker.pipeline.crop.scene import Scene
    from worker.pipeline.frames import Face, Rgb
    from worker.pipeline.scoring.text import TextLine

# No side of a crop is shorter, where the still has so much: less is no picture, and some encoders refuse it.
MIN_SIDE_PX = 16


def crops(
    rgb: Rgb,
    aspects: Sequence[str],
    faces: Sequence[Face] = (),
    foreground: NDArray[np.float32] | None = None,
    text: Sequence[TextLine] = (),
    *,
    max_side_px: int = MAX_SIDE_PX,
) -> tuple[Crop, ...]:
    """Cut and encode one picture, once for each aspect ratio, in the order given.

    Args:
        rgb: the still, (height, width, 3) uint8 RGB.
        aspects: each as `parse_aspect` takes it.
        faces: in pixels of the still.
        foreground: (n, m) float32, 0..1, as `ForegroundFinder.find` gives it; None for no figures.
        text: as `TextFinder.find` gives it.
        max_side_px: the longer side of a result at most; a smaller crop is not enlarged.
    """
    scene = see(rgb, faces, foreground, text)
    return tuple(_cut(rgb, aspect, crop_box(scene, aspect), max_side_px) for aspect in aspects)


def _cut(rgb: Rgb, aspect: str, box: Box, max_side_px: int) -> Crop:
    scale = min(1.0, max_side_px / max(box.width, box.height))
    size = (max(1, round(box.width * scale)), max(1, round(box.height * scale)))
    cut = rgb[box.top : box.bottom, box.left : box.right]
    scaled = cut if scale == 1 else cv2.resize(cut, size, interpolation=cv2.INTER_AREA)
    return Crop(aspect, box, *size, encode_jpeg(np.asarray(scaled, np.uint8)))


def crop_box(scene: Scene, aspect: str) -> Box:
    """Place the largest box of an aspect ratio on a still.

    Args:
        scene: what is in the still.
        aspect: as `parse_aspect` takes it.

    Returns:
        A box in pixels of the still. Where the still is so flat or tall that a side would have fewer than
        `MIN_SIDE_PX`, it has that many and another ratio.
    """
    width, height = scene.width_px, scene.height_px
    ratio = parse_aspect(aspect)
    if ratio is None:
        return Box(0, 0, width, height)
    if width >= height * ratio:
        length = min(width, max(MIN_SIDE_PX, round(height * ratio)))
        left = best_start(scene, length, across=True) if length < width else 0
        return Box(left, 0, left + length, height)
    length = min(height, max(MIN_SIDE_PX, round(width / ratio)))
    top = best_start(scene, length, across=False) if length < height else 0
    return Box(0, top, width, top + length)
