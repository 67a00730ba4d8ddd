"""Of a long HLS stream only what is looked at: the beginnings of segments, evenly chosen.

A segment begins with a keyframe, so that its first bytes can be decoded alone, with neighbours to measure
stillness against. Playlists of keyframes (EXT-X-I-FRAME-STREAM-INF) would cost less, but each of their
pictures stands alone: nothing tells a still moment from a blurred one.

The segments that are chosen are laid behind each other in a file that looks as if it held them whole, and
whose pages come as they are read (`paging`). What fills the last page of a segment means nothing in its
format.
"""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

from worker.download.byte_ranges import Body, ByteRange, RangesRefused, loggable
from worker.download.page_sink import Extent
from worker.download.paging import CONNECTIONS, PagedDownload
from worker.download.transfer import Downloader, parse_url
from worker.errors import SourceRefused, VideoTooLarge
from worker.files.paged_file import PAGE_BYTES, PagedFile
from worker.files.video_file import PieceStart, VideoFile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import httpx

    from worker.download.hls_playlist import Piece, Recording, Segment
    from worker.download.transfer import DownloadLimits
    from worker.download.transfer_clock import TransferClock
    from worker.platforms.base import Rendition

# Shorter streams come whole, and those that would be seen at too few places.
SHORTEST_S = 600.0
MIN_PIECES, MAX_PIECES = 100, 200
# Where a host sends no parts of files, so much of the time is fetched, in whole segments.
_WHOLE_SHARE = 0.08
_MIN_WHOLE = 60

# MPEG-TS (ISO/IEC 13818-1, 2.4.3.2): packets of 188 bytes; those of PID 8191 hold nothing.
_TS_PACKET_BYTES = 188
_NULL_PACKET = b"\x47\x1f\xff\x10" + b"\xff" * 184
_TS_PAGE_BYTES = PAGE_BYTES // _TS_PACKET_BYTES * _TS_PACKET_BYTES
# So many pages of each segment come at once: most keyframes end in the first.
_HEAD_PAGES = 2
_TELL_S = 0.2  # how often it is told how far it is


# A segment of several fragments is cut behind the first that ends so late: FFmpeg reads the head of each.
_CUT_S = 2.0
_BOX_BYTES = 8  # ISO/IEC 14496-12, 4.2: the smallest box says how long it is, and "free"


class _Head(NamedTuple):
    """The first bytes of a segment, and what the host says of all of it."""

    url: httpx.URL
    first_byte: int
    size_bytes: int
    etag: str
    content: bytes
    file_bytes: int | None = None  #: of all of the file in which it lies, where the host tells
    media_at: int | None = None  #: where the box begins that ends the segment, if it says so in 4 bytes


def is_long(recording: Recording) -> bool:
    """Tell whether a recording is so long that pieces of it say enough."""
    length_s = recording.end_s - recording.start_s
    return length_s >= SHORTEST_S and len(recording.segments) >= MIN_PIECES


def fetch_pieces(
    path: Path,
    recording: Recording,
    found_at: httpx.URL,
    rendition: Rendition,
    limits: DownloadLimits,
    should_stop: Callable[[], None],
    on_progress: Callable[[float], None],
    clock: TransferClock,
) -> VideoFile | None:
    """Make a file of segments of which only the beginnings are there; the rest comes as it is read.

    Arguments and errors are those of `fetch_video`, with the file to fill, the recording and the address of
    its playlist.

    Returns:
        The file; None where the host refuses to send parts of its files.
    """
    chosen = _evenly(recording.segments, MAX_PIECES)
    wanted = [*([recording.init] if recording.init else []), *chosen]
    heads = _Heads(wanted, found_at, _page_bytes(recording) * _HEAD_PAGES)
    try:
        heads.fetch(rendition, limits, should_stop, on_progress, clock)
    except SourceRefused:
        # Another part than was asked for, or none: whole segments may come all the same.
        return None
    found = heads.found
    mean_bytes = sum(head.size_bytes for head in found) / len(found)
    if recording.init:
        found = [found[0], *map(_cut, found[1:], (segment.duration_s for segment in chosen))]
    pages = _laid_out(path, found, recording, rendition, limits, clock)
    pages.whole_bytes = round(mean_bytes * len(recording.segments))
    starts = [extent.first_page * pages.file.page_bytes for extent in pages.extents[-len(chosen) :]]
    pieces = tuple(map(PieceStart, (segment.start_s for segment in chosen), starts))
    return VideoFile(path, recording.start_s, is_assembled=True, is_sparse=True, pages=pages, pieces=pieces)


def whole_segments(recording: Recording) -> list[Segment]:
    """Choose the segments of a long recording that are fetched whole where a host sends no parts."""
    return _evenly(recording.segments, max(_MIN_WHOLE, round(_WHOLE_SHARE * len(recording.segments))))


def _evenly(segments: Sequence[Segment], most: int) -> list[Segment]:
    """Choose segments, the first and the last among them."""
    count, last = min(most, len(segments)), len(segments) - 1
    return [segments[round(number * last / (count - 1))] for number in range(count)]


def _page_bytes(recording: Recording) -> int:
    return PAGE_BYTES if recording.init else _TS_PAGE_BYTES


class _Heads:
    """The first bytes of some pieces, fetched over a few connections."""

    def __init__(self, pieces: Sequence[Piece], found_at: httpx.URL, head_bytes: int) -> None:
        self._pieces, self._found_at, self._head_bytes = pieces, found_at, head_bytes
        self._heads: dict[int, _Head] = {}
        self._left = iter(enumerate(pieces))
        self._turn = threading.Lock()
        self._is_over = False

    @property
    def found(self) -> list[_Head]:
        """What was fetched, in the order of the pieces."""
        return [head for _, head in sorted(self._heads.items())]

    def fetch(
        self,
        rendition: Rendition,
        limits: DownloadLimits,
        should_stop: Callable[[], None],
        on_progress: Callable[[float], None],
        clock: TransferClock,
    ) -> None:
        """Fetch them all; raises as `Downloader.append_to`, and RangesRefused."""
        ways = rendition, limits, should_stop, clock
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            lines = [pool.submit(self._line, Downloader(*ways)) for _ in range(CONNECTIONS)]
            try:
                while wait(lines, _TELL_S, FIRST_EXCEPTION).not_done:
                    on_progress(len(self._heads) / len(self._pieces))
                    should_stop()
                    if any(line.done() and line.exception() for line in lines):
                        break
            finally:
                self._is_over = True
        for line in lines:
            line.result()
        on_progress(1.0)

    def _line(self, opened: Downloader) -> None:
        with opened as downloader:
            while not self._is_over:
                with self._turn:
                    number, piece = next(self._left, (-1, None))
                if piece is None:
                    return
                self._heads[number] = self._head(piece, downloader)

    def _head(self, piece: Piece, downloader: Downloader) -> _Head:
        first, most = 0, self._head_bytes
        if piece.span:
            first, most = piece.span.first_byte, min(most, piece.span.length_bytes)
        content = BytesIO()
        body = Body(content, ByteRange(first, most), downloader.limits.max_bytes, 0, may_end_early=True)
        url = downloader.receive(parse_url(piece.uri, self._found_at), body)
        if piece.span is None and body.file_bytes is None:
            raise RangesRefused(f"{loggable(url)}: the host does not say how large the file is")
        size_bytes = piece.span.length_bytes if piece.span else body.file_bytes or 0
        if size_bytes < body.done_bytes:
            raise RangesRefused(f"{loggable(url)}: more came than the host says that the file has")
        return _Head(url, first, size_bytes, body.etag, content.getvalue(), body.file_bytes)


def _laid_out(
    path: Path,
    heads: Sequence[_Head],
    recording: Recording,
    rendition: Rendition,
    limits: DownloadLimits,
    clock: TransferClock,
) -> PagedDownload:
    """Lay segments behind each other, each from the start of a page on, and store what is here of them."""
    is_mp4, page_bytes = recording.init is not None, _page_bytes(recording)
    extents: list[Extent] = []
    page = 0
    for head in heads:
        size_bytes = head.size_bytes
        extents.append(Extent(head.url, head.first_byte, size_bytes, head.etag, page, head.file_bytes))
        # Behind the fragments of an MP4 there must be room for a box.
        page += -(-(size_bytes + (_BOX_BYTES if is_mp4 else 0)) // page_bytes)
    if sum(extent.size_bytes for extent in extents) > limits.max_bytes:
        raise VideoTooLarge(
            f"{loggable(heads[0].url)}: more than the {limits.max_bytes} bytes that are left for it; "
            "offer a smaller rendition, or raise MAX_DOWNLOAD_BYTES"
        )
    paged = PagedFile.beside(path, page_bytes)
    pages = PagedDownload(paged, extents, rendition, limits, clock, len(heads))
    with pages.closed_on_error():
        _store(pages, heads, is_mp4=is_mp4)
    return pages


def _store(pages: PagedDownload, heads: Sequence[_Head], *, is_mp4: bool) -> None:
    """Store what is here of segments, and what lies between them."""
    extents, page_bytes = pages.extents, pages.file.page_bytes
    for head, extent, after in zip(heads, extents, [*extents[1:], None], strict=True):
        content = head.content
        if after is not None:
            start = extent.first_page * page_bytes + extent.size_bytes
            count = after.first_page * page_bytes - start
            pages.fill(start, _filling(count, is_mp4=is_mp4))
            content = _reaching_to_next(head, count)
        pages.put(extent, content)


def _reaching_to_next(head: _Head, count: int) -> bytes:
    """Let the media of a segment take in what fills its last page, which need not be looked at then."""
    at = head.media_at
    length = 0 if at is None else int.from_bytes(head.content[at : at + 4], "big") + count
    if at is None or length >= 1 << 32:
        return head.content
    return head.content[:at] + length.to_bytes(4, "big") + head.content[at + 4 :]


def _cut(head: _Head, duration_s: float) -> _Head:
    """Leave of a segment of fragmented MP4 the fragments that its first seconds are in.

    Boxes say how long they are (ISO/IEC 14496-12, 4.2), and "mdat" ends a fragment (8.8.4).
    """
    least_bytes = head.size_bytes * _CUT_S / max(duration_s, _CUT_S)
    at, kind, media_at = 0, b"", None
    while at + 2 * _BOX_BYTES <= len(head.content) and not (kind == b"mdat" and at >= least_bytes):
        kind = head.content[at + 4 : at + 8]
        length = int.from_bytes(head.content[at : at + 4], "big")
        media_at = at
        if length == 1:
            media_at = None
            length = int.from_bytes(head.content[at + 8 : at + 16], "big")
        if length < _BOX_BYTES:
            return head
        at += length
    if kind != b"mdat" or at > head.size_bytes:
        return head
    return head._replace(size_bytes=at, content=head.content[:at], media_at=media_at)


def _filling(count: int, *, is_mp4: bool) -> bytes:
    """Make bytes that mean nothing."""
    if is_mp4:
        return count.to_bytes(4, "big") + b"free" + bytes(count - _BOX_BYTES)
    return (_NULL_PACKET * (count // _TS_PACKET_BYTES + 1))[:count]
