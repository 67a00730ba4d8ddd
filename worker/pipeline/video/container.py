"""Open a local video file and walk over its frames. Runs in the decode process.

FFmpeg's demuxers can be talked into opening other files and URLs (HLS, concat, subfile), so only
self-contained formats and the `file` protocol are allowed. The scan's decoder settings live here,
because a benchmark compares the scan with a bare decode by the same settings.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import av.error
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame

from worker.errors import UnreadableVideo, VideoTooLarge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from av.container import InputContainer
    from av.video.stream import VideoStream

# Containers that hold their own media; none of them names another file.
FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2",
    "matroska,webm",
    "mpegts",
    "mpeg",
    "avi",
    "flv",
    "asf",
    "ogg",
    "mxf",
    "gif",
)

# At most so many threads work at once in the decode process: each reserves address space and holds frames of
# its own, and the process may use only so much memory.
MAX_THREADS = 4

# More damaged packets in a row than this is a damaged file, not a scratch.
MAX_ERRORS_IN_A_ROW = 100


@dataclass(frozen=True, slots=True)
class Clock:
    """Converts between a stream's ticks and seconds from the start of the container."""

    time_base: Fraction
    origin: Fraction  #: start of the container on the stream's time line, in seconds

    @classmethod
    def of(cls, container: InputContainer, stream: VideoStream) -> Clock:
        """Make the clock of one stream of an open container."""
        return cls(stream.time_base or Fraction(1, 1000), Fraction(container.start_time or 0, av.time_base))

    def time_s(self, pts: int) -> float:
        """Convert ticks to seconds, rounded down to a microsecond: a seek never lands on the next frame."""
        return math.floor((pts * self.time_base - self.origin) * 1_000_000) / 1_000_000

    def pts(self, time_s: float) -> int:
        """Find the last tick at or before a moment, give or take the microsecond that `time_s` drops."""
        return math.floor((Fraction(time_s) + Fraction(1, 1_000_000) + self.origin) / self.time_base)


@contextmanager
def open_container(path: Path) -> Iterator[InputContainer]:
    """Open a local media file.

    Raises:
        UnreadableVideo: missing, not a file, or not a video that FFmpeg can open.
    """
    if not path.exists():
        raise UnreadableVideo(f"{path.name}: no such file (check the path)")
    if not path.is_file():
        raise UnreadableVideo(f"{path.name}: not a file (name one video file)")
    if path.stat().st_size == 0:
        raise UnreadableVideo(f"{path.name}: the file is empty, 0 bytes (copy or download it again)")
    # "file:" before the path, or a name as "concat:a|b" or "http://..." would choose another protocol.
    options = {"protocol_whitelist": "file", "format_whitelist": ",".join(FORMATS)}
    try:
        container = av.open(f"file:{path.absolute()}", options=options, metadata_errors="ignore")
    except av.error.MemoryError as exc:
        raise VideoTooLarge(f"{path.name}: needs more memory to open than a decoder may use") from exc
    except (av.error.FFmpegError, ValueError) as exc:
        raise UnreadableVideo(
            f"{path.name}: not a video, or cut short or damaged ({_reason(exc)}); "
            "check that it plays, and remux other containers to MP4 or MKV"
        ) from exc
    with container:
        yield container


def no_picture(path: Path) -> UnreadableVideo:
    """Make the error for a video of which not one frame could be decoded."""
    return UnreadableVideo(
        f"{path.name}: no picture could be decoded, it is damaged or encrypted (export it again)"
    )


def _reason(exc: Exception) -> str:
    return getattr(exc, "strerror", None) or str(exc)


def video_stream(container: InputContainer) -> VideoStream:
    """Find the first stream with a moving picture, not the cover art.

    Raises:
        UnreadableVideo: there is none.
    """
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    name = Path(container.name).name
    raise UnreadableVideo(f"{name}: no video in it, sound only or cover art (send the file with the picture)")


def prepare_for_scan(stream: VideoStream, threads: int = 0) -> None:
    """Set a decoder to what the cues allow at least: reference frames only, no loop filter.

    Frames that no other refers to (B frames mostly) are up to 3 of 4, and their neighbours show the same. The
    loop filter smooths the edges of blocks, which do not show at 320 px. Together: less than half the time.

    Args:
        stream: not decoded yet.
        threads: of the decoder; 0 for one a core.
    """
    stream.thread_type = "AUTO"
    stream.codec_context.thread_count = threads
    stream.codec_context.skip_frame = "NONREF"
    stream.codec_context.options = {"skip_loop_filter": "all"}


def decode_packets(packets: Iterable[Packet[VideoStream]]) -> Iterator[VideoFrame]:
    """Decode packets in order, stepping over damaged ones.

    Raises:
        UnreadableVideo: nothing but errors for a long stretch.
    """
    errors = 0
    for packet in packets:
        try:
            frames = packet.decode()
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError as exc:
            errors += 1
            if errors > MAX_ERRORS_IN_A_ROW:
                raise UnreadableVideo("the picture data is damaged or encrypted; export it again") from exc
            continue
        for frame in frames:
            errors = 0
            if isinstance(frame, VideoFrame) and frame.pts is not None and not frame.is_corrupt:
                yield frame


def packets_of(container: InputContainer, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
    """Yield packets of one stream from here on, then the empty one that flushes the decoder.

    It ends at damage that hides where the next packet begins.
    """
    try:
        yield from container.demux(stream)
    except av.error.MemoryError:
        raise
    except av.error.FFmpegError:
        # The rest of the file cannot be split into packets: what came before still counts.
        return


def packets_before(container: InputContainer, stream: VideoStream, pts: int) -> Iterator[Packet[VideoStream]]:
    """Yield packets of what is shown before the first keyframe at or after a tick, then the empty one.

    The keyframe itself is among them only where pictures shown before it refer to it (open GOP).
    """
    packets = packets_of(container, stream)
    for packet in packets:
        if packet.is_keyframe and packet.pts is not None and packet.pts >= pts:
            yield from _open_group(packet, packet.pts, packets)
            yield _flush(stream)
            return
        yield packet


def _open_group(
    keyframe: Packet[VideoStream], shown_at: int, rest: Iterator[Packet[VideoStream]]
) -> list[Packet[VideoStream]]:
    """List the packets behind a keyframe that are shown before it, with it; none in a closed group."""
    leading = takewhile(lambda packet: packet.pts is not None and packet.pts < shown_at, rest)
    group = [keyframe, *leading]
    return group if len(group) > 1 else []


def _flush(stream: VideoStream) -> Packet[VideoStream]:
    packet: Packet[Any] = Packet()
    packet.stream = stream
    return packet


def seek(container: InputContainer, stream: VideoStream, pts: int) -> bool:
    """Go to the keyframe at or before a tick; return False where the container cannot."""
    try:
        container.seek(pts, stream=stream, backward=True)
    except av.error.FFmpegError:
        return False
    return True
