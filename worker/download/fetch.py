"""A rendition as a local file, in a private folder that is always removed.

with workspace(settings.work_dir) as folder:
    file = fetch_video(source.scan, folder, limits, should_stop)
"""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from worker import metrics
from worker.download import hls, hls_pieces
from worker.download.byte_ranges import Body, loggable
from worker.download.page_sink import Extent
from worker.download.paging import PagedDownload
from worker.download.transfer import Downloader, DownloadLimits
from worker.download.transfer_clock import TransferClock
from worker.errors import DownloadFailed, SettingsInvalid
from worker.files import scratch_folder
from worker.files.paged_file import PAGE_BYTES, PagedFile
from worker.files.video_file import PieceStart, VideoFile
from worker.http.playlist import HEAD_BYTES, is_playlist

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import httpx

    from worker.platforms.base import Rendition

__all__ = ["DownloadLimits", "TransferClock", "fetch_moments", "fetch_video", "sweep_workspaces", "workspace"]

_PREFIX = "thumbs-workspace-"
# Smaller files come whole: most of their pages are looked at, and one request is quicker than many.
WHOLE_BYTES = 64 << 20
_EBML = b"\x1aE\xdf\xa3"  # RFC 8794, 11.2.1: how Matroska and WebM begin

_NO_NAME = re.compile(r"[^A-Za-z0-9._-]+")  #: what a file's name takes over from no address


def fetch_video(
    rendition: Rendition,
    folder: Path,
    limits: DownloadLimits,
    should_stop: Callable[[], None] = lambda: None,
    on_progress: Callable[[float], None] = lambda _fraction: None,
    clock: TransferClock | None = None,
) -> VideoFile:
    """Fetch a video to look for thumbnails in; of an HLS stream, the smallest variant that is good enough.

    Of a stream with discontinuities the longest recording is fetched, and `VideoFile` tells where it begins.

    Args:
        rendition: Where it lies; what turns out to be an HLS playlist is read as one.
        folder: Where to put it, in a folder of its own.
        limits: How much, for how long, and from where.
        should_stop: Called at least twice a second; raises to give up.
        on_progress: Called with the share that is here, 0..1, where it is known.
        clock: Of all that is fetched for the video; by default nothing else is.

    Raises:
        SourceRefused: an address that we do not fetch from, or a stream that we do not read.
        UnreadableVideo: a damaged playlist.
        VideoTooLarge: more bytes than the limit.
        DownloadFailed: it broke off, took too long, or the disk is full.
        PlatformUnavailable: the host is down or busy.
    """
    clock = clock or TransferClock()
    return _fetch(folder, _Order(rendition, limits, should_stop, on_progress, clock, hls.for_scan, None))


def fetch_moments(
    rendition: Rendition,
    times_s: Sequence[float],
    folder: Path,
    limits: DownloadLimits,
    should_stop: Callable[[], None] = lambda: None,
    on_progress: Callable[[float], None] = lambda _fraction: None,
    clock: TransferClock | None = None,
) -> VideoFile:
    """Fetch what the stills of a few moments need, in the best variant up to 1080p.

    Of an HLS stream that is the first segment, which begins the time line, and the segments around each
    moment, of the recording that holds the moments: a moment lies as far from `VideoFile.begins_at_s` in the
    file as in the whole video. Other files come as with `fetch_video`.

    Arguments and errors are those of `fetch_video`.
    """
    clock = clock or TransferClock()
    return _fetch(folder, _Order(rendition, limits, should_stop, on_progress, clock, hls.for_stills, times_s))


@dataclass(frozen=True, slots=True)
class _Order:
    """What is to be fetched, and how."""

    rendition: Rendition
    limits: DownloadLimits
    should_stop: Callable[[], None]
    on_progress: Callable[[float], None]
    clock: TransferClock
    choose: hls.Choose
    times_s: Sequence[float] | None  #: the moments that are needed; None for all

    @property
    def may_page(self) -> bool:
        """Whether a file may be asked for time and again."""
        return self.limits.in_pages and not self.rendition.is_one_use


def _fetch(folder: Path, order: _Order) -> VideoFile:
    try:
        with (
            Downloader(order.rendition, order.limits, order.should_stop, order.clock) as downloader,
            _new_file(folder, downloader) as file,
        ):
            if not order.rendition.is_hls and (video := _fetch_file(downloader, file, order)):
                return video
            return _fetch_stream(downloader, file, order)
    except OSError as exc:
        raise DownloadFailed(
            f"{folder}: cannot store the video ({exc.strerror or exc}); make room there, or set WORK_DIR"
        ) from exc


def _fetch_file(downloader: Downloader, file: BinaryIO, order: _Order) -> VideoFile | None:
    """Fetch what is no stream: whole, or its first page; None, and an empty file, where it is one."""
    path = Path(file.name)
    is_enough = _is_enough(file) if order.may_page else None
    body = Body(file, None, order.limits.max_bytes, 0, is_enough=is_enough)
    found_at = downloader.receive(downloader.url, body, order.on_progress)
    if body.total_bytes and body.done_bytes < body.total_bytes:
        return VideoFile(path, pages=_paged(path, body, found_at, order))
    if _holds_playlist(file):
        return None
    metrics.DOWNLOAD_BYTES.labels("fetched").inc(body.done_bytes)
    return VideoFile(path)


def _fetch_stream(downloader: Downloader, file: BinaryIO, order: _Order) -> VideoFile:
    """Fetch an HLS stream: all of it, the beginnings of its segments, or the segments around moments."""
    path = Path(file.name)
    recording, found_at, note = hls.find_recording(downloader, order.choose, order.times_s)
    segments, is_sparse = list(recording.segments), order.times_s is not None
    if order.times_s is not None:
        segments = hls.around(segments, order.times_s)
    elif order.may_page and hls_pieces.is_long(recording):
        ways = order.rendition, order.limits, order.should_stop, order.on_progress, order.clock
        if video := hls_pieces.fetch_pieces(path, recording, found_at, *ways):
            return replace(video, note=note)
        segments, is_sparse = hls_pieces.whole_segments(recording), True
    starts = hls.write_segments(downloader, file, recording, segments, found_at, order.on_progress)
    metrics.DOWNLOAD_BYTES.labels("fetched").inc(file.tell())
    pieces = tuple(map(PieceStart, (segment.start_s for segment in segments), starts))
    return VideoFile(
        path,
        recording.start_s,
        is_assembled=True,
        is_sparse=is_sparse,
        note=note,
        pieces=pieces if is_sparse and order.times_s is None else (),
    )


def _paged(path: Path, body: Body, found_at: httpx.URL, order: _Order) -> PagedDownload:
    """Go on page by page with a file of which the first page came."""
    with path.open("rb") as file:
        head = file.read(PAGE_BYTES)
    extent = Extent(found_at, 0, body.total_bytes or 0, body.etag, 0, body.total_bytes)
    pages = PagedDownload(PagedFile.beside(path), [extent], order.rendition, order.limits, order.clock)
    with pages.closed_on_error():
        pages.put(extent, head)
    return pages


def _is_enough(file: BinaryIO) -> Callable[[Body], bool]:
    """Make what ends a transfer after its first page, where the rest can be brought page by page."""
    is_looked_at = False

    def is_enough(body: Body) -> bool:
        nonlocal is_looked_at
        if is_looked_at or body.done_bytes < PAGE_BYTES:
            return False
        is_looked_at = True
        is_large = body.total_bytes is not None and body.total_bytes > WHOLE_BYTES
        return is_large and body.takes_ranges and bool(body.etag) and _has_index(_first_page(file))

    return is_enough


def _first_page(file: BinaryIO) -> bytes:
    at = file.tell()
    file.seek(0)
    head = file.read(PAGE_BYTES)
    file.seek(at)
    return head


def _has_index(head: bytes) -> bool:
    """Tell whether a file is of a format that lists where each moment of it lies: MP4, QuickTime, WebM.

    Fragmented MP4 lists only what its next fragment holds (ISO/IEC 14496-12, 8.8.1: `mvex`).
    """
    return head[:4] == _EBML or (head[4:8] == b"ftyp" and b"mvex" not in head)


def _holds_playlist(file: BinaryIO) -> bool:
    """Tell whether a file is an HLS playlist, whatever its host called it; if so, empty it for the video."""
    file.seek(0)
    if not is_playlist(file.read(HEAD_BYTES)):
        return False
    file.seek(0)
    file.truncate()
    return True


def _new_file(folder: Path, downloader: Downloader) -> BinaryIO:
    """Make a file in a folder of its own, so that what is said of it can name it as its host does."""
    own_folder = Path(tempfile.mkdtemp(dir=folder))
    return open(own_folder / _name(downloader.url), "x+b", opener=_private)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _name(url: httpx.URL) -> str:
    """Make a file's name of the end of an address, without what may be a signature."""
    return _NO_NAME.sub("_", loggable(url).rpartition("/")[2]).strip("._") or "video"


@contextmanager
def workspace(work_dir: Path | None) -> Iterator[Path]:
    """Make a private folder, removed at the end; if this process is killed, by the next `sweep_workspaces`.

    Args:
        work_dir: Where to make it; the system's temporary folder if None.

    Raises:
        SettingsInvalid: it cannot be made.
    """
    parent = work_dir or Path(tempfile.gettempdir())
    try:
        folder = scratch_folder.make(parent, _PREFIX)
    except OSError as exc:
        raise SettingsInvalid(
            f"WORK_DIR: cannot make a folder in {parent} ({exc.strerror}); name one that can be written to"
        ) from exc
    try:
        yield folder.path
    finally:
        folder.remove()


def sweep_workspaces(work_dir: Path | None) -> list[Path]:
    """Remove the workspaces that dead processes left, and return their paths.

    Args:
        work_dir: as in `workspace`.
    """
    return scratch_folder.sweep(work_dir or Path(tempfile.gettempdir()), _PREFIX)
