"""When frames of AVI are shown: the container keeps only the order of decoding, so FFmpeg has to guess.

Frames that refer to later ones (B frames) leave the decoder in the order in which they are shown, and each
lasts equally long. So the n-th frame is shown when the n-th packet would be decoded.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

from worker.pipeline.container.packets import decode_packets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream


def is_guessed(stream: VideoStream) -> bool:
    """Tell whether FFmpeg had to guess when frames are shown."""
    return stream.container.format.name == "avi"


def is_reordered(stream: VideoStream) -> bool:
    """Tell whether frames are also shown in another order than that in which they are stored."""
    return is_guessed(stream) and bool(stream.codec_context.has_b_frames)


def with_decoding_stamps(found: Iterator[Packet[VideoStream]]) -> Iterator[Packet[VideoStream]]:
    """Replace the guess in each packet by when it is decoded."""
    for packet in found:
        packet.pts = packet.dts
        yield packet


def decode_in_order(found: Iterator[Packet[VideoStream]]) -> Iterator[VideoFrame]:
    """Decode packets with decoding stamps, and give the earliest stamp that is left to each frame that comes.

    Raises:
        UnreadableVideo: as `decode_packets`.
    """
    waiting: list[int] = []

    def noted() -> Iterator[Packet[VideoStream]]:
        for packet in found:
            if packet.size and packet.dts is not None:
                heappush(waiting, packet.dts)
            yield packet

    for frame in decode_packets(noted()):
        # A packet that cannot be decoded leaves its stamp behind. No keyframe is shown before it is decoded.
        while frame.key_frame and waiting and waiting[0] < (frame.pts or 0):
            heappop(waiting)
        if waiting:
            frame.pts = heappop(waiting)
        yield frame
