"""Choose among the streams of a file."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from av.stream import Disposition

from worker.errors import UnreadableVideo
from worker.pipeline.container.length import stated_end_s
from worker.pipeline.container.packets import demux, rewind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from av.container import InputContainer
    from av.video.stream import VideoStream

# Cover art, and the pictures of chapters.
_NO_FILM = Disposition.attached_pic | Disposition.timed_thumbnails

# Among so many packets at the start of a file, each stream with a moving picture has its second one.
MAX_COUNTED_PACKETS = 1000
# More than one packet is a moving picture; how many more says nothing.
_MOVING = 2


def video_streams(container: InputContainer) -> list[VideoStream]:
    """List the streams with a picture that may be the video, the best first; never cover art.

    A picture that moves goes before a single one, the stream that is flagged as the default before others,
    more pixels before fewer, and a longer stream before a shorter one. Leaves the file at some packet.

    Raises:
        UnreadableVideo: there is none.
    """
    found = [stream for stream in container.streams.video if not stream.disposition & _NO_FILM]
    if not found:
        name = Path(container.name).name
        raise UnreadableVideo(f"{name}: {_without_video(container)}; send the file with the picture")
    if len(found) == 1:
        return found
    packets = _count_packets(container, found)
    return sorted(found, key=lambda stream: _worth(container, stream, packets[stream.index]), reverse=True)


def stream_of(container: InputContainer, index: int) -> VideoStream:
    """Find the stream that the probe chose.

    Raises:
        UnreadableVideo: the file is not what it was.
    """
    for stream in container.streams.video:
        if stream.index == index and stream.codec_context is not None:
            return stream
    raise UnreadableVideo(f"{Path(container.name).name}: changed while it was looked at (try again)")


def _worth(container: InputContainer, stream: VideoStream, packets: int) -> tuple[float, ...]:
    context = stream.codec_context
    return (
        context is not None,  # FFmpeg has a decoder
        min(packets, _MOVING),
        bool(stream.disposition & Disposition.default),
        context.width * context.height if context is not None else 0,
        # Rounded: of two cameras that ran together, the first is the main one.
        round(stated_end_s(container, stream) or 0.0),
    )


def _count_packets(container: InputContainer, streams: Sequence[VideoStream]) -> Counter[int]:
    """Count packets by the index of their stream, until each has two or enough were read."""
    counted: Counter[int] = Counter()
    rewind(container, streams[0])
    for packet in islice(demux(container, *streams), MAX_COUNTED_PACKETS):
        counted[packet.stream_index] += packet.size > 0
        if all(counted[stream.index] >= _MOVING for stream in streams):
            break
    return counted


def _without_video(container: InputContainer) -> str:
    if not container.streams.audio:
        return "no video in it"
    return "sound with a cover picture, no video" if container.streams.video else "sound only, no video in it"
