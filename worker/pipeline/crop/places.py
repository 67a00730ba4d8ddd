"""All places that a crop can have on the one side that it slides along, and what each does to things."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from worker.pipeline.crop.scene import Figure, PersonHead
    from worker.pipeline.frames import Box

    Numbers = NDArray[np.float64]
    Truths = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CropPlaces:
    """Crops of one length, at every pixel where one can begin; what is asked is answered for each of them."""

    side_px: int
    length_px: int
    across: bool  #: it slides from left to right, else from top to bottom

    @property
    def starts(self) -> Numbers:
        """Where each crop begins, in pixels, in order."""
        return np.arange(self.side_px - self.length_px + 1, dtype=np.float64)

    def span(self, box: Box) -> tuple[int, int]:
        """Return where a box begins and ends along the side, in pixels."""
        return (box.left, box.right) if self.across else (box.top, box.bottom)

    def cells(self, figure: Figure) -> Numbers:
        """Return a figure's area along the side, in equal cells."""
        return figure.across if self.across else figure.down

    def is_whole(self, span: tuple[int, int]) -> Truths:
        """Tell which crops hold all of a span."""
        first, last = span
        return (self.starts <= first) & (last <= self.starts + self.length_px)

    def is_cut(self, span: tuple[int, int]) -> Truths:
        """Tell which crops hold a part of a span only."""
        first, last = span
        return (first < self.starts + self.length_px) & (last > self.starts) & ~self.is_whole(span)

    def share(self, cells: Numbers) -> Numbers:
        """Measure how much of what lies in equal cells along the side each crop holds."""
        before = np.concatenate([[0.0], np.cumsum(cells)])
        edges_px = np.arange(len(before)) * self.side_px / len(cells)
        until, since = (np.interp(at, edges_px, before) for at in (self.starts + self.length_px, self.starts))
        return np.asarray(until - since)

    def share_of(self, span: tuple[int, int]) -> Numbers:
        """Measure how much of a span each crop holds, 0..1."""
        first, last = span
        held = np.minimum(last, self.starts + self.length_px) - np.maximum(first, self.starts)
        return np.asarray(np.maximum(0.0, held) / max(1, last - first))

    def about(self, cells: Numbers, line: float) -> Numbers:
        """Measure likewise what each crop holds near its line, for what matters belongs there.

        Args:
            cells: any number of equal cells along the side.
            line: where things belong, as a share of the crop's length.

        Returns:
            For each crop the sum of its cells, each weighted by 1 on the line, falling as a parabola to
            0 at the end of the crop that is further from the line.
        """
        reach = max(line, 1 - line) * self.length_px
        middles = (np.arange(len(cells)) + 0.5) * self.side_px / len(cells)
        # 1 - ((x - c) / reach)^2, summed over the cells inside, by sums of x^0, x^1 and x^2 of all of them.
        none, one, two = (self.share(cells * middles**power) for power in range(3))
        centre = self.starts + line * self.length_px
        return none - (two - 2 * centre * one + centre**2 * none) / reach**2

    def fitting(self, head: PersonHead) -> tuple[int, int]:
        """Return what of a head is to be whole: all of it, or its face, or as much of its middle as fits."""
        for box in (head.box, head.face):
            first, last = self.span(box)
            if last - first <= self.length_px:
                return first, last
        start = min(max(0, (first + last - self.length_px) // 2), self.side_px - self.length_px)
        return start, start + self.length_px

    def cut_value(self, heads: Iterable[PersonHead]) -> Numbers:
        """Add up the values of the heads that each crop cuts."""
        return self._sum((head.value, self.is_cut(self.fitting(head))) for head in heads)

    def whole_value(self, heads: Iterable[PersonHead]) -> Numbers:
        """Add up the values of the heads that each crop holds whole."""
        return self._sum((head.value, self.is_whole(self.fitting(head))) for head in heads)

    def _sum(self, valued: Iterable[tuple[float, Truths]]) -> Numbers:
        total = np.zeros(len(self.starts))
        for value, truths in valued:
            total += value * truths
        return total
