"""Tracks whose headers lie about how the picture is shown, in boxes and elements that our own code reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.media import container_edits as edits

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

DEPTH = 500  #: of boxes within boxes; each takes 8 bytes
ROOM_BYTES = 60  #: what fits before the tracks of Matroska
KINDS = ("clap", "st3d", "sv3d", "dvcC", "dvvC", "pasp", "colr", "vexu")
SIZES = (0, 1, 7, 8, 9, 0x7FFFFFFF, 0xFFFFFFFF)


def lying_header(bases: Mapping[str, bytes], chance: random.Random) -> tuple[str, bytes]:
    """Add to the header of an MP4 or a Matroska file; return its suffix and content."""
    if chance.random() < 1 / 2:
        boxes = b"".join(_box(chance) for _ in range(chance.choice((1, 3, 30))))
        return ".mp4", edits.with_boxes(bases["bikes.mp4"], boxes)
    name = chance.choice(("bikes.mkv", "rabbit.webm"))
    return f".{name.rpartition('.')[2]}", edits.with_elements(bases[name], video=_elements(chance))


def _box(chance: random.Random) -> bytes:
    kind = chance.choice(KINDS)
    content = chance.choice(
        (
            chance.randbytes(chance.choice((0, 1, 4, 5, 24, 32, 60))),
            b"\xff" * 32,
            edits.clean_aperture(chance.randrange(400), chance.randrange(300), chance.randrange(-99, 99))[8:],
            bytes([0, 0, 0, 0, chance.randrange(8)]),
            edits.equirectangular(left=chance.random(), right=chance.random())[8:],
            _nested(kind),
        )
    )
    return edits.box(kind, content, size=chance.choice(SIZES) if chance.random() < 1 / 3 else None)


def _nested(kind: str) -> bytes:
    content = b""
    for _ in range(DEPTH):
        content = edits.box(kind, content)
    return content


def _elements(chance: random.Random) -> bytes:
    crops = [chance.choice((0, 1, 90, 191, 192, 1 << 32, (1 << 64) - 1)) for _ in range(4)]
    elements = chance.choice(
        (
            edits.pixel_crop(*crops[: chance.randrange(1, 5)]),
            edits.element(0x53B8, chance.choice((1, 3, 4, 11, 13, 200))),
            b"\x54\xcc\xff" * 20,  # of unknown size
            b"\xe0\xff" * 30,
            b"\x54\xcc\x01" + b"\xff" * 6 + b"\xfe",
            chance.randbytes(30),
            edits.element(0x7670, edits.element(0x7671, chance.randrange(5)) + chance.randbytes(20)),
        )
    )
    return elements[:ROOM_BYTES]
