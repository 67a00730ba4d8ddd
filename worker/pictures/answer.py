"""What the process that reads a picture answers: a head of fixed size, and then a JPEG or nothing."""

from __future__ import annotations

import enum
import struct

MAX_BYTES = 10 * 1024 * 1024  #: of a person's file; a thumbnail of 4K in PNG has less
# A picture of 8K. Pillow would read many times more, and a few kilobytes of PNG can hold that.
MAX_PIXELS = 7680 * 4320
MIN_SIDE_PX = 16
# Of what becomes of it: 4K, and what the platforms take (`Capabilities.max_image_bytes`: 8 MiB).
MAX_SIDE_PX = 3840
MAX_JPEG_BYTES = 8 * 1024 * 1024

#: A verdict; width and height in px; bytes of the JPEG that follows. Where there is none, sizes may be 0.
HEAD = struct.Struct("!BIII")


class PictureVerdict(enum.IntEnum):
    """What became of a file."""

    PICTURE = 0
    NO_PICTURE = 1  #: in none of the formats
    TOO_LARGE = 2  #: more pixels than `MAX_PIXELS`, or more memory than there may be
    TOO_SMALL = 3
    DAMAGED = 4
    TOO_HEAVY = 5  #: its JPEG would have more than `MAX_JPEG_BYTES`
    # What only the parent can say.
    TOO_SLOW = 100
    UNREADABLE = 101  #: the process died, or did not answer as it should
    BUSY = 102  #: other pictures are being read, and it was not begun
