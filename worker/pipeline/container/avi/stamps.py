"""When frames of AVI are shown: the container keeps only the order of decoding, so FFmpeg has to guess.

Frames that refer to later ones (B frames) leave the decoder in the order in which they are shown, and each
lasts equally long. So the n-th frame is shown when the n-th packet would be decoded. After a seek, what
is shown before the keyframe (open GOP) cannot be decoded: a keyframe says when it is shown itself.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import chain
from typing import TYPE_CHECKING

from av.bitstream import BitStreamFilterContext

from worker.pipeline.container.avi.picture_types import is_b, is_held_or_b
from worker.pipeline.container.packets import decode_packets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# As many reference pictures as any coding keeps.
_MAX_LEADING = 16


def is_guessed(stream: VideoStream) -> bool:
    """Tell whether FFmpeg had to guess when frames are shown."""
    return stream.container.format.name == "avi"


def is_reordered(stream: VideoStream) -> bool:
    """Tell whether frames are also shown in another order than that in which they are stored."""
    return is_guessed(stream) and bool(stream.codec_context.has_b_frames)


def with_order_stamps(
    found: Iterator[Packet[VideoStream]], stream: VideoStream
) -> Iterator[Packet[VideoStream]]:
    """Replace the guess in each packet by when it is decoded, and about keyframes by when it is shown.

    Packets that hold two pictures (packed MPEG-4) are split; a lone B picture is no keyframe.
    """
    if not is_reordered(stream):
        for plain in found:
            plain.pts = plain.dts
            yield plain
        return
    found = _unpacked(found, stream)
    following: Packet[VideoStream] | None = next(found, None)
    while (packet := following) is not None:
        packet.pts = packet.dts
        packet.is_keyframe = packet.is_keyframe and not is_held_or_b(packet, stream.codec_context)
        following = next(found, None)
        if packet.is_keyframe:
            group = [packet]
            while (
                following is not None and is_b(following, stream.codec_context) and len(group) <= _MAX_LEADING
            ):
                group.append(following)
                following = next(found, None)
            yield from _in_order_of_showing(group)
        else:
            yield packet


def _in_order_of_showing(group: Sequence[Packet[VideoStream]]) -> Sequence[Packet[VideoStream]]:
    """Stamp a keyframe behind the B pictures that follow it: what they refer to besides is shown earlier."""
    stamps = [packet.dts for packet in group]
    for packet, stamp in zip(group, [stamps[-1], *stamps[:-1]], strict=True):
        packet.pts = stamp
    return group


def _unpacked(found: Iterator[Packet[VideoStream]], stream: VideoStream) -> Iterator[Packet[VideoStream]]:
    """Give each picture of MPEG-4 a packet of its own, in the place of the empty ones that stand for it."""
    if stream.codec_context.codec.canonical_name != "mpeg4":
        yield from found
        return
    splitter = BitStreamFilterContext("mpeg4_unpack_bframes", stream)
    for packet in found:
        if packet.size == 0:
            yield packet
            continue
        if packet.is_keyframe and not is_held_or_b(packet, stream.codec_context):
            splitter.flush()  # a picture that is still held here waits for an empty packet that was lost
        for split in splitter.filter(packet):
            split.stream = stream
            yield split


def decode_in_order(found: Iterator[Packet[VideoStream]]) -> Iterator[VideoFrame]:
    """Decode packets with such stamps, and give the earliest stamp that is left to each frame that comes.

    Raises:
        UnreadableVideo: as `decode_packets`.
    """
    first = next(found, None)
    if first is None:
        return
    # What is shown before the first keyframe refers to pictures that were not decoded.
    begins_at = first.pts if first.is_keyframe else None
    waiting: list[int] = []

    def noted() -> Iterator[Packet[VideoStream]]:
        for packet in chain([first], found):
            if packet.size and packet.dts is not None:
                heappush(waiting, packet.dts)
            yield packet

    for frame in decode_packets(noted()):
        # A packet that cannot be decoded leaves its stamp behind, and nothing earlier follows a keyframe.
        while frame.key_frame and waiting and waiting[0] < (frame.pts or 0):
            heappop(waiting)
        if waiting:
            frame.pts = heappop(waiting)
        if begins_at is None or (frame.pts or 0) >= begins_at:
            yield frame
