"""Puts the pictures of rows into the bucket: each thumbnail as an object, and the frames of a run as one.

upload = BucketUpload.of(asset_id, thumbnails, candidates, day)
removals.note(session, upload.keys, removals.UPLOAD)     # committed
upload.put(bucket)
...                                                      # rows that show it, and `removals.take_back`
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

from worker.pictures.jpeg_size import jpeg_size
from worker.storage.keys import bundle_key, thumbnail_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from worker.database.models import StoredCandidate, Thumbnail
    from worker.storage.bucket import PictureBucket

_BUNDLE_TYPE = "application/octet-stream"


class BundlePlace(NamedTuple):
    """Where a frame is in the bucket."""

    bundle: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class BucketUpload:
    """Objects that are to be put into the bucket, and the rows that are to show them."""

    pictures: dict[str, bytes]  #: of thumbnails, by their keys
    bundle: tuple[str, bytes] | None  #: of a run's frames; None: none of them is in a row
    places: list[tuple[StoredCandidate, BundlePlace]]  #: of each frame
    thumbnails: list[Thumbnail]

    @classmethod
    def of(
        cls,
        asset_id: int,
        generation: int,
        day: date,
        thumbnails: Iterable[Thumbnail],
        candidates: Sequence[StoredCandidate],
    ) -> Self:
        """Gather what is to be put there of rows of one run; what has no picture is there already.

        A picture whose hash is not what its row says stays in the row: there, nobody could find it. So does
        a frame of another size than the first one, for which the name of the bundle speaks.

        Args:
            asset_id: whose rows.
            generation: of the run that looked at the candidates.
            day: in UTC, on which the candidates are stored.
            thumbnails: rows, with their hashes.
            candidates: rows of one run. After an edit, frames of an older file may be among them.
        """
        here = [one for one in thumbnails if one.jpeg and _sha256(one.jpeg) == one.sha256]
        size_px, frames = _alike(candidates)
        pictures = {thumbnail_key(one.sha256): one.jpeg for one in here if one.jpeg is not None}
        if size_px is None:
            return cls(pictures, None, [], here)
        key = bundle_key(day, asset_id, generation, size_px)
        places, offset = [], 0
        for row, jpeg in frames:
            places.append((row, BundlePlace(key, offset, len(jpeg))))
            offset += len(jpeg)
        return cls(pictures, (key, b"".join(jpeg for _, jpeg in frames)), places, here)

    @property
    def keys(self) -> list[str]:
        """Keys of all objects."""
        return [*self.pictures, *([self.bundle[0]] if self.bundle else [])]

    def put(self, bucket: PictureBucket) -> None:
        """Put every object there. Raises BucketUnavailable; some of them may be there then."""
        if self.bundle is not None:
            bucket.put(*self.bundle, _BUNDLE_TYPE)
        for key, jpeg in self.pictures.items():
            bucket.put(key, jpeg)

    def point(self) -> None:
        """Have the rows show the objects in place of pictures of their own."""
        for row, place in self.places:
            row.jpeg = None
            row.bundle, row.bundle_offset, row.bundle_length = place
        for thumbnail in self.thumbnails:
            thumbnail.jpeg = None


def _alike(
    candidates: Sequence[StoredCandidate],
) -> tuple[tuple[int, int] | None, list[tuple[StoredCandidate, bytes]]]:
    """Find the frames that have the size of the first one, and that size; none where none can be read."""
    first, found = None, []
    for row in candidates:
        if row.jpeg is None:
            continue
        with suppress(ValueError):  # no JPEG: it stays where it is
            size_px = jpeg_size(row.jpeg)
            first = first or size_px
            if size_px == first:
                found.append((row, row.jpeg))
    return first, found


def _sha256(jpeg: bytes) -> str:
    return hashlib.sha256(jpeg).hexdigest()
