"""Walk over the packets and frames of a stream.

The scan's decoder settings live here, because a benchmark compares the scan with a bare decode by the same
settings.
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Any

import av.error
from av.packet import Packet
from av.video.frame import VideoFrame

from worker.errors import UnreadableVideo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from av.container import InputContainer
    from av.video.stream import VideoStream

# At most so many threads work at once in the decode process: each reserves address space and holds frames of
# its own, and the process may use only so much memory.
MAX_THREADS = 4

# More damaged packets in a row than this is a damaged file, not a scratch.
MAX_ERRORS_IN_A_ROW = 100


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
