"""A file of a host, brought page by page: only what is looked at comes, over a few connections.

The other side, which reads the file and asks for pages, is `worker.files.paged_file`. Pages that somebody
waits for come before those that a plan names. Where neither tells what is read next, the rest of the file is
fetched in one go after a while: to ask for it page by page would only take longer.
"""

from __future__ import annotations

import os
import threading
from bisect import bisect_right
from collections import deque
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from worker import metrics
from worker.download.byte_ranges import Body, ByteRange, RangesRefused, loggable
from worker.download.page_sink import PageSink
from worker.download.transfer import Downloader
from worker.errors import DownloadFailed, SourceRefused
from worker.files.paged_file import HERE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from worker.download.page_sink import Extent
    from worker.download.transfer import DownloadLimits
    from worker.download.transfer_clock import TransferClock
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

_WANTED, _AWAITED, _UNDER_WAY = 2, 3, 4  # what `_states` holds of pages that are not there, beside 0


class _Closed(Exception):
    """Nobody wants the file any more."""


class PagedDownload:
    """Brings the pages of a file; see `Pages` for what it promises.

    Args:
        file: of which nothing is there yet but its name; it gets its full size, and a map.
        extents: of what it is made, each behind the other.
        rendition: whose file it is.
        limits: for all of the video.
        clock: of all that is fetched for the video.
        requests: that were made for it already.
    """

    def __init__(
        self,
        file: PagedFile,
        extents: Sequence[Extent],
        rendition: Rendition,
        limits: DownloadLimits,
        clock: TransferClock,
        requests: int = 1,
    ) -> None:
        self.file, self.extents = file, extents
        self.count = extents[-1].end_page(file.page_bytes)
        self.fetched_bytes, self.requests = 0, requests
        self.whole_bytes = sum(extent.size_bytes for extent in extents)  #: of all that it stands for
        self._rendition, self._limits, self._clock = rendition, limits, clock
        with ExitStack() as opened:
            self._bytes = os.open(file.path, os.O_WRONLY)
            opened.callback(os.close, self._bytes)
            self._map = os.open(file.map_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            opened.callback(os.close, self._map)
            os.truncate(self._bytes, extents[-1].first_page * file.page_bytes + extents[-1].size_bytes)
            os.truncate(self._map, self.count)
            self._files = opened.pop_all()
        self._states = bytearray(self.count)
        self._soon: deque[int] = deque()  #: numbers of pages; those that are under way by now are passed over
        self._later: deque[int] = deque()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._failure: Exception | None = None
        self._whole: list[Extent] = []  #: those that are fetched in one go
        self._is_closed = False
        self._awaited_end, self._in_a_row, self._unplanned = 0, 0, 0
        self._awaited: set[int] = set()  #: pages without which a reader cannot go on
        self._missing = 0  #: pages that are wanted and not there

    @contextmanager
    def closed_on_error(self) -> Iterator[None]:
        """Give it up where its beginning cannot be stored: then nobody else would."""
        try:
            yield
        except BaseException:
            self.close()
            raise

    def put(self, extent: Extent, head: bytes) -> None:
        """Store the first bytes of an extent: whole pages, or all of it."""
        sink = PageSink(self._bytes, self.file.page_bytes, extent, self.mark)
        sink.write(head)
        self.fetched_bytes += sink.written_bytes

    def fill(self, start: int, filling: bytes) -> None:
        """Store what no host has, between extents."""
        os.pwrite(self._bytes, filling, start)
        first, behind = -(-start // self.file.page_bytes), (start + len(filling)) // self.file.page_bytes
        self.mark(first, max(0, behind - first))

    def bring(self, first: int, count: int, *, is_awaited: bool) -> None:
        """Begin to bring pages: soon if somebody waits for them, else when nothing else is to be done."""
        with self._changed:
            if is_awaited and self._states[first] != HERE:
                self._awaited.add(first)
            if is_awaited and self._states[first] == 0:
                count = max(count, self._ahead(first))
            self._want(first, count, is_awaited=is_awaited)
            while len(self._threads) < min(CONNECTIONS, self._missing):
                self._threads.append(threading.Thread(target=self._work, name="pages", daemon=True))
                self._threads[-1].start()
            self._changed.notify_all()

    def check(self) -> None:
        """Raise what went wrong.

        Raises:
            DownloadFailed, PlatformUnavailable: as `Downloader.append_to`; DownloadFailed also where the host
                refuses a part, or sends another one, for it may still serve the whole file.
        """
        if self._failure is not None:
            raise self._failure

    def is_awaited(self) -> bool:
        """Tell whether a reader waits for a page."""
        return bool(self._awaited)

    def busy_s(self) -> float:
        """Tell for how many seconds in all something of the video was on its way."""
        return self._clock.elapsed_s()

    def close(self) -> None:
        """Give up what is on its way, and count what came."""
        with self._changed:
            if self._is_closed:
                return
            self._is_closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        self._files.close()
        metrics.DOWNLOAD_BYTES.labels("fetched").inc(self.fetched_bytes)
        metrics.DOWNLOAD_BYTES.labels("spared").inc(max(0, self.whole_bytes - self.fetched_bytes))

    def _ahead(self, first: int) -> int:
        """Tell how many pages to bring where an unplanned one is waited for: more each time in a row."""
        self._unplanned += 1
        self._in_a_row = self._in_a_row + 1 if first == self._awaited_end else 0
        if self._unplanned > _PATIENCE or self._in_a_row > _PATIENCE_IN_A_ROW:
            self._want(0, self.count, is_awaited=False)
        ahead = min(MAX_AHEAD_PAGES, 1 << self._in_a_row)
        self._awaited_end = first + ahead
        return ahead

    def _want(self, first: int, count: int, *, is_awaited: bool) -> None:
        queue = self._soon if is_awaited else self._later
        for page in range(first, min(first + count, self.count)):
            if self._states[page] == 0:
                self._states[page] = _AWAITED if is_awaited else _WANTED
                self._missing += 1
                queue.append(page)
            elif self._states[page] == _WANTED and is_awaited:
                self._states[page] = _AWAITED
                queue.append(page)

    def mark(self, first: int, count: int) -> None:
        """Say that pages are there, which they must be."""
        with self._changed:
            for page in range(first, first + count):
                self._missing -= self._states[page] in {_WANTED, _AWAITED, _UNDER_WAY}
                self._states[page] = HERE
                self._awaited.discard(page)
        os.pwrite(self._map, bytes([HERE]) * count, first)

    # The rest runs in a thread for each connection.

    def _work(self) -> None:
        ways = self._rendition, self._limits, self._raise_if_closed, self._clock
        try:
            with Downloader(*ways) as downloader, suppress(_Closed):
                while run := self._next_run():
                    self._fetch(*run, downloader)
        except OSError as exc:
            self._failure = DownloadFailed(
                f"{self.file.path.parent}: cannot store the video ({exc.strerror or exc}); "
                "make room there, or set WORK_DIR"
            )
        except SourceRefused as exc:
            # Of a host that serves parts badly, the next attempt asks for the whole file.
            self._failure = DownloadFailed(str(exc))
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
                        if self._states[page] in {_WANTED, _AWAITED}:
                            return self._run_from(page)
                self._changed.wait()
        return None

    def _run_from(self, first: int) -> tuple[Extent, int, int]:
        extent = self.extents[bisect_right(self.extents, first, key=lambda one: one.first_page) - 1]
        most, end = min(first + _MAX_RUN_PAGES, extent.end_page(self.file.page_bytes)), first
        while end < most and self._states[end] in {_WANTED, _AWAITED}:
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
                self._check_whole(extent)

    def _receive(self, extent: Extent, span: ByteRange | None, start: int, downloader: Downloader) -> None:
        sink = PageSink(self._bytes, self.file.page_bytes, extent, self.mark, start)
        body = Body(sink, span, extent.size_bytes, start, etag=extent.etag, is_known=True)
        body.file_bytes = extent.file_bytes
        try:
            downloader.receive(extent.url, body)
        finally:
            with self._changed:
                self.fetched_bytes += sink.written_bytes

    def _check_whole(self, extent: Extent) -> None:
        """See to it that nobody waits for what a shorter answer does not hold."""
        with self._changed:
            held = self._states[extent.first_page : extent.end_page(self.file.page_bytes)]
        if held.count(HERE) < len(held):
            raise DownloadFailed(f"{loggable(extent.url)}: the file changed while it was fetched")

    def _raise_if_closed(self) -> None:
        if self._is_closed:
            raise _Closed
