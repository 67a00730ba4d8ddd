"""Text in a picture: captions, score bars, watermarks, titles. Where it is, and how much.

The detector of PP-OCRv4 ships with the product (4.7 MB, Apache-2.0) and runs in OpenCV. It finds lines of
any script, font and colour, and does not read them.
"""

from __future__ import annotations

from contextlib import contextmanager
from queue import Empty, LifoQueue
from typing import TYPE_CHECKING, NamedTuple, Self

import cv2
import numpy as np

from worker.pipeline.scoring.bundled_network import load_bundled_network

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from worker.pipeline.frames import Rgb
    from worker.pipeline.media import Region

WEIGHTS = "pp-ocr-v4-det"  #: its name in the manifest of weights

CANDIDATE_SIDE_PX, STILL_SIDE_PX = 320, 480
"""The longer side at which text is looked for: in candidates, which are no larger, and in stills. A line
lower than about 8 pixels is missed then, and nobody reads it on a thumbnail."""

# The network takes sides of whole multiples of this, in pixels.
_STEP_PX = 32
# A cell belongs to the core of a line from the first on, and a line counts if its mean is the second: the
# thresholds of DBNet, arXiv 1911.08947.
_LETTER, _LINE = 0.3, 0.6
# Lines of fewer cells are specks of grain. And cores of letters are long: what is not so many times as wide
# as high is an emblem, a bird before the sky, or no more than one letter or two.
_MIN_CELLS, _MIN_LENGTH = 12, 3
# A core is shrunk on every side, so its box grows by this many times area / perimeter (PP-OCR's
# `unclip_ratio`).
_GROWTH = 1.6


class TextLine(NamedTuple):
    """A line of text."""

    region: Region  #: where it is, as shares of the picture
    share: float  #: of the picture's area that the core of its letters covers, 0..1


class TextFinder:
    """Finds lines of text; safe to share between threads."""

    def __init__(self, network: cv2.dnn.Net) -> None:
        self._idle: LifoQueue[cv2.dnn.Net] = LifoQueue()  # a network keeps its last input
        self._idle.put(network)

    @classmethod
    def load(cls) -> Self:
        """Load the network that ships with the product.

        Raises:
            WeightsMissing: its file is absent, damaged, or of a kind that this OpenCV cannot read.
        """
        return cls(_load())

    def find(self, rgb: Rgb, longer_side_px: int = CANDIDATE_SIDE_PX) -> tuple[TextLine, ...]:
        """Find the lines of text in one picture: horizontal ones of three letters and more.

        Args:
            rgb: (height, width, 3) uint8 RGB, of any size.
            longer_side_px: at which they are looked for: 24 ms on one core at 320, 45 ms at 480.
        """
        height, width = rgb.shape[:2]
        scale = longer_side_px / max(width, height)
        size = tuple(_STEP_PX * max(1, round(side * scale / _STEP_PX)) for side in (width, height))
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        bgr = cv2.cvtColor(cv2.resize(rgb, size, interpolation=way), cv2.COLOR_RGB2BGR)
        with self._lend() as network:
            network.setInput(cv2.dnn.blobFromImage(bgr, 1 / 127.5, mean=(127.5, 127.5, 127.5)))
            found = network.forward()
        return tuple(_lines(np.asarray(found, np.float32)[0, 0]))

    @contextmanager
    def _lend(self) -> Iterator[cv2.dnn.Net]:
        """Lend a network to one thread; so there are as many as threads that looked for text at once."""
        try:
            network = self._idle.get_nowait()
        except Empty:
            network = _load()
        try:
            yield network
        finally:
            self._idle.put(network)


def _load() -> cv2.dnn.Net:
    return load_bundled_network(WEIGHTS, cv2.dnn.readNetFromONNX)


def _lines(cores: NDArray[np.float32]) -> Iterator[TextLine]:
    """Yield the lines in the network's answer, (n, m): how surely each cell is the core of a line."""
    rows, columns = cores.shape
    count, labels, stats, _ = cv2.connectedComponentsWithStats((cores > _LETTER).astype(np.uint8))
    for label in range(1, count):
        left, top, width, height, cells = stats[label].tolist()
        if cells < _MIN_CELLS or width < _MIN_LENGTH * height or cores[labels == label].mean() < _LINE:
            continue
        grown = _GROWTH * width * height / (2 * (width + height))
        yield TextLine(
            (
                max(0.0, (left - grown) / columns),
                max(0.0, (top - grown) / rows),
                min(1.0, (left + width + grown) / columns),
                min(1.0, (top + height + grown) / rows),
            ),
            cells / cores.size,
        )
