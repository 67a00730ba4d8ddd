"""Is the picture in a packet a B picture? Its first bits tell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from worker.pipeline.container.seeking.nal_units import beginning, h264_type, nal_units

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream

# ITU-T H.264, table 7-1: slices, and those among them that may be of a B picture; table 7-6: their type.
_H264_SLICES, _H264_B_SLICES, _H264_B = {1, 2, 5}, {1, 2}, 1
# ISO/IEC 14496-2, 6.2.5: the start code of a VOP, and its type in two bits.
_VOP, _VOP_B = re.compile(rb"\x00\x00\x01\xb6(.)", re.DOTALL), 2
# A VOP that is not coded takes no more bytes (`MAX_NVOP_SIZE` in FFmpeg's mpeg4videodec.c).
_EMPTY_VOP_BYTES = 19
# ITU-T H.262, 6.2.3: the start code of a picture, ten bits of its place, and its type in three.
_PICTURE, _PICTURE_B = re.compile(rb"\x00\x00\x01\x00.(.)", re.DOTALL), 3


def is_b(packet: Packet[VideoStream], context: VideoCodecContext) -> bool:
    """Tell whether a packet begins with a B picture; False where the coding is not known here."""
    ask = _BY_CODEC.get(context.codec.canonical_name)
    return ask is not None and packet.size > 0 and ask(beginning(packet), context)


def is_held_or_b(packet: Packet[VideoStream], context: VideoCodecContext) -> bool:
    """Tell whether a packet begins with a B picture, or only says that the picture held back is shown now."""
    is_empty = context.codec.canonical_name == "mpeg4" and packet.size <= _EMPTY_VOP_BYTES
    return is_empty or is_b(packet, context)


def _mpeg4(content: bytes, _context: VideoCodecContext) -> bool:
    kind = _VOP.search(content)
    return kind is not None and kind[1][0] >> 6 == _VOP_B


def _mpeg2(content: bytes, _context: VideoCodecContext) -> bool:
    kind = _PICTURE.search(content)
    return kind is not None and kind[1][0] >> 3 & 7 == _PICTURE_B


def _h264(content: bytes, context: VideoCodecContext) -> bool:
    first = next((unit for unit in nal_units(content, context) if h264_type(unit) in _H264_SLICES), b"")
    return h264_type(first) in _H264_B_SLICES and _h264_slice_type(first) % 5 == _H264_B


def _h264_slice_type(unit: bytes) -> int:
    """Read the second number of a slice's header (7.3.3); numbers are coded as in 9.1."""
    bits = "".join(f"{byte:08b}" for byte in unit[1:17])
    number = at = 0
    for _ in range(2):
        zeros = len(bits[at:]) - len(bits[at:].lstrip("0"))
        number = int(bits[at + zeros : at + 2 * zeros + 1] or "1", 2) - 1
        at += 2 * zeros + 1
    return number


_BY_CODEC: Mapping[str, Callable[[bytes, VideoCodecContext], bool]] = {
    "h264": _h264,
    "mpeg4": _mpeg4,
    "mpeg1video": _mpeg2,
    "mpeg2video": _mpeg2,
}
