"""How the vector that a model made of a picture is stored: in half precision, two bytes for each number.

A stored vector says itself how it is written. In front of the halves stand four bytes that would be no finite
number in single precision, with the count of numbers in its lower bits. Whatever begins otherwise was stored
before there were halves: little-endian float32 from its first byte on. So both are read without knowing the
model, and a program from before, for which four bytes are a number, finds one that is none: it takes the
vector for damaged, and looks at the video anew.

Without numpy, for those who start tests have none.
"""

from __future__ import annotations

import struct
import sys
from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# A quiet NaN of IEEE 754 binary32, whose lower 22 bits may hold anything.
_NOT_A_NUMBER = 0x7FC00000
_MAX_DIMENSIONS = (1 << 22) - 1
_HEAD = struct.Struct("<I")
HEAD_BYTES = _HEAD.size
_SINGLE_BYTES = 4


def pack(vector: Sequence[float]) -> bytes:
    """Store a vector of numbers between -65504 and 65504, each rounded to 11 significant bits.

    Raises:
        OverflowError: a number is larger than a half can be.
        struct.error: there are more than 4,194,303 of them.
    """
    count = len(vector)
    if count > _MAX_DIMENSIONS:
        raise struct.error(f"{count} numbers are too many for one vector")
    # Whole numbers of four bytes, for the sake of programs that read those.
    return _HEAD.pack(_NOT_A_NUMBER | count) + struct.pack(f"<{count}e{2 * (count % 2)}x", *vector)


def unpack(stored: bytes) -> array[float]:
    """Read a vector that was stored in either precision, as an array of type "f".

    Raises:
        ValueError: it is cut off.
    """
    count = count_dimensions(stored[:HEAD_BYTES], len(stored))
    if count is None:
        raise ValueError(f"an embedding of {len(stored)} bytes is cut off")
    if _halves(stored[:HEAD_BYTES]) is not None:
        return array("f", struct.unpack_from(f"<{count}e", stored, HEAD_BYTES))
    unpacked = array("f", stored)
    if sys.byteorder == "big":
        unpacked.byteswap()
    return unpacked


def count_dimensions(head: bytes, length_bytes: int) -> int | None:
    """Count the numbers of a stored vector; None where it is cut off.

    Args:
        head: its first `HEAD_BYTES`.
        length_bytes: of all of it.
    """
    count = _halves(head)
    if count is None:
        return None if length_bytes % _SINGLE_BYTES else length_bytes // _SINGLE_BYTES
    return count if length_bytes == HEAD_BYTES + 2 * (count + count % 2) else None


def _halves(head: bytes) -> int | None:
    """Read how many halves follow; None where numbers of single precision begin here."""
    if len(head) < HEAD_BYTES:
        return None
    (bits,) = _HEAD.unpack(head)
    return bits & _MAX_DIMENSIONS if bits & ~_MAX_DIMENSIONS == _NOT_A_NUMBER else None
