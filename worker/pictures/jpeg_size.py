"""Read the size of a JPEG from its frame header, without a decoder."""

from __future__ import annotations

import struct

_START, _END = b"\xff\xd8", b"\xff\xd9"  # SOI, EOI
# SOF0 to SOF15, but for DHT (C4), JPG (C8) and DAC (CC), which stand among them.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # TEM, RST0 to RST7: markers without a length
_FILL = 0xFF
_FRAME_HEAD = struct.Struct(">HBHH")  # length, bits of a sample, height, width


def jpeg_size(jpeg: bytes) -> tuple[int, int]:
    """Return width and height in px (ITU-T T.81, B.2.2).

    Raises:
        ValueError: it is no whole JPEG.
    """
    if not (jpeg.startswith(_START) and jpeg.endswith(_END)):
        raise ValueError("no JPEG, or cut short")
    place = len(_START)
    while place + 2 <= len(jpeg) and jpeg[place] == _FILL:
        marker = jpeg[place + 1]
        if marker in _FRAMES:
            _, _, height_px, width_px = _FRAME_HEAD.unpack_from(jpeg + bytes(_FRAME_HEAD.size), place + 2)
            return width_px, height_px
        if marker == _FILL:
            place += 1
        elif marker in _ALONE:
            place += 2
        else:
            place += 2 + int.from_bytes(jpeg[place + 2 : place + 4], "big")
    raise ValueError("a JPEG without a frame")
