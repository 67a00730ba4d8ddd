"""How the objects of the bucket are called, and what their names tell.

A thumbnail's name is its content's hash, so equal pictures are one object. The frames of a run are one
object, a bundle, in a folder for each day, so that those of old days are found without their rows. The size
of its frames stands in its name, so that a page can be laid out before any of them is read.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import date

THUMBNAILS = "thumbnails/"
CANDIDATES = "candidates/"

_THUMBNAIL_END, _BUNDLE_END = ".jpg", ".bin"
_PARTS = 4  # of a bundle's name, between dashes


class BundleName(NamedTuple):
    """What the name of a bundle tells."""

    asset_id: int
    width_px: int  #: of each of its frames
    height_px: int


def thumbnail_key(sha256: str) -> str:
    """Name the object of a thumbnail, by the hash of its picture in hex."""
    return f"{THUMBNAILS}{sha256}{_THUMBNAIL_END}"


def hash_of(key: str) -> str | None:
    """Read a thumbnail's hash from its key; None where the key is another object's."""
    if not (key.startswith(THUMBNAILS) and key.endswith(_THUMBNAIL_END)):
        return None
    return key.removeprefix(THUMBNAILS).removesuffix(_THUMBNAIL_END)


def day_prefix(day: date) -> str:
    """Name the folder of the bundles of a day."""
    return f"{CANDIDATES}{day.isoformat()}/"


def bundle_key(day: date, asset_id: int, generation: int, size_px: tuple[int, int]) -> str:
    """Name a new bundle, as no other is called.

    Args:
        day: in UTC, on which its rows are stored.
        asset_id: whose frames.
        generation: of the run that looked at them.
        size_px: width and height of each of them.
    """
    width_px, height_px = size_px
    name = f"{asset_id}-{generation}-{secrets.token_hex(4)}-{width_px}x{height_px}"
    return f"{day_prefix(day)}{name}{_BUNDLE_END}"


def read_bundle_key(key: str) -> BundleName | None:
    """Read the name of a bundle; None where the key is another object's."""
    parts = key.rpartition("/")[2].removesuffix(_BUNDLE_END).split("-")
    if not (key.startswith(CANDIDATES) and key.endswith(_BUNDLE_END)) or len(parts) != _PARTS:
        return None
    numbers = (parts[0], *parts[-1].split("x"))
    if len(numbers) != len(BundleName._fields) or not all(
        one.isascii() and one.isdecimal() for one in numbers
    ):
        return None
    return BundleName(*map(int, numbers))
