"""Tables for people: side by side where the terminal is wide enough, long texts below their row where not."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.measure import Measurement
from rich.segment import Segment
from rich.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, ConsoleOptions, RenderResult

_NUMBERS = frozenset(
    {
        "ago",
        "job",
        "event",
        "no.",
        "rank",
        "time",
        "chosen",
        "score",
        "attempt",
        "impressions",
        "plays",
        "rate",
    }
)
# What consists of words may take several lines. All else is to be copied, so no line ever ends within it.
_PROSE = frozenset({"title", "says", "reasons", "despite", "roles", "subject"})
# Below this width, sentences are hard to read in a column; titles are shorter.
_LEAST_PROSE = {"title": 20}
_LEAST_SENTENCE = 40
# Columns that go below their row, until the rest fits side by side.
_THINGS = frozenset({"asset", "file", "files"})
_BELOW = (frozenset[str](), _PROSE, _PROSE | _THINGS, _PROSE | _THINGS | {"who"})
_INDENT = "    "
_ANY_WIDTH = 1_000_000  # wider than any row


class Listing(Table):
    """A table without lines, whose names and addresses can be copied from any terminal."""

    def __init__(self, *columns: str) -> None:
        super().__init__(box=None, pad_edge=False, header_style="dim")
        for name in columns:
            self.add_column(name, justify="right" if name in _NUMBERS else "left")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Write the rows; where nothing reads a width, as in a pipe, each of them on one line."""
        wide = options.update(max_width=_ANY_WIDTH)
        for below in _BELOW:
            table = self._without(below)
            size = Measurement.get(console, wide, table)
            if not console.is_terminal or size.minimum <= options.max_width:
                break
        # Where even that is too wide, the terminal breaks the line, and knows that it is one.
        width = size.maximum if not console.is_terminal else max(size.minimum, options.max_width)
        lines = console.render_lines(table, wide.update(width=width), pad=False)
        texts = iter([[], *self._texts(below, options.max_width)] if below else [])
        for line in lines:
            yield from line
            yield Segment.line()
            for text in next(texts, []):
                yield Segment(f"{_INDENT}{text}\n")

    def _without(self, below: frozenset[str]) -> Table:
        table = Table(box=None, pad_edge=False, header_style=self.header_style)
        kept = [column for column in self.columns if column.header not in below]
        for column in kept:
            is_prose, longest = column.header in _PROSE, _longest(column)
            table.add_column(
                column.header,
                justify=column.justify,
                overflow="fold",
                no_wrap=not is_prose,
                min_width=min(_LEAST_PROSE.get(str(column.header), _LEAST_SENTENCE), longest)
                if is_prose
                else longest,
            )
        for cells in zip(*(column.cells for column in kept), strict=True):
            table.add_row(*cells)
        return table

    def _texts(self, below: frozenset[str], width: int) -> Iterator[list[str]]:
        """Break the long texts of each row into lines, at spaces only."""
        moved = [column.cells for column in self.columns if column.header in below]
        for cells in zip(*moved, strict=True):
            yield [
                line
                for cell in cells
                for line in textwrap.wrap(
                    str(cell), width - len(_INDENT), break_long_words=False, break_on_hyphens=False
                )
            ]


def _longest(column: Column) -> int:
    return max(cell_len(str(text)) for text in (column.header, *column.cells))
