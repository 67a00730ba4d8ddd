"""What is in a still that a crop should keep: figures, heads, lines of text, and what stands out.

Values are on one scale, that of the score: 1 is a face or a figure that could be no better by being larger.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from worker.pipeline.crop.saliency import saliency
from worker.pipeline.frames import Box
from worker.pipeline.scoring.ranking import face_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from worker.pipeline.frames import Face, Rgb
    from worker.pipeline.scoring.text import TextLine

# A detector's box goes from the brows to the chin. A head is more, in face heights and widths.
HAIR, CHIN, EARS = 0.5, 0.15, 0.25
# A head at least so tall, beside the tallest, matters; the audience behind a speaker does not.
MAIN_HEAD_SHARE = 0.5
# A face lower than this share of the picture's shorter side only breaks ties: made small, nobody sees it.
MIN_FACE_HEIGHT = 0.08

# The finder is this sure of a cell of the foreground.
_FOREGROUND = 0.5
# Shares of the picture's area: a smaller part is no figure; one as large as the second is as good as any
# larger; one larger than the third is the ground, or fills whatever crop.
MIN_FIGURE_SHARE, FULL_FIGURE_SHARE, MAX_FIGURE_SHARE = 0.015, 0.25, 0.6
# Mean certainty over a figure: 0.87 to 0.99 for people, 0.7 to 0.86 for what looks a little like one.
_UNSURE, _SURE = 0.7, 0.9
# What stands out in the background counts so much beside the same in the foreground.
_BEHIND = 0.5
# How much a row counts at the top of its figure, and at its foot: heads and what tells most are above. And by
# the root of its width, for a head is narrower than shoulders.
_TOP_TO_FOOT = (1.0, 0.0)


class PersonHead(NamedTuple):
    """A head and how much it counts."""

    box: Box  #: with hair, ears and chin, in pixels of the still
    face: Box  #: without these
    value: float  #: what the face is worth in the score, 0..1
    is_main: bool  #: a face that is large, in itself and beside the largest
    is_minor: bool  #: a face so small that it only breaks ties


class Figure(NamedTuple):
    """A connected part of the foreground, with the heads in it; or a main head that lies in none."""

    across: NDArray[
        np.float64
    ]  #: its area in equal cells from left to right; adds up to 1, or to 0 if unknown
    down: NDArray[np.float64]  #: likewise from top to bottom, but heads count more
    value: float  #: by its size, without its heads
    heads: tuple[PersonHead, ...]

    @property
    def value_in_all(self) -> float:
        """The figure's value with its heads."""
        return self.value + sum(head.value for head in self.heads)


@dataclass(frozen=True, slots=True)
class Scene:
    """All that crops of a still to whatever ratio go by."""

    width_px: int
    height_px: int
    figures: tuple[Figure, ...]  #: the most valuable first
    heads: tuple[PersonHead, ...]  #: those of figures, and minor ones
    text: tuple[Box, ...]  #: its lines
    saliency: NDArray[np.float32]  #: (64, 64), 0..1


def see(
    rgb: Rgb,
    faces: Sequence[Face] = (),
    foreground: NDArray[np.float32] | None = None,
    text: Sequence[TextLine] = (),
) -> Scene:
    """Find what crops of a still should keep.

    Args:
        rgb: the still, (height, width, 3) uint8 RGB.
        faces: in pixels of the still.
        foreground: (n, m) float32, 0..1, as `ForegroundFinder.find` gives it; None for no figures.
        text: as `TextFinder.find` gives it.
    """
    height, width = rgb.shape[:2]
    main = main_faces(faces, width, height)
    found = [_head(face, width, height, is_main=face in main) for face in faces]
    counted = [head for head in found if not head.is_minor]
    figures = [] if foreground is None else list(_figures(foreground, counted, width, height))
    inside = {head for figure in figures for head in figure.heads}
    figures += [_without_body(head) for head in counted if head not in inside]
    heads = [head for figure in figures for head in figure.heads] + [head for head in found if head.is_minor]
    figures.sort(key=lambda figure: -figure.value_in_all)
    standing_out = saliency(rgb)
    if foreground is not None:
        standing_out = standing_out * cv2.resize(
            _BEHIND + (1 - _BEHIND) * foreground, standing_out.shape[::-1]
        )
    lines = tuple(_line_box(line, width, height) for line in text)
    return Scene(width, height, tuple(figures), tuple(heads), lines, standing_out)


def _line_box(line: TextLine, width_px: int, height_px: int) -> Box:
    left, top, right, bottom = line.region
    return Box(int(left * width_px), int(top * height_px), round(right * width_px), round(bottom * height_px))


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


def main_faces(faces: Sequence[Face], width_px: int, height_px: int) -> list[Face]:
    """Keep the faces that matter in a picture of this size: large in themselves, and beside the tallest."""
    tallest = max((face.box.height for face in faces), default=0)
    least = max(MAIN_HEAD_SHARE * tallest, MIN_FACE_HEIGHT * min(width_px, height_px))
    return [face for face in faces if face.box.height >= least]


def _head(face: Face, width: int, height: int, *, is_main: bool) -> PersonHead:
    is_minor = face.box.height < MIN_FACE_HEIGHT * min(width, height)
    return PersonHead(
        head_box(face, width, height), face.box, face_value([face], width, height), is_main, is_minor
    )


def _without_body(head: PersonHead) -> Figure:
    return Figure(np.zeros(1), np.zeros(1), 0.0, (head,))


def _figures(
    foreground: NDArray[np.float32], heads: Sequence[PersonHead], width_px: int, height_px: int
) -> Iterator[Figure]:
    """Yield the connected parts of the foreground that are large and sure enough."""
    rows, columns = foreground.shape
    count, labels, stats, _ = cv2.connectedComponentsWithStats((foreground > _FOREGROUND).astype(np.uint8))
    for label in range(1, count):
        _, top, _, height, area = stats[label].tolist()
        share = area / foreground.size
        if not MIN_FIGURE_SHARE <= share <= MAX_FIGURE_SHARE:
            continue
        cells = labels == label
        sureness = float(np.interp(foreground[cells].mean(), (_UNSURE, _SURE), (0.0, 1.0)))
        value = sureness * min(1.0, share / FULL_FIGURE_SHARE) ** 0.5
        # The faces that it holds, by the middle of each.
        inside = [
            head
            for head in heads
            if cells[
                (head.face.top + head.face.bottom) * rows // (2 * height_px),
                (head.face.left + head.face.right) * columns // (2 * width_px),
            ]
        ]
        across = cells.sum(axis=0)
        down = cells.sum(axis=1) ** 0.5 * np.interp(np.arange(rows), (top, top + height), _TOP_TO_FOOT)
        yield Figure(across / across.sum(), down / down.sum(), value, tuple(inside))
