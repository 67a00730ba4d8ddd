"""The NAL units in packets of H.264 and HEVC, whichever way their container frames them.

Source: ITU-T H.264 and H.265, Annex B (start codes); ISO/IEC 14496-15 (lengths).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream

_START_CODE = b"\x00\x00\x01"

# Parameters and messages stand at the beginning of a packet; whatever lies behind them costs nothing.
_BEGINNING_BYTES = 65_536

# Byte of the configuration record whose two lowest bits hold the length of a length, less one.
_LENGTH_SIZE_AT = {"h264": 4, "hevc": 21}


def beginning(packet: Packet[VideoStream]) -> bytes:
    """Copy the first bytes of a packet, all that is ever asked about."""
    return bytes(memoryview(packet)[:_BEGINNING_BYTES])


def nal_units(content: bytes, context: VideoCodecContext) -> Iterator[bytes]:
    """Yield the NAL units of one packet, without their framing; it ends where the packet is damaged."""
    size = _length_size(context)
    if size is None:
        # No unit ends with a zero: any between two units are padding (Annex B, trailing_zero_8bits).
        yield from filter(None, (unit.rstrip(b"\0") for unit in content.split(_START_CODE)))
        return
    at = 0
    while at + size < len(content):
        end = at + size + int.from_bytes(content[at : at + size], "big")
        yield content[at + size : end]
        at = end


def framed(unit: bytes, context: VideoCodecContext) -> bytes:
    """Frame a NAL unit as the packets of this stream do."""
    size = _length_size(context)
    return (_START_CODE if size is None else len(unit).to_bytes(size, "big")) + unit


def h264_type(unit: bytes) -> int:
    """Read the type of a unit of H.264 (ITU-T H.264, table 7-1)."""
    return unit[0] & 31 if unit else 0


def hevc_type(unit: bytes) -> int:
    """Read the type of a unit of HEVC (ITU-T H.265, table 7-1)."""
    return unit[0] >> 1 & 63 if unit else 0


def _length_size(context: VideoCodecContext) -> int | None:
    """Read how many bytes a length takes; None where units stand between start codes."""
    extradata = context.extradata or b""
    at = _LENGTH_SIZE_AT.get(context.codec.canonical_name, 0)
    if len(extradata) <= at or extradata[0] != 1:
        return None
    return (extradata[at] & 3) + 1
