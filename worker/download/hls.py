"""Turns an HLS stream into one local file: fetched piece by piece, joined, and no more than what is needed.

FFmpeg would read playlists itself, and every file that they point to, so it never sees one. Segments of
MPEG-TS joined end to end are a TS file; an init section and the fragments after it are an MP4 file. What lies
behind a discontinuity has another clock and perhaps another format, so only one recording is joined.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from worker.download.byte_ranges import loggable
from worker.download.hls_playlist import Stream, parse_playlist
from worker.download.transfer import parse_url
from worker.errors import SourceRefused, UnreadableVideo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import httpx

    from worker.download.hls_playlist import Recording, Segment, VariantStream
    from worker.download.transfer import Downloader

    Choose = Callable[[Sequence[VariantStream]], VariantStream]

# A frame is judged on 320 px of width; taken from this short side, compression no longer shows in them.
SCAN_SIDE_PX = 360
# Larger pictures gain nothing in a player's poster, and cost time.
STILLS_SIDE_PX = 1080

# Twelve hours of short segments with long signatures in their addresses.
MAX_PLAYLIST_BYTES = 32 * 1024 * 1024

# The still of a pick is the best of the frames around it; and durations in a playlist are rounded.
MARGIN_S = 0.5


def for_scan(variants: Sequence[VariantStream]) -> VariantStream:
    """Choose the smallest variant that is good enough to judge frames on, else the largest."""
    enough = [variant for variant in variants if (variant.short_side_px or 0) >= SCAN_SIDE_PX]
    return min(enough, key=_size) if enough else max(variants, key=_size)


def for_stills(variants: Sequence[VariantStream]) -> VariantStream:
    """Choose the best variant up to 1080p, else the smallest."""
    fitting = [variant for variant in variants if (variant.short_side_px or 0) <= STILLS_SIDE_PX]
    return max(fitting, key=_size) if fitting else min(variants, key=_size)


def _size(variant: VariantStream) -> tuple[int, int]:
    return variant.short_side_px or 0, variant.bandwidth


def find_recording(
    downloader: Downloader, choose: Choose, times_s: Sequence[float] | None
) -> tuple[Recording, httpx.URL, str]:
    """Find the one recording of a stream that is looked at.

    Args:
        downloader: Fetches the playlist at its address, and what that names.
        choose: Which variant to take; called where there is a choice.
        times_s: Moments of the stream that it should hold; None for the longest.

    Returns:
        The recording, the address of its playlist, and a sentence for people where it is not all of the
        stream, else nothing.

    Raises:
        UnreadableVideo: no playlist, or a damaged one.
        SourceRefused: live, encrypted, or of a kind that we do not read; or as `Downloader.append_to`.
    """
    stream, found_at = _find_stream(downloader, choose)
    recording = _main_recording(stream.recordings, times_s or ())
    if recording.refusal:
        raise SourceRefused(f"{loggable(found_at)}: {recording.refusal}")
    return recording, found_at, _note(stream, recording)


def write_segments(
    downloader: Downloader,
    file: IO[bytes],
    recording: Recording,
    segments: Sequence[Segment],
    found_at: httpx.URL,
    on_progress: Callable[[float], None],
) -> list[int]:
    """Write segments of a recording to `file`, which keeps their distances in time.

    Args:
        downloader: Fetches them.
        file: Open for writing.
        recording: Whose segments they are.
        segments: Which to write.
        found_at: The address of its playlist.
        on_progress: Called with the share of the segments that is here, 0..1.

    Returns:
        The first byte of each.

    Raises:
        SourceRefused, VideoTooLarge, DownloadFailed, PlatformUnavailable: as `Downloader.append_to`.
    """
    starts: list[int] = []
    if recording.init:
        downloader.append_to(parse_url(recording.init.uri, found_at), file, recording.init.span)
    for number, segment in enumerate(segments, start=1):
        starts.append(file.tell())
        downloader.append_to(parse_url(segment.uri, found_at), file, segment.span)
        on_progress(number / len(segments))
    return starts


def _main_recording(recordings: Sequence[Recording], times_s: Sequence[float]) -> Recording:
    """Choose the recording that holds the most of these moments; of equals the longest, of those the first.

    Ads are shorter than what they interrupt. Variants may be cut differently, hence the moments.
    """

    def worth(recording: Recording) -> tuple[int, float]:
        held = sum(recording.start_s <= time_s < recording.end_s for time_s in times_s)
        return held, recording.end_s - recording.start_s

    return max(recordings, key=worth)


def _note(stream: Stream, recording: Recording) -> str:
    if len(stream.recordings) == 1:
        return ""
    return (
        f"the stream has {len(stream.recordings)} parts between discontinuities; "
        f"the longest, {recording.start_s:.1f} to {recording.end_s:.1f} s, was looked at"
    )


def _find_stream(downloader: Downloader, choose: Choose) -> tuple[Stream, httpx.URL]:
    playlist, found_at = _read(downloader, downloader.url)
    if not isinstance(playlist, Stream):
        variants = [variant for variant in playlist if variant.has_picture]
        if not variants:
            raise UnreadableVideo(f"{loggable(found_at)}: sound only; give the video's own playlist")
        playlist, found_at = _read(downloader, parse_url(choose(variants).uri, found_at))
    if not isinstance(playlist, Stream):
        raise UnreadableVideo(f"{loggable(found_at)}: a list of lists, where segments should be")
    return playlist, found_at


def _read(downloader: Downloader, url: httpx.URL) -> tuple[tuple[VariantStream, ...] | Stream, httpx.URL]:
    text, found_at = downloader.text(url, MAX_PLAYLIST_BYTES)
    try:
        return parse_playlist(text), found_at
    except (SourceRefused, UnreadableVideo) as exc:
        raise type(exc)(f"{loggable(found_at)}: {exc}") from exc


def around(segments: Sequence[Segment], times_s: Sequence[float]) -> list[Segment]:
    """Choose the segments around these moments, and the first: a time line begins with its first frame."""
    return [
        segment
        for index, segment in enumerate(segments)
        if index == 0
        or any(segment.start_s - MARGIN_S <= time_s <= segment.end_s + MARGIN_S for time_s in times_s)
    ]
