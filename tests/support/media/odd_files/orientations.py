"""Pictures that a player turns or mirrors: all eight ways, told by the container or by the codec."""

from __future__ import annotations

import struct
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from tests.support.media import clips, stamped
from tests.support.media.odd_files import raw
from tests.support.media.odd_files.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import av

    from worker.pipeline.frames import Rgb

Matrix = tuple[int, int, int, int]
"""a, b, c, d of the display matrix: a stored pixel (x, y) is shown at (ax + cy, bx + dy)."""

MATRICES: Mapping[str, Matrix] = {
    "upright": (1, 0, 0, 1),
    "turned by 90": (0, 1, -1, 0),
    "turned by 180": (-1, 0, 0, -1),
    "turned by 270": (0, -1, 1, 0),
    "mirrored left to right": (-1, 0, 0, 1),
    "mirrored top to bottom": (1, 0, 0, -1),
    "transposed": (0, 1, 1, 0),
    "transposed the other way": (0, -1, -1, 0),
}
_TKHD_MATRIX_AT = {0: 48, 1: 60}  #: from the start of the box, by its version (ISO/IEC 14496-12, 8.3.2)
_SEI_DISPLAY_ORIENTATION = 47  # Rec. ITU-T H.264, D.1.27; H.265, D.2.16
_H264_SEI_HEAD, _HEVC_SEI_HEAD = b"\x06", b"\x4e\x01"  #: of a unit of the stream


def stored(rgb: Rgb, matrix: Matrix) -> Rgb:
    """Return the samples that a player with this matrix shows as `rgb`."""
    a, b, _, d = matrix
    if b:  # turned on its side; first undo the swap of the axes
        shown = rgb[:, ::-1] if matrix[2] < 0 else rgb
        shown = shown[::-1] if b < 0 else shown
        return np.ascontiguousarray(shown.transpose(1, 0, 2))
    return np.ascontiguousarray(rgb[:: 1 if d > 0 else -1, :: 1 if a > 0 else -1])


def by_matrix(path: Path, matrix: Matrix) -> None:
    """Write an MP4 whose track header turns or mirrors the picture."""
    frames = [stored(rgb, matrix) for rgb in stamped.film()]
    clips.write(path, frames)
    content = bytearray(path.read_bytes())
    start = next(start for start, _, kind in raw.boxes(content) if kind == b"tkhd")
    height, width = frames[0].shape[:2]
    a, b, c, d = matrix
    corners = [(a * x + c * y, b * x + d * y) for x in (0, width) for y in (0, height)]
    moved = [-min(corner[axis] for corner in corners) for axis in (0, 1)]
    numbers = [part << 16 for part in (a, b, 0, c, d, 0, *moved)]
    numbers[2] = numbers[5] = 0
    struct.pack_into(">9i", content, start + _TKHD_MATRIX_AT[content[start + 8]], *numbers, 1 << 30)
    path.write_bytes(content)


def by_h264(path: Path, matrix: Matrix) -> None:
    """Write an H.264 file whose own display-orientation message turns or mirrors the picture."""
    _by_message(path, matrix, "libx264", _H264_SEI_HEAD)


def by_hevc(path: Path, matrix: Matrix) -> None:
    """Write the same in HEVC."""
    _by_message(path, matrix, "libx265", _HEVC_SEI_HEAD)


def _by_message(path: Path, matrix: Matrix, codec: str, head: bytes) -> None:
    plain = path.with_name(f"plain-{path.name}")
    clips.write(plain, [stored(rgb, matrix) for rgb in stamped.film()], clips.Format(codec=codec))
    message = _orientation_message(matrix)
    unit = head + bytes([_SEI_DISPLAY_ORIENTATION, len(message)]) + message + b"\x80"

    def with_message(packet: av.Packet) -> av.Packet:
        if not packet.is_keyframe:
            return packet
        return raw.with_content(packet, struct.pack(">I", len(unit)) + unit + bytes(packet))

    raw.copy(plain, path, change=with_message)
    plain.unlink()


def _orientation_message(matrix: Matrix) -> bytes:
    """Say how to mirror, then how far to turn counterclockwise, in 1/65536 of a turn; valid until revoked."""
    is_mirrored, quarters = turn_of(matrix)
    turn = (-quarters % 4) << 14
    # Not cancelled; mirrored left and right; top and bottom; the turn; repeated (0 in Exp-Golomb), no extension.
    bits = f"0{int(is_mirrored)}0{turn:016b}1000".ljust(24, "0")
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def turn_of(matrix: Matrix) -> tuple[bool, int]:
    """Return whether a matrix mirrors left and right first, and how many quarters it turns clockwise then."""
    a, b, c, d = matrix
    is_mirrored = a * d - b * c < 0
    first = (-a, -b) if is_mirrored else (a, b)
    return is_mirrored, {(1, 0): 0, (0, 1): 1, (-1, 0): 2, (0, -1): 3}[first]


KINDS = tuple(
    Kind(f"{name}, {told}", "orientation", ".mp4", partial(make, matrix=matrix))
    for told, make in (("by the container", by_matrix), ("by H.264", by_h264), ("by HEVC", by_hevc))
    for name, matrix in MATRICES.items()
)
