"""Writes what H.264 and HEVC say about showing a picture into a finished file: SEI messages, byte by byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av

if TYPE_CHECKING:
    from pathlib import Path

# NAL unit headers of a supplemental message: H.264 type 6, HEVC type 39.
_HEADERS = {"h264": b"\x06", "hevc": b"\x4e\x01"}
_DISPLAY_ORIENTATION = 47  # the payload's type in both (H.264 D.1.27, HEVC D.2.17)
_QUARTER = 0x4000  # of a full turn in 16 bits


def with_display_orientation(source: Path, target: Path, rotation_deg: int, *, is_mirrored: bool) -> Path:
    """Copy an H.264 or HEVC video from MP4 to MP4, and say before every picture how it is to be shown.

    Args:
        source: made by `clips.write`.
        target: returned.
        rotation_deg: clockwise turn that a player must apply, after mirroring.
        is_mirrored: left and right are to be swapped.
    """
    with av.open(source) as read, av.open(target, "w") as written:
        stream = read.streams.video[0]
        copy = written.add_stream_from_template(stream)
        header = _HEADERS[stream.codec_context.name]
        unit = header + _orientation(rotation_deg, is_mirrored=is_mirrored, is_hevc=len(header) > 1)
        for packet in read.demux(stream):
            if packet.size:
                marked = av.Packet(len(unit).to_bytes(4, "big") + unit + bytes(packet))
                marked.pts, marked.dts, marked.duration = packet.pts, packet.dts, packet.duration
                marked.time_base, marked.is_keyframe = packet.time_base, packet.is_keyframe
                marked.stream = copy
                written.mux(marked)
    return target


def _orientation(rotation_deg: int, *, is_mirrored: bool, is_hevc: bool) -> bytes:
    """Make the message; it counts turns anticlockwise, and has a picture flipped first (H.264 D.2.27)."""
    turn = -rotation_deg // 90 % 4 * _QUARTER
    # Not cancelled; flipped horizontally, vertically; the turn; then H.264: repeated for every picture (1 as
    # Exp-Golomb) and no extension, HEVC: it persists. The first 1 after that ends the message.
    bits = f"0{int(is_mirrored)}0{turn:016b}" + ("1" if is_hevc else "0100") + "1"
    bits += "0" * (-len(bits) % 8)
    payload = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return bytes([_DISPLAY_ORIENTATION, len(payload)]) + payload + b"\x80"
