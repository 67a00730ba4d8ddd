"""Where what comes of a host is written to in a paged file, and how its pages become marked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx


class Extent(NamedTuple):
    """A stretch of the paged file, and where its bytes come from."""

    url: httpx.URL
    first_byte: int  #: in the file at `url`
    size_bytes: int
    etag: str  #: the strong entity tag of the file at `url`; empty where it has none
    first_page: int  #: of the paged file, where the stretch begins
    file_bytes: int | None = None  #: of all of the file at `url`; None where the host does not tell

    def end_page(self, page_bytes: int) -> int:
        """Return the number of the page behind the last, which may be filled in part."""
        return self.first_page + -(-self.size_bytes // page_bytes)


class PageSink:
    """Writes what comes into an extent of a paged file, and marks each page that is complete.

    Args:
        file: the number of the opened file.
        page_bytes: of the file.
        extent: where it is written.
        mark: gets the number of the first page that is there now, and how many there are.
        start: where in the extent it begins, in bytes: at the start of a page.
    """

    def __init__(
        self, file: int, page_bytes: int, extent: Extent, mark: Callable[[int, int], None], start: int = 0
    ) -> None:
        self.written_bytes = 0  #: in all; what came twice counts twice
        self._file, self._page_bytes, self._extent, self._mark = file, page_bytes, extent, mark
        self._at = self._marked = start  # from the start of the extent

    def seek(self, offset: int, /) -> None:
        """Go to a place in the extent."""
        self._at = offset

    def truncate(self) -> None:
        """Leave what is there: it is of the same file."""

    def write(self, chunk: bytes, /) -> None:
        """Write there, and mark what is complete by now."""
        left = memoryview(chunk)
        while left:
            count = os.pwrite(self._file, left, self._extent.first_page * self._page_bytes + self._at)
            self._at += count
            left = left[count:]
        self.written_bytes += len(chunk)
        is_end = self._at == self._extent.size_bytes
        end = self._at if is_end else self._at // self._page_bytes * self._page_bytes
        if end > self._marked:
            first, behind = self._marked // self._page_bytes, -(-end // self._page_bytes)
            self._mark(self._extent.first_page + first, behind - first)
            self._marked = end
