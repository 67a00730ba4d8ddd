"""Reads boxes of MP4 and MOV that FFmpeg reads too, but that PyAV does not pass on.

They stand in the sample entry of a track: Dolby Vision's configuration, the clean aperture. The file comes
from strangers, so sizes are believed only inside the box around them, and what is read is bounded.

Source: ISO/IEC 14496-12 (boxes: 4.2, sample entries: 8.5.2 and 12.1.3).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from worker.pipeline.container.headers.bounded_file import BoundedFile, open_bounded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_HEADER = struct.Struct(">I4s")
_LONG_HEADER = struct.Struct(">I4sQ")
# A size of 1 says that the true size follows in 64 bits, 0 that the box reaches to the end of the file.
_IS_LONG, _TO_THE_END = 1, 0

_STSD_HEADER_BYTES = 8  # version, flags and the number of entries
_VISUAL_SAMPLE_ENTRY_BYTES = 78  # what every entry of a picture has before its boxes
# Where tkhd keeps the number of its track, by its version: the times before it have 32 or 64 bits.
_TRACK_ID_AT = {0: 12, 1: 20}


class _Box(NamedTuple):
    kind: str  #: four characters
    start: int  #: of what is in it, as a place in the file
    end: int


def sample_entry_boxes(path: Path, track_id: int) -> Mapping[str, bytes]:
    """Read the boxes in the first sample entry of a video track.

    Args:
        path: an MP4 or MOV file.
        track_id: as in `tkhd`; FFmpeg's `stream.id`.

    Returns:
        What each box holds, by its four characters, e.g. "clap"; of several alike the first. Nothing where
        the file is damaged or has no such track.
    """
    with open_bounded(path) as file:
        whole = _Box("", 0, file.size)
        for moov in _inside(file, whole, "moov"):
            for trak in _inside(file, moov, "trak"):
                if _track_id(file, trak) == track_id:
                    return _of_track(file, trak)
    return {}


def _of_track(file: BoundedFile, trak: _Box) -> Mapping[str, bytes]:
    box: _Box | None = trak
    for kind in ("mdia", "minf", "stbl", "stsd"):
        box = next(_inside(file, box, kind), None) if box else None
    entry = next(_boxes(file, box.start + _STSD_HEADER_BYTES, box.end), None) if box else None
    found: dict[str, bytes] = {}
    if entry is not None:
        for inner in _boxes(file, entry.start + _VISUAL_SAMPLE_ENTRY_BYTES, entry.end):
            if inner.kind not in found:
                found[inner.kind] = file.read(inner.start, inner.end)
    return found


def _track_id(file: BoundedFile, trak: _Box) -> int | None:
    tkhd = next(_inside(file, trak, "tkhd"), None)
    content = file.read(tkhd.start, tkhd.end) if tkhd else b""
    at = _TRACK_ID_AT.get(content[0]) if content else None
    return None if at is None else int.from_bytes(content[at : at + 4], "big")


def _inside(file: BoundedFile, parent: _Box, kind: str) -> Iterator[_Box]:
    return (box for box in _boxes(file, parent.start, parent.end) if box.kind == kind)


def _boxes(file: BoundedFile, start: int, end: int) -> Iterator[_Box]:
    """Yield the boxes side by side in a stretch of the file, up to the first damage."""
    while len(header := file.read(start, min(start + _LONG_HEADER.size, end))) >= _HEADER.size:
        size, kind = _HEADER.unpack_from(header)
        content_at = _HEADER.size
        if size == _IS_LONG and len(header) == _LONG_HEADER.size:
            *_, size = _LONG_HEADER.unpack(header)
            content_at = _LONG_HEADER.size
        elif size == _TO_THE_END:
            size = end - start
        if size < content_at:
            return
        # What was cut short may reach past the end.
        yield _Box(kind.decode("latin-1"), start + content_at, min(start + size, end))
        start += size
