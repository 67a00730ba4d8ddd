"""A file whose bytes come when they are read, page by page, as a kernel does it with memory.

Who brings them makes the file at its full size, and beside it a map with one byte for each page: 1 where the
page is there, which is written after the page. So a hole is never taken for content: who reads one asks for
it, and waits until the map says that it is there. If it never comes, the other side ends the wait.
"""

from __future__ import annotations

import io
import os
import time
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from _typeshed import WriteableBuffer

    Ask = Callable[[int, int, bool], None]

# A glance at a film in 360p takes about 40 KB, one at 1080p some hundred. Smaller pages are more requests.
PAGE_BYTES = 64 * 1024

HERE = 1
"""What the map holds of a page that is there; 0 for others."""

# A page comes from a host far away; so short a wait adds little.
_POLL_S = 0.002


class PagedFile(NamedTuple):
    """A file of which not all pages are there, as who reads it knows it."""

    path: Path
    map_path: Path
    page_bytes: int

    @classmethod
    def beside(cls, path: Path, page_bytes: int = PAGE_BYTES) -> Self:
        """Name the map of a file."""
        return cls(path, path.with_name(f"{path.name}.pages"), page_bytes)


class Pages(Protocol):
    """Who brings the pages of a file."""

    @property
    def file(self) -> PagedFile:
        """The file, and its map."""

    @property
    def count(self) -> int:
        """How many pages the file has."""

    def bring(self, first: int, count: int, *, is_awaited: bool) -> None:
        """Begin to bring pages: soon if somebody waits for them, else when nothing else is to be done."""

    def check(self) -> None:
        """Raise what went wrong."""

    def is_awaited(self) -> bool:
        """Tell whether a reader waits for a page."""

    def busy_s(self) -> float:
        """Tell for how many seconds in all something of the video was on its way."""

    def close(self) -> None:
        """Give up what is on its way."""


_attached: list[tuple[PagedFile, Ask]] = []


def attach(file: PagedFile | None, ask: Ask) -> None:
    """Have this process ask for the pages of a file, whoever opens it here; of no file if None.

    Args:
        file: replaces the one before.
        ask: gets the number of a page, of pages, and whether they are waited for; called from any thread.
    """
    _attached[:] = [] if file is None else [(file, ask)]


def is_paged(path: Path) -> bool:
    """Tell whether a file's pages are asked for here."""
    return any(file.path == path for file, _ in _attached)


def ask_ahead(path: Path, start: int, end: int) -> None:
    """Say which bytes of a paged file will be read soon; of other files it means nothing."""
    for file, ask in _attached:
        if file.path == path and end > start:
            # The reader may know more of the file than there is.
            first = max(0, start) // file.page_bytes
            last = (min(end, path.stat().st_size) - 1) // file.page_bytes
            if first <= last:
                ask(first, last - first + 1, False)


def open_to_read(path: Path) -> BinaryIO:
    """Open a file, paged or not.

    Raises:
        OSError: as `open`.
    """
    for file, ask in _attached:
        if file.path == path:
            return io.BufferedReader(_Reader(file, ask))
    return path.open("rb")


class _Reader(io.RawIOBase):
    """Reads a paged file from one place after the other."""

    def __init__(self, file: PagedFile, ask: Ask) -> None:
        self._bytes = os.open(file.path, os.O_RDONLY)
        self._map = os.open(file.map_path, os.O_RDONLY)
        self._size = os.fstat(self._bytes).st_size
        self._page_bytes = file.page_bytes
        self._ask = ask
        self._at = 0
        self.name = str(file.path)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError("a place before the start of the file")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read what is there from here on; wait only where that is nothing."""
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), self._size - self._at)
        if wanted <= 0:
            return 0
        first, last = self._at // self._page_bytes, (self._at + wanted - 1) // self._page_bytes
        here = self._await(first, last - first + 1)
        wanted = min(wanted, (first + here) * self._page_bytes - self._at)
        found = os.pread(self._bytes, wanted, self._at)
        view[: len(found)] = found
        self._at += len(found)
        return len(found)

    def _await(self, first: int, count: int) -> int:
        """Wait for the first of some pages, and tell how many are there one after the other."""
        here = self._here(first, count)
        if not here:
            self._ask(first, count, True)
            while not (here := self._here(first, count)):
                time.sleep(_POLL_S)
        return here

    def _here(self, first: int, count: int) -> int:
        marks = os.pread(self._map, count, first)
        return len(marks) - len(marks.lstrip(bytes([HERE])))

    def close(self) -> None:
        if not self.closed:
            os.close(self._bytes)
            os.close(self._map)
        super().close()
