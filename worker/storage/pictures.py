"""Reads pictures from where they are: the row itself, or the bucket.

No transaction may be open meanwhile, as a bucket may take its time.
"""

from __future__ import annotations

import hashlib
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, Self

from sqlalchemy.orm.attributes import set_committed_value

from worker.errors import BucketUnavailable, PictureLost
from worker.pictures.jpeg_size import jpeg_size
from worker.storage.bucket import REMEDY, PictureBucket
from worker.storage.keys import read_bundle_key, thumbnail_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from worker.database.models import StoredCandidate
    from worker.settings import Settings


class FramePlace(NamedTuple):
    """Where the picture of a candidate is, by the columns of its row."""

    jpeg: bytes | None
    bundle: str | None = None
    offset: int | None = None
    length: int | None = None

    @classmethod
    def of(cls, row: StoredCandidate) -> Self:
        """Read it from a row."""
        return cls(row.jpeg, row.bundle, row.bundle_offset, row.bundle_length)


class Pictures:
    """Pictures of rows, wherever they are. Several threads may read at once.

    Its methods raise BucketUnavailable where a picture cannot be read now, and PictureLost where it is
    missing from the bucket or damaged there.
    """

    def __init__(self, bucket: PictureBucket | None = None) -> None:
        self.bucket = bucket  #: None: all are in rows

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Read them from where the settings say. Raises SettingsInvalid as `PictureBucket.of`."""
        return cls(PictureBucket.of(settings))

    def thumbnail(self, sha256: str, jpeg: bytes | None) -> bytes:
        """Return the picture of a thumbnail.

        Args:
            sha256: as its row has it.
            jpeg: the same; None: it is in the bucket.
        """
        if jpeg is not None:
            return jpeg
        key = thumbnail_key(sha256)
        content = self._bucket_with(key).get(key)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise PictureLost(f"{key} in the bucket has other bytes than were put there; {REMEDY}")
        return content

    def frame(self, place: FramePlace) -> bytes:
        """Return the picture of a candidate."""
        if place.jpeg is not None:
            return place.jpeg
        if place.bundle is None or place.offset is None or place.length is None:
            raise PictureLost(f"a frame has no picture and no place in the bucket; {REMEDY}")
        part = range(place.offset, place.offset + place.length)
        return _checked(self._bucket_with(place.bundle).get(place.bundle, part), place.bundle)

    def fill(self, rows: Iterable[StoredCandidate]) -> None:
        """Read the pictures of rows that no session has any more into them; a bundle is read once."""
        apart = [row for row in rows if row.jpeg is None and row.bundle is not None]
        for key, of_bundle in groupby(sorted(apart, key=_bundle_of), key=_bundle_of):
            content = self._bucket_with(key).get(key)
            for row in of_bundle:
                start = row.bundle_offset or 0
                jpeg = _checked(content[start : start + (row.bundle_length or 0)], key)
                set_committed_value(row, "jpeg", jpeg)

    def _bucket_with(self, key: str) -> PictureBucket:
        if self.bucket is None:
            raise BucketUnavailable(f"{key} is in a bucket, and BUCKET_URL is not set here; set it")
        return self.bucket


IN_ROWS = Pictures()
"""Those of rows; what is in a bucket cannot be read there."""


def frame_size_px(place: FramePlace) -> tuple[int, int] | None:
    """Tell a frame's width and height without reading its picture from a bucket; None where that needs it."""
    if place.jpeg is not None:
        return jpeg_size(place.jpeg)
    name = read_bundle_key(place.bundle or "")
    return None if name is None else (name.width_px, name.height_px)


def _bundle_of(row: StoredCandidate) -> str:
    return row.bundle or ""


def _checked(jpeg: bytes, key: str) -> bytes:
    """Return what begins and ends as a JPEG, and has the size that the name of its bundle tells."""
    name = read_bundle_key(key)
    try:
        size_px = jpeg_size(jpeg)
    except ValueError as exc:
        raise PictureLost(f"{key} in the bucket is not what was put there; {REMEDY}") from exc
    if name is not None and size_px != (name.width_px, name.height_px):
        raise PictureLost(f"{key} in the bucket has frames of another size; {REMEDY}")
    return jpeg
