"""Does the coding start afresh at a packet that the container calls a keyframe? Its first bytes tell."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from worker.pipeline.container.seeking.nal_units import beginning, h264_type, hevc_type, nal_units

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping

    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream

# ITU-T H.264, table 7-1: slices are 1 to 5, and 5 is one of an IDR picture. H.265, table 7-1: slices are 0 to
# 31, and 16 to 21 are those of pictures at which a decoder can start.
_H264_SLICES, _H264_IDR, _H264_PARAMETERS = range(1, 6), 5, 7
_HEVC_SLICES, _HEVC_RANDOM_ACCESS, _HEVC_PARAMETERS = range(32), range(16, 22), 33

# AV1 specification, 6.2.2.
_AV1_SEQUENCE_HEADER, _AV1_DELIMITER = 1, 2


class RandomAccess(enum.Enum):
    """What a decoder that knows nothing can do at a keyframe."""

    CLEAN = enum.auto()  #: start, with the parameters that the container states
    SELF_CONTAINED = enum.auto()  #: start, with the parameters in the packet
    DOUBTFUL = enum.auto()  #: it depends


def start_of(packet: Packet[VideoStream], context: VideoCodecContext) -> RandomAccess:
    """Tell how a keyframe starts."""
    ask = _BY_CODEC.get(context.codec.canonical_name)
    return RandomAccess.DOUBTFUL if ask is None else ask(beginning(packet), context)


def _h264(content: bytes, context: VideoCodecContext) -> RandomAccess:
    types = (h264_type(unit) for unit in nal_units(content, context))
    return _start(types, _H264_PARAMETERS, _H264_SLICES, {_H264_IDR})


def _hevc(content: bytes, context: VideoCodecContext) -> RandomAccess:
    types = (hevc_type(unit) for unit in nal_units(content, context))
    return _start(types, _HEVC_PARAMETERS, _HEVC_SLICES, _HEVC_RANDOM_ACCESS)


def _start(
    types: Iterable[int], parameters: int, slices: Container[int], clean: Container[int]
) -> RandomAccess:
    """Judge by the first slice: an interlaced IDR picture may have a second field that is none."""
    start = RandomAccess.CLEAN
    for kind in types:
        if kind == parameters:
            start = RandomAccess.SELF_CONTAINED
        if kind in slices:
            return start if kind in clean else RandomAccess.DOUBTFUL
    return RandomAccess.DOUBTFUL


def _vp8(content: bytes, _context: VideoCodecContext) -> RandomAccess:
    """RFC 6386, 9.1: the lowest bit is 0 in key frames."""
    return RandomAccess.DOUBTFUL if not content or content[0] & 1 else RandomAccess.SELF_CONTAINED


def _vp9(content: bytes, _context: VideoCodecContext) -> RandomAccess:
    """Read the uncompressed header (VP9 bitstream specification, 7.2): frame_type is 0 in key frames."""
    # A marker (2 bits), the profile (2, and one more in profile 3), show_existing_frame, frame_type.
    bits = f"{content[0]:08b}" if content else ""
    type_at = 6 if bits[2:4] == "11" else 5
    is_key = bits.startswith("10") and bits[type_at - 1 : type_at + 1] == "00"
    return RandomAccess.SELF_CONTAINED if is_key else RandomAccess.DOUBTFUL


def _av1(content: bytes, _context: VideoCodecContext) -> RandomAccess:
    """Look whether the sequence header comes first, as it must where a decoder can start (7.21)."""
    kinds = [content[0] >> 3 & 15, content[2] >> 3 & 15] if len(content) > 2 else []  # noqa: PLR2004 - two
    first = next(iter([kind for kind in kinds if kind != _AV1_DELIMITER]), None)
    return RandomAccess.SELF_CONTAINED if first == _AV1_SEQUENCE_HEADER else RandomAccess.DOUBTFUL


_BY_CODEC: Mapping[str, Callable[[bytes, VideoCodecContext], RandomAccess]] = {
    "h264": _h264,
    "hevc": _hevc,
    "vp8": _vp8,
    "vp9": _vp9,
    "av1": _av1,
}
