"""Packets that are larger than they need to be, so that whoever searches them has much to read."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import av
from av.packet import Packet

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

PADDING_BYTES = (1000, 200_000)
NAMES = ("bikes.ts", "rabbit.ts")


def padded_keyframes(bases: Mapping[str, bytes], chance: random.Random) -> tuple[str, bytes]:
    """Put zeros behind each keyframe of an MPEG-TS; return its suffix and content."""
    return ".ts", padded(bases[chance.choice(NAMES)], chance.choice(PADDING_BYTES))


def padded(content: bytes, count: int) -> bytes:
    """Put so many zeros behind each keyframe of an MPEG-TS, as Annex B allows (trailing_zero_8bits)."""
    target = io.BytesIO()
    with av.open(io.BytesIO(content)) as source, av.open(target, "w", format="mpegts") as output:
        stream = source.streams.video[0]
        copy = output.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.size:
                padding = bytes(count if packet.is_keyframe else 0)
                larger: Packet[Any] = Packet(bytes(packet) + padding)
                larger.pts, larger.dts, larger.time_base = packet.pts, packet.dts, packet.time_base
                larger.is_keyframe, larger.stream = packet.is_keyframe, copy
                output.mux(larger)
    return target.getvalue()
