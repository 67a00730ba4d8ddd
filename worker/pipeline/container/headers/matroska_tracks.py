"""Reads elements of Matroska and WebM that FFmpeg reads too, but that PyAV does not pass on.

They stand in the header of a track: how much of the picture is cut away, Dolby Vision's configuration. The
file comes from strangers, so sizes are believed only inside the element around them, and what is read is
bounded.

Source: RFC 8794 (EBML) and RFC 9559 (Matroska).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from worker.pipeline.container.headers.bounded_file import BoundedFile, open_bounded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_SEGMENT, _TRACKS, _TRACK_ENTRY = 0x18538067, 0x1654AE6B, 0xAE
_TRACK_TYPE, _CODEC_ID, _VIDEO = 0x83, 0x86, 0xE0
_CROP_LEFT, _CROP_TOP, _CROP_RIGHT, _CROP_BOTTOM = 0x54CC, 0x54BB, 0x54DD, 0x54AA
_BLOCK_ADDITION_MAPPING, _BLOCK_ADD_ID_TYPE, _BLOCK_ADD_ID_EXTRA_DATA = 0x41E4, 0x41E7, 0x41ED

_TYPE_VIDEO = 1
_ID_BYTES, _SIZE_BYTES = 4, 8  # at most


@dataclass(frozen=True, slots=True)
class MatroskaTrack:
    """What the header of a video track says beside what PyAV tells."""

    #: Columns and rows that are not to be shown, at the left, top, right and bottom of the picture.
    cut_px: tuple[int, int, int, int] = (0, 0, 0, 0)
    #: Configuration boxes of MP4, by their four characters, e.g. "dvcC" (BlockAdditionMapping).
    boxes: Mapping[str, bytes] = field(default_factory=dict)


class _Element(NamedTuple):
    id: int
    start: int  #: of what is in it, as a place in the file
    end: int


def video_tracks(path: Path) -> list[MatroskaTrack]:
    """Read the headers of all video tracks, in the order of the file, which is FFmpeg's too.

    Args:
        path: a Matroska or WebM file.

    Returns:
        One for each video track that names its codec. Nothing where the file is damaged before them.
    """
    with open_bounded(path) as file:
        element: _Element | None = _Element(0, 0, file.size)
        for element_id in (_SEGMENT, _TRACKS):
            element = next(_inside(file, element, element_id), None) if element else None
        return [
            _track(file, entry)
            for entry in (_inside(file, element, _TRACK_ENTRY) if element else ())
            if _number(file, entry, _TRACK_TYPE) == _TYPE_VIDEO and any(_inside(file, entry, _CODEC_ID))
        ]


def _track(file: BoundedFile, entry: _Element) -> MatroskaTrack:
    left, top, right, bottom = (
        next((_number(file, video, edge) for video in _inside(file, entry, _VIDEO)), 0)
        for edge in (_CROP_LEFT, _CROP_TOP, _CROP_RIGHT, _CROP_BOTTOM)
    )
    boxes: dict[str, bytes] = {}
    for mapping in _inside(file, entry, _BLOCK_ADDITION_MAPPING):
        # The type of such a mapping is the four characters of a box of MP4, read as a number.
        kind = _number(file, mapping, _BLOCK_ADD_ID_TYPE).to_bytes(8, "big")[4:].decode("latin-1")
        for extra in _inside(file, mapping, _BLOCK_ADD_ID_EXTRA_DATA):
            boxes.setdefault(kind, file.read(extra.start, extra.end))
    return MatroskaTrack((left, top, right, bottom), boxes)


def _number(file: BoundedFile, parent: _Element, element_id: int) -> int:
    """Read an unsigned number in an element; 0, the default of all that are read, where it is not there."""
    element = next(_inside(file, parent, element_id), None)
    return int.from_bytes(file.read(element.start, element.end)[:8], "big") if element else 0


def _inside(file: BoundedFile, parent: _Element, element_id: int) -> Iterator[_Element]:
    """Yield the elements of one kind that stand in another, up to the first damage."""
    return (element for element in _elements(file, parent.start, parent.end) if element.id == element_id)


def _elements(file: BoundedFile, start: int, end: int) -> Iterator[_Element]:
    while head := file.read(start, min(start + _ID_BYTES + _SIZE_BYTES, end)):
        id_bytes = _length(head[:1], _ID_BYTES)
        size_bytes = _length(head[id_bytes : id_bytes + 1], _SIZE_BYTES)
        content_at = id_bytes + size_bytes
        if not id_bytes or not size_bytes or len(head) < content_at:
            return
        mask = (1 << 7 * size_bytes) - 1
        size = int.from_bytes(head[id_bytes:content_at], "big") & mask
        # All ones: not known, as in a live recording. All that follows is taken for a part of it.
        size = end - start if size == mask else size
        first = start + content_at
        yield _Element(int.from_bytes(head[:id_bytes], "big"), first, min(first + size, end))
        start = first + size


def _length(first: bytes, longest: int) -> int:
    """Read how many bytes a number has: one more than its first has leading zero bits; 0 for damage."""
    length = 9 - first[0].bit_length() if first else 0
    return length if length <= longest else 0
