"""A video that is open: its packets and frames at the times of a player's clock."""

from __future__ import annotations

from bisect import bisect_right
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from av.stream import Discard

from worker.files.paged_file import is_paged
from worker.pipeline.container import packets
from worker.pipeline.container.avi import stamps as avi_stamps
from worker.pipeline.container.clock import StreamClock
from worker.pipeline.container.open_container import open_container
from worker.pipeline.container.seeking.preamble import encoder_message, prefixed
from worker.pipeline.container.streams import stream_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from worker.files.video_file import PieceStart
    from worker.pipeline.media import JoinedParts, Video

# Decoders that look at `skip_frame` for each packet; dav1d, for one, asks only as it is opened.
_SPARING_DECODERS = {"h264", "hevc"}


@dataclass(slots=True, eq=False)
class OpenVideo:
    """An open file and the stream of it that is looked at. All times are seconds of a player's clock."""

    container: InputContainer
    stream: VideoStream
    clock: StreamClock
    joined: JoinedParts | None = None  #: where time stamps jump
    pieces: tuple[PieceStart, ...] = ()  #: where there are pictures at all
    preamble: bytes | None = None  #: what the decoder is told again after a seek; None before the first one
    has_sought: bool = False  #: packets may come from the middle of the file

    def time_s(self, shown: VideoFrame | Packet[VideoStream]) -> float:
        """Tell when a frame, or the frame that a packet holds, is shown."""
        return self.clock.time_s(shown.pts or 0)

    def rewind(self) -> None:
        """Go to the start of the file, which even one without an index has."""
        self.has_sought = False
        if self.joined is not None:
            packets.seek_byte(self.container, self.joined.parts[0].begins_at)
        else:
            packets.rewind(self.container, self.stream)

    def seek(self, time_s: float) -> bool:
        """Go to the keyframe at or before a moment; return False where that is not possible."""
        if self.preamble is None:
            self.rewind()
            first = next(self.packets(), None)
            self.preamble = encoder_message(first, self.stream.codec_context) if first else b""
        self.has_sought = True
        pts = self.clock.pts(time_s)
        if self.pieces and self.container.format.name in packets.FORMATS_WITHOUT_HEADER:
            # A search for the moment would read what lies between the beginnings of pieces.
            later = bisect_right(self.pieces, (time_s, inf))
            return packets.seek_byte(self.container, self.pieces[max(0, later - 1)].first_byte)
        if self.joined is None:
            return packets.seek(self.container, self.stream, pts)
        keyframes = self.joined.keyframes
        later = bisect_right(keyframes, (pts, inf))
        if later == 0:
            self.rewind()
            return True
        return packets.seek_byte(self.container, keyframes[later - 1][1])

    def packets(self) -> Iterator[Packet[VideoStream]]:
        """Yield packets from here on, then the empty one that flushes the decoder."""
        found = packets.packets_of(self.container, self.stream)
        if avi_stamps.is_guessed(self.stream):
            found = avi_stamps.with_order_stamps(found, self.stream)
        return self._startable(found if self.joined is None else _at_played_time(found, self.joined))

    def packets_before(self, time_s: float) -> Iterator[Packet[VideoStream]]:
        """Yield packets of what is shown before the first keyframe at or after a moment; then flush."""
        return packets.packets_before(self.packets(), self.stream, self.clock.pts(time_s))

    def packets_sparing(self, time_s: float) -> Iterator[Packet[VideoStream]]:
        """Yield packets as `packets` does; before a moment, only frames that others refer to are decoded.

        From the first packet on that is shown at the moment or later, everything is decoded again.
        """
        decoder, is_sparing = self.stream.codec_context, self._may_spare
        for packet in self.packets():
            is_sparing = is_sparing and packet.pts is not None and self.time_s(packet) < time_s
            decoder.skip_frame = "NONREF" if is_sparing else "DEFAULT"
            yield packet

    @property
    def _may_spare(self) -> bool:
        """Whether frames may be left out in one place and not in another."""
        # Where frames are counted, none may; and not all decoders ask again for each packet.
        name = self.stream.codec_context.codec.name
        return name in _SPARING_DECODERS and not avi_stamps.is_reordered(self.stream)

    def decode(self, found: Iterator[Packet[VideoStream]]) -> Iterator[VideoFrame]:
        """Decode packets from here on, stepping over damaged ones.

        Yields:
            Frames in the order in which they are shown.

        Raises:
            UnreadableVideo: nothing but errors for a long stretch.
        """
        is_reordered = avi_stamps.is_reordered(self.stream)
        frames = avi_stamps.decode_in_order(found) if is_reordered else packets.decode_packets(found)
        return packets.after_seek(frames) if self.has_sought else frames

    def prepare_for_scan(self, threads: int = 0) -> None:
        """Set the decoder to what the cues allow at least; see `packets.prepare_for_scan`."""
        packets.prepare_for_scan(self.stream, threads)
        if avi_stamps.is_reordered(self.stream):
            # Frames are counted, so none may be left out.
            self.stream.codec_context.skip_frame = "DEFAULT"

    def _startable(self, found: Iterator[Packet[VideoStream]]) -> Iterator[Packet[VideoStream]]:
        """Begin with a keyframe after a seek, and with what the decoder must be told again.

        Containers' indexes may be wrong; some decoders make a picture of anything.
        """
        for packet in found:
            if self.has_sought and packet.size and not packet.is_keyframe:
                continue
            yield prefixed(packet, self.preamble) if self.preamble and packet.size else packet
            yield from found


def _at_played_time(
    found: Iterator[Packet[VideoStream]], joined: JoinedParts
) -> Iterator[Packet[VideoStream]]:
    """Change the stamps of packets so that they count played time; leave out what cannot be decoded.

    What stands before the first keyframe of a part refers to pictures that are not in the file; decoded with
    the part before it, it would show a mixture.
    """
    begins_at = [part.begins_at for part in joined.parts]
    position = 0
    for packet in found:
        if packet.size == 0:
            yield packet
            continue
        # Several frames may share one packet of the container; only the first of them has a position.
        position = position if packet.pos is None else packet.pos
        part = joined.parts[max(0, bisect_right(begins_at, position) - 1)]
        if position < part.decodable_at:
            continue
        packet.pts = None if packet.pts is None else packet.pts + part.shift
        packet.dts = None if packet.dts is None else packet.dts + part.shift
        yield packet


@contextmanager
def open_video(video: Video) -> Iterator[OpenVideo]:
    """Open a video that was probed.

    Raises:
        UnreadableVideo: it is not there any more, or not what it was.
    """
    with open_container(video.path) as container:
        stream = stream_of(container, video.stream_index)
        if is_paged(video.path):
            # Each of their packets would be fetched, and fragments keep sound and picture far apart.
            for other in container.streams:
                if other.index != stream.index:
                    other.discard = Discard.all
        yield OpenVideo(
            container,
            stream,
            StreamClock.of(container, stream, video.begins_at_s),
            video.joined,
            video.pieces,
        )
