"""Turns an HLS stream into one local file: fetched piece by piece, joined, and no more than what is needed.

FFmpeg would read playlists itself, and every file that they point to, so it never sees one. Segments of
MPEG-TS joined end to end are a TS file; an init section and the fragments after it are an MP4 file.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from worker.download.hls_playlist import Stream, Variant, parse_playlist
from worker.download.transfer import parse_url
from worker.errors import SourceRefused, UnreadableVideo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import httpx

    from worker.download.hls_playlist import Segment
    from worker.download.transfer import Downloader

    Choose = Callable[[Sequence[Variant]], Variant]

# A frame is judged on 320 px of width; taken from this short side, compression no longer shows in them.
SCAN_SIDE_PX = 360
# Larger pictures gain nothing in a player's poster, and cost time.
STILLS_SIDE_PX = 1080

# Twelve hours of short segments with long signatures in their addresses.
MAX_PLAYLIST_BYTES = 32 * 1024 * 1024

# The still of a pick is the best of the frames around it; and durations in a playlist are rounded.
MARGIN_S = 0.5


def for_scan(variants: Sequence[Variant]) -> Variant:
    """Choose the smallest variant that is good enough to judge frames on, else the largest."""
    enough = [variant for variant in variants if (variant.short_side_px or 0) >= SCAN_SIDE_PX]
    return min(enough, key=_size) if enough else max(variants, key=_size)


def for_stills(variants: Sequence[Variant]) -> Variant:
    """Choose the best variant up to 1080p, else the smallest."""
    fitting = [variant for variant in variants if (variant.short_side_px or 0) <= STILLS_SIDE_PX]
    return max(fitting, key=_size) if fitting else min(variants, key=_size)


def _size(variant: Variant) -> tuple[int, int]:
    return variant.short_side_px or 0, variant.bandwidth


def write_stream(
    downloader: Downloader,
    file: IO[bytes],
    choose: Choose,
    times_s: Sequence[float] | None,
    on_progress: Callable[[float], None],
) -> None:
    """Write a stream to `file`, as a file that tells the same times as the stream.

    Args:
        downloader: Fetches the playlist at its address, and what that names.
        file: Open for writing.
        choose: Which variant to take; called where there is a choice.
        times_s: Fetch only the segments that these moments need; None for all.
        on_progress: Called with the share of the segments that is here, 0..1.

    Raises:
        UnreadableVideo: no playlist, or a damaged one.
        SourceRefused: live, encrypted, put together from several recordings; or as `Downloader.append_to`.
    """
    stream, found_at = _find_stream(downloader, choose)
    segments = stream.segments if times_s is None else _around(stream.segments, times_s)
    if stream.init:
        downloader.append_to(parse_url(stream.init.uri, found_at), file, stream.init.span)
    for number, segment in enumerate(segments, start=1):
        downloader.append_to(parse_url(segment.uri, found_at), file, segment.span)
        on_progress(number / len(segments))


def _find_stream(downloader: Downloader, choose: Choose) -> tuple[Stream, httpx.URL]:
    playlist, found_at = _read(downloader, downloader.url)
    if not isinstance(playlist, Stream):
        variants = [variant for variant in playlist if variant.has_picture]
        if not variants:
            raise UnreadableVideo(
                f"{found_at.host}{found_at.path}: sound only; give the video's own playlist"
            )
        playlist, found_at = _read(downloader, parse_url(choose(variants).uri, found_at))
    if not isinstance(playlist, Stream):
        raise UnreadableVideo(f"{found_at.host}{found_at.path}: a list of lists, where segments should be")
    return playlist, found_at


def _read(downloader: Downloader, url: httpx.URL) -> tuple[tuple[Variant, ...] | Stream, httpx.URL]:
    text, found_at = downloader.text(url, MAX_PLAYLIST_BYTES)
    try:
        return parse_playlist(text), found_at
    except (SourceRefused, UnreadableVideo) as exc:
        raise type(exc)(f"{found_at.host}{found_at.path}: {exc}") from exc


def _around(segments: Sequence[Segment], times_s: Sequence[float]) -> list[Segment]:
    """Choose the segments around these moments, and the first: a time line begins with its first frame."""
    return [
        segment
        for index, segment in enumerate(segments)
        if index == 0
        or any(
            segment.start_s - MARGIN_S <= time_s <= segment.start_s + segment.duration_s + MARGIN_S
            for time_s in times_s
        )
    ]
