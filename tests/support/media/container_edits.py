"""Adds to the header of a finished file what no muxer at hand writes: boxes of MP4, elements of Matroska."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The boxes around a sample entry, from the outside in.
_AROUND_AN_ENTRY = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
_STSD_HEADER_BYTES = 16  # of the box, version, flags and the number of entries

_VOID, _CHECKSUM, _TRACKS, _TRACK_ENTRY, _VIDEO = 0xEC, 0xBF, 0x1654AE6B, 0xAE, 0xE0
_VOID_HEAD_BYTES = 9  # as `element` writes it


def box(kind: str, content: bytes, *, size: int | None = None) -> bytes:
    """Make a box of MP4; `size` is a lie about how long it is."""
    return struct.pack(">I", len(content) + 8 if size is None else size) + kind.encode() + content


def clean_aperture(width_px: int, height_px: int, right_px: float = 0, down_px: float = 0) -> bytes:
    """Make a `clap` box: what is shown, and how far its middle lies from that of the picture."""
    halves = (round(2 * right_px), round(2 * down_px))
    return box("clap", struct.pack(">IIIIiIiI", width_px, 1, height_px, 1, halves[0], 2, halves[1], 2))


def stereo(mode: int) -> bytes:
    """Make an `st3d` box: 1 for top and bottom, 2 for left and right."""
    return box("st3d", bytes(4) + bytes([mode]))


def equirectangular(*, left: float = 0, right: float = 0) -> bytes:
    """Make an `sv3d` box of a sphere, of which these shares are missing at the sides; 0.25 for VR180."""
    bounds = (0, 0, round(left * 0xFFFFFFFF), round(right * 0xFFFFFFFF))
    return _spherical(box("equi", bytes(4) + struct.pack(">4I", *bounds)))


def mesh() -> bytes:
    """Make an `sv3d` box of a projection by triangles, as VR180 cameras do; here of none."""
    return _spherical(box("mshp", bytes(16)))


def _spherical(projection: bytes) -> bytes:
    header = box("prhd", bytes(16))
    return box("sv3d", box("svhd", bytes(4) + b"test\0") + box("proj", header + projection))


def with_stated_length(original: bytes, length_s: int) -> bytes:
    """Let the header of an MP4 with one track state another length, in all its boxes."""
    content = bytearray(original)
    for kind, at in ((b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)):
        units_of = b"mdhd" if kind == b"mdhd" else b"mvhd"
        (units_per_s,) = struct.unpack_from(">I", content, content.index(units_of) + 16)
        struct.pack_into(">I", content, content.index(kind) + at, length_s * units_per_s)
    return bytes(content)


def add_to_sample_entry(path: Path, boxes: bytes) -> Path:
    """Add boxes to the sample entry of an MP4 or MOV whose first track is the picture and index the last."""
    path.write_bytes(with_boxes(path.read_bytes(), boxes))
    return path


def with_boxes(original: bytes, boxes: bytes) -> bytes:
    """Do what `add_to_sample_entry` does with the bytes of a file."""
    content = bytearray(original)
    start, end = 0, len(content)
    for kind in _AROUND_AN_ENTRY:
        at, size = _find_box(content, start, end, kind)
        struct.pack_into(">I", content, at, size + len(boxes))
        start, end = at + (_STSD_HEADER_BYTES if kind == b"stsd" else 8), at + size
    (size,) = struct.unpack_from(">I", content, start)
    struct.pack_into(">I", content, start, size + len(boxes))
    return bytes(content[: start + size] + boxes + content[start + size :])


def _find_box(content: bytes, start: int, end: int, kind: bytes) -> tuple[int, int]:
    while start < end:
        size, found = struct.unpack_from(">I4s", content, start)
        if found == kind:
            return start, size
        start += size
    raise ValueError(f"no {kind!r}")


def element(element_id: int, content: bytes | int) -> bytes:
    """Make an element of Matroska; a number is written as one of 8 bytes."""
    body = content.to_bytes(8, "big") if isinstance(content, int) else content
    head = element_id.to_bytes((element_id.bit_length() + 7) // 8, "big")
    return head + (len(body) | 1 << 56).to_bytes(8, "big") + body


def pixel_crop(left: int = 0, top: int = 0, right: int = 0, bottom: int = 0) -> bytes:
    """Make the elements that cut columns and rows away."""
    edges = {0x54CC: left, 0x54BB: top, 0x54DD: right, 0x54AA: bottom}
    return b"".join(element(edge, pixels) for edge, pixels in edges.items() if pixels)


def dolby_vision(configuration: bytes) -> bytes:
    """Make the mapping that holds what `dvcC` holds in MP4."""
    kind = int.from_bytes(b"dvcC", "big")
    return element(0x41E4, element(0x41E7, kind) + element(0x41ED, configuration))


def add_to_matroska_track(path: Path, *, entry: bytes = b"", video: bytes = b"") -> Path:
    """Add elements to the first track of an MKV or WebM, the picture's, and to its `Video` element.

    Clusters stay where they are, as the index says: the empty element before the tracks becomes shorter.
    """
    path.write_bytes(with_elements(path.read_bytes(), entry=entry, video=video))
    return path


def with_elements(content: bytes, *, entry: bytes = b"", video: bytes = b"") -> bytes:
    """Do what `add_to_matroska_track` does with the bytes of a file."""
    _, segment = _elements(content, 0, len(content))
    parts = {one.id: one for one in _elements(content, segment.start, segment.end)}
    void, tracks = parts[_VOID], parts[_TRACKS]
    first, *others = _elements(content, tracks.start, tracks.end)
    edited = b""
    for one in _elements(content, first.start, first.end):
        inside = content[one.start : one.end]
        edited += element(one.id, inside + video) if one.id == _VIDEO else content[one.at : one.end]
    edited = element(_TRACK_ENTRY, edited + entry) + b"".join(content[one.at : one.end] for one in others)
    edited = content[void.end : tracks.at] + element(_TRACKS, edited)
    shorter = element(_VOID, bytes(tracks.end - void.at - _VOID_HEAD_BYTES - len(edited)))
    return content[: void.at] + shorter + edited + content[tracks.end :]


class _Element(NamedTuple):
    id: int
    at: int
    start: int  #: of what is in it
    end: int


def _elements(content: bytes, at: int, end: int) -> Iterator[_Element]:
    """Yield elements side by side; not the checksum, which would be wrong after a change."""
    while at < end:
        id_bytes = 9 - content[at].bit_length()
        size_at = at + id_bytes
        start = size_at + 9 - content[size_at].bit_length()
        size = int.from_bytes(content[size_at:start], "big") & ((1 << 7 * (start - size_at)) - 1)
        found = _Element(int.from_bytes(content[at:size_at], "big"), at, start, start + size)
        if found.id != _CHECKSUM:
            yield found
        at = found.end
