"""The NAL units in packets of H.264 and HEVC, whichever way their container frames them.

Source: ITU-T H.264 and H.265, Annex B (start codes); ISO/IEC 14496-15 (lengths).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.video.codeccontext import VideoCodecContext

_START_CODE = b"\x00\x00\x01"
_BETWEEN_UNITS = re.compile(rb"\x00{2,}\x01")

# Byte of the configuration record whose two lowest bits hold the length of a length, less one.
_LENGTH_SIZE_AT = {"h264": 4, "hevc": 21}


def nal_units(content: bytes, context: VideoCodecContext) -> Iterator[bytes]:
    """Yield the NAL units of one packet, without their framing; it ends where the packet is damaged."""
    size = _length_size(context)
    if size is None:
        yield from filter(None, _BETWEEN_UNITS.split(content))
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
