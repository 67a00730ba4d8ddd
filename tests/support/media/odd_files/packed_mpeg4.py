"""Packs MPEG-4 as Xvid and DivX do for AVI: a B picture stands in the packet of the one that it waits for.

So each packet gives one picture at once; where the one that was held back is due, a packet holds a picture
that is not coded (N-VOP, ISO/IEC 14496-2, 6.2.5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import av
from av.packet import Packet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_VOP = b"\0\0\1\xb6"
# By the last letter decoders know that the stream is packed.
_USER_DATA = b"\0\0\1\xb2DivX503b1393p"
# A P picture of which nothing is coded, where a second has 25 ticks: type, time, marker, stuffing.
_NOT_CODED = _VOP + b"\x50\x4f"
_B = 2


def pack(path: Path, source: Path) -> Path:
    """Copy the picture of an AVI with MPEG-4 at 25 frames a second, packed."""
    with av.open(source) as container, av.open(path, "w") as output:
        stream = container.streams.video[0]
        copy = output.add_stream_from_template(stream)
        groups = _groups([packet for packet in container.demux(stream) if packet.size])
        for number, (content, is_keyframe) in enumerate(one for group in groups for one in _packed(group)):
            packet: Packet[Any] = Packet(content)
            packet.stream, packet.is_keyframe, packet.time_base = copy, is_keyframe, stream.time_base
            packet.pts = packet.dts = number
            output.mux(packet)
    return path


def _groups(packets: Sequence[Packet[Any]]) -> list[list[Packet[Any]]]:
    """Collect each picture that others refer to with the B pictures that are shown before it."""
    groups: list[list[Packet[Any]]] = []
    for packet in packets:
        content = bytes(packet)
        if content[content.index(_VOP) + 4] >> 6 != _B:
            groups.append([])
        groups[-1].append(packet)
    return groups


def _packed(group: Sequence[Packet[Any]]) -> Iterator[tuple[bytes, bool]]:
    """Yield the content of each packet, and whether it is flagged as a keyframe."""
    first, *between = (bytes(packet) for packet in group)
    is_keyframe = bool(group[0].is_keyframe)
    at = first.index(_VOP)
    first = first[:at] + _USER_DATA * is_keyframe + first[at:]
    if not between:
        yield first, is_keyframe
        return
    yield first + between[0], is_keyframe
    for content in between[1:]:
        yield content, False
    # Some tools flag what stands for a keyframe.
    yield _NOT_CODED, is_keyframe
