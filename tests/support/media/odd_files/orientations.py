"""Pictures that a player turns or mirrors: all eight ways, told by the container or by the codec."""

from __future__ import annotations

import struct
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from tests.support.media import clips, stamped
from tests.support.media.display_messages import with_display_orientation
from tests.support.media.odd_files.kind import OddFile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

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
    content = bytearray(clips.write(path, frames).read_bytes())
    at = content.index(b"tkhd") - 4
    height, width = frames[0].shape[:2]
    a, b, c, d = matrix
    corners = [(a * x + c * y, b * x + d * y) for x in (0, width) for y in (0, height)]
    right, down = (-min(corner[axis] for corner in corners) for axis in (0, 1))
    numbers = [part << 16 for part in (a, b, 0, c, d, 0, right, down)]
    struct.pack_into(">9i", content, at + _TKHD_MATRIX_AT[content[at + 8]], *numbers, 1 << 30)
    path.write_bytes(content)


def by_message(path: Path, matrix: Matrix, codec: str) -> None:
    """Write a file whose own display-orientation message turns or mirrors the picture."""
    plain = path.with_name(f"plain-{path.name}")
    clips.write(plain, [stored(rgb, matrix) for rgb in stamped.film()], clips.Format(codec=codec))
    is_mirrored, quarters = turn_of(matrix)
    with_display_orientation(plain, path, 90 * quarters, is_mirrored=is_mirrored)
    plain.unlink()


def turn_of(matrix: Matrix) -> tuple[bool, int]:
    """Return whether a matrix mirrors left and right first, and how many quarters it turns clockwise then."""
    a, b, c, d = matrix
    is_mirrored = a * d - b * c < 0
    first = (-a, -b) if is_mirrored else (a, b)
    return is_mirrored, {(1, 0): 0, (0, 1): 1, (-1, 0): 2, (0, -1): 3}[first]


KINDS = tuple(
    OddFile(f"{name}, by {told}", "orientation", ".mp4", partial(make, matrix=matrix))
    for told, make in (
        ("the container", by_matrix),
        ("H.264", partial(by_message, codec="libx264")),
        ("HEVC", partial(by_message, codec="libx265")),
    )
    for name, matrix in MATRICES.items()
)
