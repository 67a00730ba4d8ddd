"""Lines of text in a picture, found cheaply: enough for a crop to pass beside a caption, not to read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from worker.pipeline.frames import Box

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from worker.pipeline.frames import Rgb

LONGER_SIDE_PX = 640
"""The longer side at which the letters of captions are looked for; a larger picture shows no more of them."""

# And that for titles, whose letters are too large for the rest at the first.
_TITLE_SIDE_PX = 256
# A word: so high in pixels at these sizes, so high at most as a share of the picture, so many times as long.
_MIN_HEIGHT_PX, _MAX_HEIGHT_SHARE, _MIN_LENGTH = 7, 0.15, 2.5
# Levels between neighbouring pixels from which they are an edge of a letter.
_EDGE_LEVELS = 60
# Letters lie nearer together than this, and what is no letter is thinner than that, in pixels.
_GAP_PX, _SPECK = 11, (5, 3)
# Words of a line are not further apart than so many times its height.
_WORD_GAP = 1.2
# So much of a word's box is covered by its letters once the gaps are closed.
_MIN_FILL = 0.6
# Ink and ground are two levels: so far apart, and so many times further than each of them spreads.
_INK_LEVELS, _INK_SPREADS = 60, 3
# Changes between ink and ground along a line, for each of its heights: letters have two to six.
_MIN_STROKES, _MAX_STROKES = 1.8, 8


def text_lines(rgb: Rgb) -> tuple[Box, ...]:
    """Find horizontal lines of text: rows of strokes in one ink on one ground, wide and thin.

    It takes about 2 ms, misses half of what is there (fancy or faint letters), and takes a grid or a fence
    for a line now and then: good enough to prefer one crop to another, not to count text.

    Args:
        rgb: (height, width, 3) uint8 RGB, of any size.

    Returns:
        Boxes in pixels of the picture; a line may be found twice.
    """
    height, width = rgb.shape[:2]
    found = []
    for side_px in (LONGER_SIDE_PX, _TITLE_SIDE_PX):
        small = shrunk(rgb, side_px)
        across, down = width / small.shape[1], height / small.shape[0]
        words = _words(np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8))
        found += [
            Box(
                int(line.left * across),
                int(line.top * down),
                round(line.right * across),
                round(line.bottom * down),
            )
            for line in _joined(words)
        ]
    return tuple(found)


def shrunk(rgb: Rgb, longer_side_px: int) -> Rgb:
    """Make a picture smaller, where its longer side is longer than this; a smaller one stays as it is."""
    height, width = rgb.shape[:2]
    scale = longer_side_px / max(width, height)
    if scale >= 1:
        return rgb
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _joined(words: Iterable[Box]) -> list[Box]:
    """Join words that stand side by side into lines."""
    lines: list[Box] = []
    for word in sorted(words):
        for index, line in enumerate(lines):
            height = min(word.height, line.height)
            is_beside = min(word.bottom, line.bottom) - max(word.top, line.top) > height / 2
            if is_beside and word.left - line.right <= _WORD_GAP * height:
                top, bottom = min(word.top, line.top), max(word.bottom, line.bottom)
                lines[index] = Box(line.left, top, max(word.right, line.right), bottom)
                break
        else:
            lines.append(word)
    return lines


def _words(grey: NDArray[np.uint8]) -> Iterator[Box]:
    """Yield the boxes of words, or of whole lines, in a small grey picture."""
    edges = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > _EDGE_LEVELS
    joined = cv2.morphologyEx(edges.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((1, _GAP_PX), np.uint8))
    joined = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones(_SPECK, np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined)
    for left, top, width, height, area in stats[1:].tolist():
        is_long = _MIN_HEIGHT_PX <= height <= _MAX_HEIGHT_SHARE * len(grey) and width >= _MIN_LENGTH * height
        if is_long and area >= _MIN_FILL * width * height:
            box = Box(left, top, left + width, top + height)
            if _is_written(grey[box.top : box.bottom, box.left : box.right]):
                yield box


def _is_written(part: NDArray[np.uint8]) -> bool:
    """Tell strokes of one ink on one ground from other fine detail."""
    threshold, _ = cv2.threshold(part, 0, 255, cv2.THRESH_OTSU)
    is_bright = part > threshold
    if is_bright.all() or not is_bright.any():
        return False
    bright, dark = part[is_bright], part[~is_bright]
    apart = float(bright.mean()) - float(dark.mean())
    spread = (float(bright.std()) * bright.size + float(dark.std()) * dark.size) / part.size
    if apart < max(_INK_LEVELS, _INK_SPREADS * spread):
        return False
    height, width = part.shape
    middle = is_bright[height // 4 : height - height // 4]
    changes = float(np.median(np.count_nonzero(np.diff(middle, axis=1), axis=1)))
    return bool(_MIN_STROKES <= changes * height / width <= _MAX_STROKES)
