"""What the first packet says once for the whole stream, given to the decoder again after every seek.

FFmpeg decodes H.264 as the encoder x264 meant it where a build had a fault of its own: up to 150, all of
4:4:4 is coded another way than the standard says. It learns the build from a message in the first packet and
forgets it when a seek flushes the decoder (`x264_build` in its h264dec.c).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from av.packet import Packet

from worker.pipeline.container.seeking.nal_units import beginning, framed, h264_type, nal_units

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream

_SEI = 6
_BUILD = re.compile(rb"x264 - core (\d{1,9})")
_LAST_OLD_BUILD = 150


def encoder_message(first: Packet[VideoStream], context: VideoCodecContext) -> bytes:
    """Find the message of an old x264 in a stream's first packet, framed as its packets are; or nothing."""
    if context.codec.canonical_name != "h264":
        return b""
    for unit in nal_units(beginning(first), context):
        found = _BUILD.search(unit) if h264_type(unit) == _SEI else None
        if found and int(found[1]) <= _LAST_OLD_BUILD:
            return framed(unit, context)
    return b""


def prefixed(packet: Packet[VideoStream], preamble: bytes) -> Packet[VideoStream]:
    """Copy a packet with these bytes before its own."""
    copy: Packet[Any] = Packet(preamble + bytes(packet))
    copy.stream = packet.stream
    copy.time_base = packet.time_base
    copy.pts, copy.dts, copy.duration = packet.pts, packet.dts, packet.duration
    copy.is_keyframe = packet.is_keyframe
    for side_data in packet.iter_sidedata():
        copy.set_sidedata(side_data)
    return copy
