"""How the objects of the bucket are called, and what their names tell.

A thumbnail's name is its content's hash, so equal pictures are one object. The frames of a run are one
object, a bundle, in a folder for each day, so that those of old days are found without their rows. The size
of its frames stands in its name, so that a page can be laid out before any of them is read.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import date

THUMBNAILS = "thumbnails/"
CANDIDATES = "candidates/"

# Keys come from the bucket's list, too, so they may be anything. The numbers fit into those of PostgreSQL.
_THUMBNAIL = re.compile(rf"{THUMBNAILS}(?P<sha256>[0-9a-f]{{64}})\.jpg")
_SIZE = r"(?P<width>[0-9]{1,6})x(?P<height>[0-9]{1,6})"
_BUNDLE = re.compile(
    rf"{CANDIDATES}[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}/(?P<asset>[0-9]{{1,18}})-[0-9]{{1,18}}-[0-9a-f]{{8}}-{_SIZE}\.bin"
)


class BundleName(NamedTuple):
    """What the name of a bundle tells."""

    asset_id: int
    width_px: int  #: of each of its frames
    height_px: int


def thumbnail_key(sha256: str) -> str:
    """Name the object of a thumbnail, by the hash of its picture in hex."""
    return f"{THUMBNAILS}{sha256}.jpg"


def hash_of(key: str) -> str | None:
    """Read a thumbnail's hash from its key; None where the key is another object's."""
    found = _THUMBNAIL.fullmatch(key)
    return found and found["sha256"]


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
    return f"{day_prefix(day)}{name}.bin"


def read_bundle_key(key: str) -> BundleName | None:
    """Read the name of a bundle; None where the key is another object's."""
    found = _BUNDLE.fullmatch(key)
    return found and BundleName(*map(int, found.group("asset", "width", "height")))


def is_ours(key: str) -> bool:
    """Tell whether an object is called as those that we put there."""
    return hash_of(key) is not None or read_bundle_key(key) is not None


def folder_of(key: str) -> str:
    """Name the folder that an object is in."""
    return f"{key.rpartition('/')[0]}/"
