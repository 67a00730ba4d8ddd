"""Find where the time stamps of a file jump, and count what it plays instead.

Recordings are joined by copying one behind the other, recorders start their clock anew, and damage makes
stamps of its own. A player plays on; so a jump takes no time: what stands behind it begins where what stood
before it ended. A long gap in which the sound goes on is a frozen picture and stays.
"""

from __future__ import annotations

import statistics
from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from worker.pipeline.container.packets import MAX_READ_BYTES, demux, rewind, seek_byte
from worker.pipeline.media import JoinedParts, Part

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

# Formats whose stamps may jump. In the others an index gives each frame its place on one line of time.
FORMATS = {"mpegts", "mpeg", "flv"}

# So small a file is read whole in about 0.1 s; a larger one only where a look at some places finds a jump.
SMALL_BYTES = 64 << 20
PLACES = 48
# Between places, a rate so far from the usual one is a jump; scenes alone differ by less.
ODD_RATE = 4.0

# A longer gap without picture and sound is no pause, unless the pictures of the file stand so far apart.
MAX_GAP_S = 10.0
MAX_GAP_FRAMES = 10
# Stamps that go back by less are noise.
MAX_BACK_S = 0.5
# Sound is stored about so far from its picture. What goes on for longer between two pictures was heard while
# one stood still.
INTERLEAVING_S = 1.0
# More jumps than this are damage.
MAX_PARTS = 4096


class _Picture(NamedTuple):
    position: int  #: first byte
    dts: int
    pts: int
    duration: int  #: 0 where it is not known
    is_keyframe: bool


class _Sound(NamedTuple):
    positions: list[int]  #: first byte of each packet; those that share a packet of the container share it
    played_s: list[float]  #: heard before each, in all


def find_joined_parts(container: InputContainer, stream: VideoStream, limit_s: float) -> JoinedParts | None:
    """Find the parts of a file whose time stamps jump; None where they run on.

    Args:
        container: open; left at some packet.
        stream: the picture.
        limit_s: a file that states a longer time is read however large it is.
    """
    if container.format.name not in FORMATS or container.size > MAX_READ_BYTES:
        return None
    is_read = (
        container.size <= SMALL_BYTES
        or (container.duration or 0) > limit_s * 1_000_000
        or _looks_joined(container, stream)
    )
    if not is_read:
        return None
    rewind(container, stream)
    return _joined(stream, *_read(container, stream))


def _looks_joined(container: InputContainer, stream: VideoStream) -> bool:
    """Tell from stamps at some places of a file whether they run on at the rate of its bytes."""
    stamps = list(_stamps(container, stream))
    rates = [(dts - before_dts) / (at - before_at) for (before_at, before_dts), (at, dts) in pairwise(stamps)]
    usual = statistics.median(rates) if rates else 0.0
    return any(not usual / ODD_RATE < rate < usual * ODD_RATE for rate in rates)


def _stamps(container: InputContainer, stream: VideoStream) -> Iterator[tuple[int, int]]:
    """Yield the byte and the decoding stamp of a packet at evenly spaced places."""
    last = -1
    for place in range(PLACES):
        seek_byte(container, container.size * place // PLACES)
        packet = next((p for p in demux(container, stream) if p.pos is not None and p.dts is not None), None)
        if packet is not None and packet.pos is not None and packet.dts is not None and packet.pos > last:
            yield packet.pos, packet.dts
            last = packet.pos


def _read(container: InputContainer, stream: VideoStream) -> tuple[list[_Picture], list[_Sound]]:
    """Read all packets of picture and sound, in order of the file, without decoding."""
    pictures: list[_Picture] = []
    sounds: dict[int, _SoundReader] = defaultdict(_SoundReader)
    for packet in demux(container, stream, *container.streams.audio):
        if packet.size == 0 or packet.dts is None:
            continue
        if packet.stream_index != stream.index:
            sounds[packet.stream_index].add(packet)
        elif packet.pts is not None and (packet.pos is not None or pictures):
            position = pictures[-1].position if packet.pos is None else packet.pos
            duration = packet.duration or 0
            pictures.append(_Picture(position, packet.dts, packet.pts, duration, packet.is_keyframe))
    return pictures, [sound.heard() for sound in sounds.values()]


@dataclass(slots=True)
class _SoundReader:
    """Adds up what is heard of one stream of sound."""

    positions: list[int] = field(default_factory=list)
    steps_s: list[float] = field(default_factory=list)
    last_s: float | None = None

    def add(self, packet: Packet[Any]) -> None:
        """Count the time since the packet before, if it is no jump itself."""
        now_s = float((packet.dts or 0) * packet.time_base)
        step_s = 0.0 if self.last_s is None else now_s - self.last_s
        self.last_s = now_s
        self.steps_s.append(step_s if 0 < step_s <= MAX_GAP_S else 0.0)
        self.positions.append((self.positions or [0])[-1] if packet.pos is None else packet.pos)

    def heard(self) -> _Sound:
        """Put it in order of the file."""
        return _Sound(self.positions, list(accumulate(self.steps_s)))


def _joined(
    stream: VideoStream, pictures: Sequence[_Picture], sounds: Sequence[_Sound]
) -> JoinedParts | None:
    """Divide pictures at jumps, and move each part to where the part before it ended."""
    if len(pictures) < 2:  # noqa: PLR2004 - one picture cannot jump
        return None
    ticks_per_s = 1 / float(stream.time_base or 1)
    steps = [abs(after.dts - before.dts) for before, after in pairwise(pictures)]
    usual = max(1, round(statistics.median(steps)))
    max_gap = max(MAX_GAP_S * ticks_per_s, MAX_GAP_FRAMES * usual)
    max_back = max(MAX_BACK_S * ticks_per_s, MAX_GAP_FRAMES * usual)
    begins, pauses = [0], [0]
    for index, (before, after) in enumerate(pairwise(pictures), start=1):
        step = after.dts - before.dts
        if -max_back <= step <= max_gap:
            continue
        heard = round(_heard_s(sounds, before.position, after.position) * ticks_per_s)
        if 0 < step <= 2 * heard:
            continue
        begins.append(index)
        pauses.append(max(0, heard - usual))
    if not 1 < len(begins) <= MAX_PARTS:
        return None
    ends = [*begins[1:], len(pictures)]
    stretches = [pictures[begin:end] for begin, end in zip(begins, ends, strict=True)]
    return _put_together(stretches, pauses, usual)


def _heard_s(sounds: Sequence[_Sound], position: int, next_position: int) -> float:
    """Tell how long sound goes on between two pictures, in seconds; 0 for what is only stored there."""
    heard_s = 0.0
    for positions, played_s in sounds:
        first, behind = bisect_right(positions, position), bisect_left(positions, next_position)
        if first < behind:
            heard_s = max(heard_s, played_s[behind - 1] - played_s[first])
    return heard_s if heard_s > INTERLEAVING_S else 0.0


def _put_together(stretches: Sequence[Sequence[_Picture]], pauses: Sequence[int], usual: int) -> JoinedParts:
    """Let each stretch begin where the one before it ended, or after a pause of so many ticks."""
    parts: list[Part] = []
    keyframes: list[tuple[int, int]] = []
    ends_at = min(one.pts for one in stretches[0])
    for members, pause in zip(stretches, pauses, strict=True):
        shift = ends_at + pause - min(one.pts for one in members)
        shown = [(one.pts + shift, one.position) for one in members if one.is_keyframe]
        begins_at = members[0].position
        parts.append(Part(begins_at, shown[0][1] if shown else begins_at, shift))
        keyframes += shown
        ends_at = max(one.pts + (one.duration or usual) for one in members) + shift
    return JoinedParts(tuple(parts), tuple(keyframes), ends_at)
