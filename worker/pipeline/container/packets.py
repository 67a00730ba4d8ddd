"""Walk over the packets and frames of a stream.

The scan's decoder settings live here, because a benchmark compares the scan with a bare decode by the same
settings.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import av.error
from av.packet import Packet
from av.video.frame import VideoFrame

from worker.errors import UnreadableVideo
from worker.pipeline.container.alpha_decoder import decoder_of
from worker.pipeline.container.damage import Damage, tell_incomplete

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from av.container import InputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream

# At most so many threads work at once in the decode process: each reserves address space and holds frames of
# its own, and the process may use only so much memory.
MAX_THREADS = 4

# More damaged packets in a row than this is a damaged file, not a scratch, once keyframes are among them:
# before the first keyframe, and behind a broken one, nothing can be decoded and nothing more is wrong.
MAX_ERRORS_IN_A_ROW = 100
MAX_LOST_KEYFRAMES = 3
# No encoder sets keyframes further apart than this; a file of garbage ends here.
MAX_ERRORS_WITHOUT_KEYFRAME = 10_000

# More of a file is not read before the scan: from a slow disk of 50 MB/s that takes three minutes.
MAX_READ_BYTES = 8 << 30

# These are read from any byte on; their time stamps may jump, so a seek by time may not find the start.
FORMATS_WITHOUT_HEADER = {"mpegts", "mpeg"}


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

    Yields:
        Frames that the decoder does not call corrupt. Where something was lost in front of one, its `opaque`
        holds a mark; see `damage`.

    Raises:
        UnreadableVideo: nothing but errors for a long stretch.
    """
    errors = keyframes = 0
    damage = Damage()
    decode = None
    for packet, is_incomplete in tell_incomplete(packets):
        decode = decode or decoder_of(packet.stream)
        keyframes += packet.is_keyframe
        damage.feed(packet, is_incomplete=is_incomplete)
        try:
            frames = decode(packet)
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError as exc:
            errors += 1
            damage.lose_packet()
            if errors > (
                MAX_ERRORS_IN_A_ROW if keyframes >= MAX_LOST_KEYFRAMES else MAX_ERRORS_WITHOUT_KEYFRAME
            ):
                raise UnreadableVideo(
                    "the picture data is damaged, or encrypted without saying so; "
                    "copy or download it again, or export it again"
                ) from exc
            continue
        for frame in frames:
            errors = keyframes = 0
            if not isinstance(frame, VideoFrame) or frame.pts is None:
                continue
            if frame.is_corrupt:
                damage.lose_frame(frame.pts)
                continue
            # A new object each time: PyAV frees what a frame holds together with it.
            frame.opaque = object() if damage.affects(frame.pts) else None
            yield frame


def after_seek(frames: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
    """Leave out the first frame after a seek where its time stamp is later than that of the second.

    Without an index, a seek may end inside a packet; the first whole picture then gets the stamp of another.
    """
    first = next(frames, None)
    if first is None:
        return
    second = next(frames, None)
    if second is None or (first.pts or 0) <= (second.pts or 0):
        yield first
    if second is not None:
        yield second
    yield from frames


def demux(container: InputContainer, *streams: Stream) -> Iterator[Packet[Any]]:
    """Yield packets of some streams, or of all, from here on; then empty ones, which flush the decoders.

    It ends at damage that hides where the next packet begins.
    """
    try:
        yield from container.demux(*streams)
    except av.error.MemoryError:
        raise
    except av.error.FFmpegError:
        # The rest of the file cannot be split into packets: what came before still counts.
        return


def packets_of(container: InputContainer, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
    """Yield packets of one stream from here on, as `demux` does, then the one that flushes the decoder."""
    return demux(container, stream)


def packets_before(
    packets: Iterator[Packet[VideoStream]], stream: VideoStream, pts: int
) -> Iterator[Packet[VideoStream]]:
    """Yield packets of what is shown before the first keyframe at or after a tick, then the empty one.

    The keyframe itself is among them only where pictures shown before it refer to it (open GOP).
    """
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


def rewind(container: InputContainer, stream: VideoStream) -> None:
    """Go to the first packet of a stream, which even a file without an index has."""
    if container.format.name in FORMATS_WITHOUT_HEADER:
        seek_byte(container, 0)
    elif container.format.name != "matroska,webm" or not _seek_first(container, stream):
        # What cannot be sought has only been read from the start, or holds nothing of this stream.
        with suppress(av.error.FFmpegError):
            container.seek(0)


def _seek_first(container: InputContainer, stream: VideoStream) -> bool:
    """Go to the first keyframe of a stream; return False where it has none.

    In Matroska, FFmpeg drops what stands before the keyframe that it seeks to, also of other streams. And
    where no keyframe stands at the stated start of the stream, the next is the first.
    """
    start = stream.start_time or 0
    return seek(container, stream, start) or seek(container, stream, start, backward=False)


def seek(container: InputContainer, stream: VideoStream, pts: int, *, backward: bool = True) -> bool:
    """Go to the keyframe at or before a tick, or at or after it; return False where the container cannot."""
    try:
        container.seek(pts, stream=stream, backward=backward)
    except av.error.FFmpegError:
        return False
    return True


def seek_byte(container: InputContainer, position: int) -> bool:
    """Go to the packet that begins at a byte of the file; return False where the container cannot."""
    try:
        container.seek(position, unsupported_byte_offset=True)
    except av.error.FFmpegError:
        return False
    return True
