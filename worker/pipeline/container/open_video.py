"""A video that is open: its packets and frames at the times of a player's clock."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.pipeline.container import packets
from worker.pipeline.container.clock import Clock
from worker.pipeline.container.open_container import open_container
from worker.pipeline.container.preamble import encoder_message, prefixed
from worker.pipeline.container.streams import video_stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from worker.pipeline.media import Video


@dataclass(slots=True, eq=False)
class OpenVideo:
    """An open file and the stream of it that is looked at. All times are seconds of a player's clock."""

    container: InputContainer
    stream: VideoStream
    clock: Clock
    preamble: bytes | None = None  #: what the decoder is told again after a seek; None before the first one
    has_sought: bool = False  #: packets may come from the middle of the file

    def time_s(self, shown: VideoFrame | Packet[VideoStream]) -> float:
        """Tell when a frame, or the frame that a packet holds, is shown."""
        return self.clock.time_s(shown.pts or 0)

    def rewind(self) -> None:
        """Go to the start of the file, which even one without an index has."""
        self.container.seek(0)
        self.has_sought = False

    def seek(self, time_s: float) -> bool:
        """Go to the keyframe at or before a moment; return False where that is not possible."""
        if self.preamble is None:
            self.rewind()
            first = next(self.packets(), None)
            self.preamble = encoder_message(first, self.stream.codec_context) if first else b""
        self.has_sought = True
        return packets.seek(self.container, self.stream, self.clock.pts(time_s))

    def packets(self) -> Iterator[Packet[VideoStream]]:
        """Yield packets from here on, then the empty one that flushes the decoder."""
        return self._startable(packets.packets_of(self.container, self.stream))

    def packets_before(self, time_s: float) -> Iterator[Packet[VideoStream]]:
        """Yield packets of what is shown before the first keyframe at or after a moment; then flush."""
        return self._startable(packets.packets_before(self.container, self.stream, self.clock.pts(time_s)))

    def _startable(self, found: Iterator[Packet[VideoStream]]) -> Iterator[Packet[VideoStream]]:
        """Begin with a keyframe after a seek, and with what the decoder must be told again.

        Containers' indexes may be wrong; some decoders make a picture of anything.
        """
        for packet in found:
            if self.has_sought and packet.size and not packet.is_keyframe:
                continue
            yield prefixed(packet, self.preamble) if self.preamble and packet.size else packet
            yield from found


@contextmanager
def open_video(video: Video) -> Iterator[OpenVideo]:
    """Open a video that was probed.

    Raises:
        UnreadableVideo: it is not there any more, or not what it was.
    """
    with open_container(video.path) as container:
        stream = video_stream(container)
        yield OpenVideo(container, stream, Clock.of(container, stream))
