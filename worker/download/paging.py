"""A file of a host, brought page by page: only what is looked at comes, over a few connections.

The other side, which reads the file and asks for pages, is `worker.files.paged_file`. Pages that somebody
waits for come before those that a plan names. Where neither tells what is read next, the rest of the file is
fetched in one go after a while: to ask for it page by page would only take longer.
"""

from __future__ import annotations

import os
import threading
import time
from bisect import bisect_right
from collections import deque
from contextlib import suppress
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from worker import metrics
from worker.download.byte_ranges import Body, ByteRange, RangesRefused, loggable
from worker.download.transfer import Downloader
from worker.errors import DownloadFailed
from worker.files.paged_file import HERE
from worker.http.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

    from worker.download.transfer import DownloadLimits
    from worker.files.paged_file import PagedFile
    from worker.platforms.base import Rendition

# A host far away answers after 30 to 100 ms; so many answers are waited for at a time.
CONNECTIONS = 4
# Where page after page is waited for, more is brought each time, up to so many.
MAX_AHEAD_PAGES = 64
# One request asks for so many at most, so that connections share a long stretch.
_MAX_RUN_PAGES = 16
# After so many stretches that no plan named, or so many in a row, the whole file is wanted.
_PATIENCE, _PATIENCE_IN_A_ROW = 256, 16

_WANTED, _UNDER_WAY = 2, 3  # what `_states` holds of pages that are not there, beside 0


class _Closed(Exception):
    """Nobody wants the file any more."""


class Extent(NamedTuple):
    """A stretch of the paged file, and where its bytes come from."""

    url: httpx.URL
    first_byte: int  #: in the file at `url`
    size_bytes: int
    etag: str  #: the strong entity tag of the file at `url`; empty where it has none
    first_page: int  #: of the paged file, where the stretch begins

    def end_page(self, page_bytes: int) -> int:
        """Return the number of the page behind the last, which may be filled in part."""
        return self.first_page + -(-self.size_bytes // page_bytes)


class PagedDownload:
    """Brings the pages of a file; see `Pages` for what it promises.

    Args:
        file: of which nothing is there yet but its name; it gets its full size, and a map.
        extents: of what it is made, each behind the other.
        rendition: whose file it is.
        limits: for all of it; `timeout_s` counts the time in which something is on its way.
        requests: that were made for it already.
    """

    def __init__(
        self,
        file: PagedFile,
        extents: Sequence[Extent],
        rendition: Rendition,
        limits: DownloadLimits,
        requests: int = 1,
    ) -> None:
        self.file, self.extents = file, extents
        self.count = extents[-1].end_page(file.page_bytes)
        self.fetched_bytes, self.requests = 0, requests
        self.whole_bytes = sum(extent.size_bytes for extent in extents)  #: of all that it stands for
        self._rendition, self._limits = rendition, limits
        self._bytes = os.open(file.path, os.O_WRONLY)
        self._map = os.open(file.map_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.truncate(file.path, extents[-1].first_page * file.page_bytes + extents[-1].size_bytes)
        os.truncate(file.map_path, self.count)
        self._states = bytearray(self.count)
        self._soon: deque[int] = deque()  #: numbers of pages; those that are under way by now are passed over
        self._later: deque[int] = deque()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._failure: Exception | None = None
        self._whole: list[Extent] = []  #: those that are fetched in one go
        self._is_closed = False
        self._awaited_end, self._in_a_row, self._unplanned = 0, 0, 0
        self._missing = 0  #: pages that are wanted and not there
        self._busy_s, self._busy_since_s = 0.0, 0.0

    def put(self, extent: Extent, head: bytes) -> None:
        """Store the first bytes of an extent: whole pages, or all of it."""
        _PageSink(self, self._bytes, extent).write(head)

    def fill(self, start: int, filling: bytes) -> None:
        """Store what no host has, between extents."""
        os.pwrite(self._bytes, filling, start)
        first, behind = -(-start // self.file.page_bytes), (start + len(filling)) // self.file.page_bytes
        self.mark(first, max(0, behind - first))

    def bring(self, first: int, count: int, *, is_awaited: bool) -> None:
        """Begin to bring pages: soon if somebody waits for them, else when nothing else is to be done."""
        with self._changed:
            if is_awaited and self._states[first] == 0:
                count = max(count, self._ahead(first))
            self._want(first, count, self._soon if is_awaited else self._later)
            while len(self._threads) < min(CONNECTIONS, self._missing):
                self._threads.append(threading.Thread(target=self._work, name="pages", daemon=True))
                self._threads[-1].start()
            self._changed.notify_all()

    def check(self) -> None:
        """Raise what went wrong.

        Raises:
            DownloadFailed, SourceRefused, PlatformUnavailable, VideoTooLarge: as `Downloader.append_to`.
        """
        if self._failure is not None:
            raise self._failure

    def busy_s(self) -> float:
        """Tell for how many seconds in all pages were on their way."""
        with self._changed:
            return self._busy_s + (time.monotonic() - self._busy_since_s if self._missing else 0.0)

    def close(self) -> None:
        """Give up what is on its way, and count what came."""
        with self._changed:
            if self._is_closed:
                return
            self._is_closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        os.close(self._bytes)
        os.close(self._map)
        metrics.DOWNLOAD_BYTES.labels("fetched").inc(self.fetched_bytes)
        metrics.DOWNLOAD_BYTES.labels("spared").inc(max(0, self.whole_bytes - self.fetched_bytes))

    def _ahead(self, first: int) -> int:
        """Tell how many pages to bring where an unplanned one is waited for: more each time in a row."""
        self._unplanned += 1
        self._in_a_row = self._in_a_row + 1 if first == self._awaited_end else 0
        if self._unplanned > _PATIENCE or self._in_a_row > _PATIENCE_IN_A_ROW:
            self._want(0, self.count, self._later)
        ahead = min(MAX_AHEAD_PAGES, 1 << self._in_a_row)
        self._awaited_end = first + ahead
        return ahead

    def _want(self, first: int, count: int, queue: deque[int]) -> None:
        for page in range(first, min(first + count, self.count)):
            if self._states[page] == 0:
                self._states[page] = _WANTED
                if not self._missing:
                    self._busy_since_s = time.monotonic()
                self._missing += 1
                queue.append(page)
            elif self._states[page] == _WANTED and queue is self._soon:
                queue.append(page)

    def mark(self, first: int, count: int) -> None:
        """Say that pages are there, which they must be."""
        with self._changed:
            was_missing = self._missing
            for page in range(first, first + count):
                self._missing -= self._states[page] in {_WANTED, _UNDER_WAY}
                self._states[page] = HERE
            if was_missing and not self._missing:
                self._busy_s += time.monotonic() - self._busy_since_s
        os.pwrite(self._map, bytes([HERE]) * count, first)

    # The rest runs in a thread for each connection.

    def _work(self) -> None:
        limits = replace(self._limits, timeout_s=inf)
        try:
            with Downloader(self._rendition, limits, self._raise_if_closed) as downloader, suppress(_Closed):
                while run := self._next_run():
                    with Deadline(self._limits.timeout_s - self.busy_s(), late=self._late):
                        self._fetch(*run, downloader)
        except OSError as exc:
            self._failure = DownloadFailed(
                f"{self.file.path.parent}: cannot store the video ({exc.strerror or exc}); "
                "make room there, or set WORK_DIR"
            )
        except Exception as exc:  # noqa: BLE001 - raised where the pages are waited for
            self._failure = exc

    def _next_run(self) -> tuple[Extent, int, int] | None:
        """Wait for pages that are wanted; None where no more will be.

        Returns:
            Where they come from, the number of the first, and that of the page behind the last.
        """
        with self._changed:
            while not self._is_closed and self._failure is None:
                for queue in (self._soon, self._later):
                    while queue:
                        page = queue.popleft()
                        if self._states[page] == _WANTED:
                            return self._run_from(page)
                self._changed.wait()
        return None

    def _run_from(self, first: int) -> tuple[Extent, int, int]:
        extent = self.extents[bisect_right(self.extents, first, key=lambda one: one.first_page) - 1]
        most, end = min(first + _MAX_RUN_PAGES, extent.end_page(self.file.page_bytes)), first
        while end < most and self._states[end] == _WANTED:
            self._states[end] = _UNDER_WAY
            end += 1
        self.requests += 1
        return extent, first, end

    def _fetch(self, extent: Extent, first: int, end: int, downloader: Downloader) -> None:
        start = (first - extent.first_page) * self.file.page_bytes
        size_bytes = min((end - extent.first_page) * self.file.page_bytes, extent.size_bytes) - start
        try:
            self._receive(extent, ByteRange(extent.first_byte + start, size_bytes), start, downloader)
        except RangesRefused:
            # The host honours ranges no longer, or not at each of its edges.
            with self._changed:
                is_first = extent not in self._whole
                self._whole.append(extent)
            if extent.first_byte:
                raise
            if is_first:
                self._receive(extent, None, 0, downloader)

    def _receive(self, extent: Extent, span: ByteRange | None, start: int, downloader: Downloader) -> None:
        sink = _PageSink(self, self._bytes, extent, start)
        body = Body(sink, span, extent.size_bytes, start, etag=extent.etag, is_known=True)
        downloader.receive(extent.url, body)

    def _late(self) -> DownloadFailed:
        return DownloadFailed(
            f"{loggable(self.extents[0].url)}: not there after {self._limits.timeout_s:.0f} s; "
            "for a slow line set DOWNLOAD_TIMEOUT_S"
        )

    def _raise_if_closed(self) -> None:
        if self._is_closed:
            raise _Closed


class _PageSink:
    """Writes what comes into an extent of the file, and marks each page that is complete."""

    def __init__(self, download: PagedDownload, file: int, extent: Extent, start: int = 0) -> None:
        self._download, self._file, self._extent = download, file, extent
        self._page_bytes = download.file.page_bytes
        self._at = self._marked = start  # from the start of the extent

    def seek(self, offset: int, /) -> None:
        self._at = offset

    def truncate(self) -> None:
        """Leave what is there: it is of the same file."""

    def write(self, chunk: bytes, /) -> None:
        left = memoryview(chunk)
        while left:
            count = os.pwrite(self._file, left, self._extent.first_page * self._page_bytes + self._at)
            self._at += count
            left = left[count:]
        self._download.fetched_bytes += len(chunk)
        is_end = self._at == self._extent.size_bytes
        end = self._at if is_end else self._at // self._page_bytes * self._page_bytes
        if end > self._marked:
            first, behind = self._marked // self._page_bytes, -(-end // self._page_bytes)
            self._download.mark(self._extent.first_page + first, behind - first)
            self._marked = end
