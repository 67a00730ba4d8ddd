"""How long the picture of a file is: what the file says, and whether its packets bear it out.

A file that was cut short, by an upload that broke off or a full disk, still states its whole length. But
sound and subtitles may outlast the picture, so a file is cut short only where none of its streams reaches
the stated end, or where the last packet itself is broken.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import av

from worker.errors import UnreadableVideo
from worker.files.paged_file import open_to_read
from worker.pipeline.container.clock import StreamClock
from worker.pipeline.container.packets import MAX_READ_BYTES, demux, rewind, seek

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

# A stream whose last packet lies before this share of the stated length does not reach its end.
COMPLETE_SHARE = 0.9
# Below this, a missing tail says nothing: one long last frame can be as long.
MIN_CHECKED_DURATION_S = 2.0
# With less than this share of a file, a pick would say nothing about the video: 36 seconds of an hour.
MIN_LEFT_SHARE = 0.01
# Slides stay up for about as long as the ones before: then the last one, and not a lost tail, fills the end.
LAST_SLIDE = 1.5

# Where a file is longer than the limit, more of a gap between two pictures does not count.
MAX_COUNTED_GAP_S = 10.0

# The tag in which Matroska keeps the end of a stream, e.g. "00:01:02.500000000".
_MATROSKA_DURATION = re.compile(r"(\d{1,6}):(\d\d):(\d\d\.?\d{0,18})")

# The element of Matroska that holds everything but the first few bytes.
_SEGMENT = b"\x18\x53\x80\x67"
_SEGMENT_WITHIN = 4096
_UNKNOWN_SIZE = (1 << 56) - 1


@dataclass(frozen=True, slots=True)
class Length:
    """How long a picture is."""

    end_s: float  #: seconds from the start of the container to the end of the picture
    notes: tuple[str, ...] = ()  #: what a person should know of it


def stated_end_s(container: InputContainer, stream: VideoStream) -> float | None:
    """Read where the file says that the picture ends, in seconds from its start; None without a word."""
    clock = StreamClock.of(container, stream)
    # FFmpeg fills in the container's length where a stream states none, so the stream's own word goes first.
    if tag := _MATROSKA_DURATION.fullmatch(stream.metadata.get("DURATION", "")):
        hours, minutes, seconds = (float(part) for part in tag.groups())
        return hours * 3600 + minutes * 60 + seconds - float(clock.origin)
    if stream.duration is not None:
        return clock.time_s((stream.start_time or 0) + stream.duration)
    return None if container.duration is None else container.duration / av.time_base


def measure_length(
    container: InputContainer, stream: VideoStream, path: Path, *, is_assembled: bool = False
) -> Length:
    """Find the end of the picture; where nothing is stated, by reading every packet (without decoding).

    At most `MAX_READ_BYTES` are read. Where no end is found by then, the picture counts as far, and a note
    says so.

    Args:
        container: open; left at some packet.
        stream: the picture.
        path: the file.
        is_assembled: it was made of segments that are all there, so what it states may be the length of
            something else, e.g. of the film whose pieces they are.

    Raises:
        UnreadableVideo: next to nothing is left of a file that was cut short.
    """
    stated_s = stated_end_s(container, stream)
    if stated_s is None or stated_s <= 0:
        rewind(container, stream)
        ends = _read_ends(container, stream)
        return Length(ends.picture_s, _unread(ends))
    if stated_s < MIN_CHECKED_DURATION_S and not is_assembled:
        return Length(stated_s)
    seek(container, stream, StreamClock.of(container, stream).pts(stated_s))
    tail = _read_ends(container, stream)
    if tail.picture_s >= COMPLETE_SHARE * stated_s and not tail.is_broken:
        return Length(tail.picture_s if is_assembled else stated_s)
    rewind(container, stream)
    ends = _read_ends(container, stream)
    if ends.is_unread and tail.picture_s > ends.picture_s:
        # The seek found pictures near the end, so the last of them is known all the same.
        ends = tail
    if is_assembled or ends.is_unread:
        return Length(ends.picture_s, _unread(ends))
    return _judge(ends, stated_s, path)


def played_within(container: InputContainer, stream: VideoStream, limit_s: float) -> float:
    """Count how long a picture moves, up to a limit, by reading packets: a stamp alone may be a slip.

    Gaps without a picture count for little, so that two frames a day apart are a short video. What lies
    behind `MAX_READ_BYTES` is taken to play at the rate of what lies before.
    """
    rewind(container, stream)
    counted_s, last_s, read_bytes = 0.0, None, 0
    for packet in demux(container, stream):
        # By place, where it is known: sound lies between the pictures.
        read_bytes = max(read_bytes + packet.size, packet.pos or 0)
        if read_bytes > MAX_READ_BYTES:
            return counted_s * container.size / read_bytes
        if packet.dts is None or packet.size == 0:
            continue
        at_s = float(packet.dts * packet.time_base)
        if last_s is not None:
            counted_s += min(max(at_s - last_s, 0.0), MAX_COUNTED_GAP_S)
        last_s = at_s
        if counted_s > limit_s:
            break
    return counted_s


@dataclass(slots=True)
class _Ends:
    """What the packets say that were read."""

    picture_s: float = 0.0  #: end of the last picture
    any_s: float = 0.0  #: end of the last packet of any stream
    slide_s: float = 0.0  #: from the last picture but one to the last
    is_broken: bool = False  #: the last packet ends before it should
    is_unread: bool = False  #: the file goes on behind what was read


def _judge(ends: _Ends, stated_s: float, path: Path) -> Length:
    """Tell a file that was cut short from one whose picture ends before its sound."""
    if not ends.is_broken:
        if ends.picture_s + LAST_SLIDE * ends.slide_s >= stated_s:
            return Length(stated_s)
        if ends.any_s >= COMPLETE_SHARE * stated_s or _is_whole_matroska(path):
            return Length(ends.picture_s)
    elif ends.picture_s >= COMPLETE_SHARE * stated_s:
        return Length(stated_s)
    found = f"{ends.picture_s:.1f} s of {stated_s:.1f} s"
    if ends.picture_s < MIN_LEFT_SHARE * stated_s:
        raise UnreadableVideo(
            f"{path.name}: ends at {found}, so it was cut short (copy or download the whole file again)"
        )
    return Length(ends.picture_s, (f"the file was cut short: it ends at {found}",))


def _unread(ends: _Ends) -> tuple[str, ...]:
    sentence = f"the file is too large to find its end: it is taken to be {ends.picture_s:.1f} s long"
    return (sentence,) if ends.is_unread else ()


def _is_whole_matroska(path: Path) -> bool:
    """Tell whether a file reaches the end of its segment, where it says how long that is (RFC 9559)."""
    with open_to_read(path) as file:
        head = file.read(_SEGMENT_WITHIN)
    _, found, size = head.partition(_SEGMENT)
    coded = int.from_bytes(size[:8])
    # Muxers keep 8 bytes for the size: a marker, then 56 bits; all of them set means that it is not known.
    if not found or coded >> 56 != 1 or coded & _UNKNOWN_SIZE == _UNKNOWN_SIZE:
        return False
    return len(head) - len(size) + 8 + (coded & _UNKNOWN_SIZE) <= path.stat().st_size


def _read_ends(container: InputContainer, stream: VideoStream) -> _Ends:
    ends = _Ends()
    last_end_s, read_bytes = 0.0, 0
    for packet, end_s in _packet_ends_s(container, stream):
        read_bytes += packet.size
        if read_bytes > MAX_READ_BYTES:
            ends.is_unread = True
            break
        ends.is_broken = packet.is_corrupt
        ends.any_s = max(ends.any_s, end_s)
        if packet.stream_index == stream.index:
            ends.slide_s = abs(end_s - last_end_s)
            ends.picture_s = max(ends.picture_s, end_s)
            last_end_s = end_s
    return ends


def _packet_ends_s(container: InputContainer, stream: VideoStream) -> Iterator[tuple[Packet[Any], float]]:
    """Yield packets from here on, each with its end in seconds from the start of the container."""
    origin_s = float(StreamClock.of(container, stream).origin)
    for packet in demux(container):
        if packet.pts is not None and packet.size > 0 and packet.time_base:
            yield packet, float((packet.pts + (packet.duration or 0)) * packet.time_base) - origin_s
