"""Cuts a still to an aspect ratio, around what matters.

The crop is the largest box of the ratio, so it slides along one side of the still only. Where it
stops, in this order: no head that matters is cut and as many as possible are in; the rest of the
heads likewise; heads in a pleasant place. Without faces, the most salient part is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from worker.aspects import parse_aspect
from worker.pipeline.crop.saliency import saliency
from worker.pipeline.frames import Box, Crop
from worker.pipeline.jpeg import MAX_SIDE_PX, encode_jpeg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from worker.pipeline.frames import Face, Rgb

# A detector's box goes from the brows to the chin. A head is more, in face heights and widths.
HAIR, CHIN, EARS = 0.5, 0.15, 0.25
# A head at least so tall, beside the tallest, matters; the audience behind a speaker does not.
MAIN_HEAD_SHARE = 0.5
# Where faces go in a crop that slides up and down: headroom above, body below.
FACE_LINE = 0.4

# Where the middle of a flat crop of a tall still goes if nothing stands out: people stand in the upper part.
UPPER_THIRD = 1 / 3
# The best place must hold so much more saliency than the mean of all; with less, nothing stands out.
_MIN_SALIENCE = 1.05


class _Head(NamedTuple):
    """A head along the side that the crop slides on."""

    first: int
    last: int  #: exclusive
    middle: float  #: of the face, without hair and chin
    weight: float  #: larger and surer faces weigh more
    is_main: bool


def crop(rgb: Rgb, aspect: str, faces: Sequence[Face] = (), *, max_side_px: int = MAX_SIDE_PX) -> Crop:
    """Cut and encode one picture.

    Args:
        rgb: the still, (height, width, 3) uint8 RGB.
        aspect: as `parse_aspect` takes it.
        faces: in pixels of the still.
        max_side_px: the longer side of the result at most; a smaller crop is not enlarged.
    """
    box = crop_box(rgb, aspect, faces)
    scale = min(1.0, max_side_px / max(box.width, box.height))
    size = (max(1, round(box.width * scale)), max(1, round(box.height * scale)))
    cut = rgb[box.top : box.bottom, box.left : box.right]
    scaled = cut if scale == 1 else cv2.resize(cut, size, interpolation=cv2.INTER_AREA)
    return Crop(aspect, box, *size, encode_jpeg(np.asarray(scaled, np.uint8)))


def crop_box(rgb: Rgb, aspect: str, faces: Sequence[Face] = ()) -> Box:
    """Place the largest box of an aspect ratio on a still.

    Args:
        rgb: the still, (height, width, 3) uint8 RGB.
        aspect: as `parse_aspect` takes it.
        faces: in pixels of the still; without any, the most salient part decides.

    Returns:
        A box in pixels of the still.
    """
    height, width = rgb.shape[:2]
    ratio = parse_aspect(aspect)
    if ratio is None:
        return Box(0, 0, width, height)
    if width >= height * ratio:
        length = min(width, max(1, round(height * ratio)))
        left = _start(rgb, length, faces, across=True)
        return Box(left, 0, left + length, height)
    length = min(height, max(1, round(width / ratio)))
    top = _start(rgb, length, faces, across=False)
    return Box(0, top, width, top + length)


def _start(rgb: Rgb, length: int, faces: Sequence[Face], *, across: bool) -> int:
    """Find where the crop begins on the side that it slides along: across (x) or down (y), in pixels."""
    height, width = rgb.shape[:2]
    side = width if across else height
    if length == side:
        return 0
    if not faces:
        return _around_saliency(rgb, length, across=across)
    heads = _heads(faces, width, height, across=across)
    return _around_heads(heads, length, side, line=0.5 if across else FACE_LINE)


def head_box(face: Face, width_px: int, height_px: int) -> Box:
    """Enlarge a face's box to the head, with hair, ears and chin, inside the picture."""
    box = face.box
    ears = round(EARS * box.width)
    return Box(
        max(0, box.left - ears),
        max(0, box.top - round(HAIR * box.height)),
        min(width_px, box.right + ears),
        min(height_px, box.bottom + round(CHIN * box.height)),
    )


def _heads(faces: Sequence[Face], width: int, height: int, *, across: bool) -> list[_Head]:
    tallest = max(face.box.height for face in faces)
    heads = []
    for face in faces:
        box = head_box(face, width, height)
        first, last = (box.left, box.right) if across else (box.top, box.bottom)
        middle = (face.box.left + face.box.right if across else face.box.top + face.box.bottom) / 2
        weight = face.box.width * face.box.height * face.confidence
        heads.append(_Head(first, last, middle, weight, face.box.height >= MAIN_HEAD_SHARE * tallest))
    return heads


def _around_heads(heads: Sequence[_Head], length: int, side: int, line: float) -> int:
    """Find the best start among the few that can differ, for a crop of `length` on a side of `side` pixels.

    What a crop does to heads changes only where an edge of it meets an edge of a head; so these starts are
    tried, and the ideal one, which puts the heads that matter on the face line. The least harm wins, then the
    nearest to the ideal.
    """
    main = [head for head in heads if head.is_main]
    largest = max(main, key=lambda head: head.weight)
    if all(head.last - head.first > length for head in main):
        return _within(largest.middle - length / 2, side - length)
    first, last = min(head.first for head in main), max(head.last for head in main)
    middle = (first + last) / 2 if last - first <= length else largest.middle
    ideal = _within(middle - line * length, side - length)
    meetings = [edge - shift for head in heads for edge in (head.first, head.last) for shift in (0, length)]
    starts = {ideal, *(_within(start, side - length) for start in meetings)}
    return min(starts, key=lambda start: (*_harm(heads, start, length), abs(start - ideal), start))


def _within(start: float, last: int) -> int:
    return min(max(round(start), 0), last)


def _harm(heads: Sequence[_Head], start: int, length: int) -> tuple[float, ...]:
    """Measure what a crop does to heads, the worst first: to those that matter, then to the others."""
    end = start + length
    verdicts: list[float] = []
    for is_main in (True, False):
        group = [head for head in heads if head.is_main is is_main]
        whole = [head for head in group if start <= head.first and head.last <= end]
        cut = [head for head in group if head not in whole and head.first < end and head.last > start]
        none_left = is_main and not whole
        verdicts += [none_left, sum(head.weight for head in cut), -sum(head.weight for head in whole)]
    return tuple(verdicts)


def _around_saliency(rgb: Rgb, length: int, *, across: bool) -> int:
    """Find the crop with the most saliency about its middle; the usual place where nothing stands out."""
    height, width = rgb.shape[:2]
    side = width if across else height
    middle = UPPER_THIRD if not across and height > width else 0.5
    usual = _within(middle * side - length / 2, side - length)
    profile = saliency(rgb).sum(axis=0 if across else 1)
    if not profile.any():
        return usual
    # Each pixel's place on the 64 steps of the profile, both counted at the middle of their cells; then the
    # sum over every possible crop in one convolution.
    places = (np.arange(side) + 0.5) * len(profile) / side - 0.5
    held = np.convolve(np.interp(places, np.arange(len(profile)), profile), _middle_first(length), "valid")
    stands_out = bool(held.max() > _MIN_SALIENCE * held.mean())
    return int(held.argmax()) if stands_out else usual


def _middle_first(length: int) -> NDArray[np.float64]:
    """Make weights over a crop: what stands out belongs into the middle, not just inside."""
    return np.asarray(1 - np.linspace(-1, 1, length) ** 2)
