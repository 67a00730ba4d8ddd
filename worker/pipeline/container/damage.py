"""Which frames lack something that was lost in front of them: all from a loss up to the next keyframe.

Frames are counted in the order of decoding: one that is shown before a damaged frame may be made from it.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from av.packet import Packet
    from av.video.stream import VideoStream

# An error may be told so many packets late: decoders work on several frames at once.
_MAX_DELAY = 4
# Decoders hold back fewer frames than this; packets that gave none are forgotten.
_MAX_WAITING = 64


# So soon behind a packet that MPEG-TS calls corrupt, a keyframe begins another segment.
_JOIN_PACKETS = 2


def tell_incomplete(packets: Iterable[Packet[VideoStream]]) -> Iterator[tuple[Packet[VideoStream], bool]]:
    """Tell of each packet whether the container lost a part of it.

    FFmpeg concludes that from the counters of MPEG-TS, which also begin anew where segments were joined.
    """
    source = iter(packets)
    ahead: deque[Packet[VideoStream]] = deque()
    while (packet := ahead.popleft() if ahead else next(source, None)) is not None:
        if packet.is_corrupt:
            ahead.extend(islice(source, _JOIN_PACKETS - len(ahead)))
        yield packet, packet.is_corrupt and not any(later.is_keyframe for later in ahead)


class Damage:
    """Follows the packets of one decoder, in order."""

    def __init__(self) -> None:
        self._count = 0
        self._keyframes: list[int] = [0]
        self._losses: list[int] = []
        self._place: dict[int | None, int] = {}  # of packets, by the stamps that their frames will have

    def feed(self, packet: Packet[VideoStream], *, is_incomplete: bool) -> None:
        """Count a packet that is decoded next."""
        if packet.size == 0:
            return
        if packet.is_keyframe:
            insort(self._keyframes, self._count)
        if is_incomplete:
            insort(self._losses, self._count)
        self._place[packet.pts] = self._count
        if len(self._place) > _MAX_WAITING:
            del self._place[next(iter(self._place))]
        self._count += 1

    def lose_packet(self) -> None:
        """Note that a packet could not be decoded: this one, or one shortly before."""
        insort(self._losses, max(self._keyframes[-1], self._count - 1 - _MAX_DELAY))

    def lose_frame(self, pts: int) -> None:
        """Note that a frame came out broken."""
        insort(self._losses, self._place.get(pts, self._count - 1))

    def affects(self, pts: int) -> bool:
        """Tell whether something was lost between a frame and the keyframe in front of it."""
        place = self._place.pop(pts, self._count - 1)
        losses = bisect_right(self._losses, place)
        keyframe = self._keyframes[bisect_right(self._keyframes, place) - 1]
        return losses > 0 and self._losses[losses - 1] >= keyframe
