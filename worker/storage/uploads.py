"""Puts the pictures of rows into the bucket: each thumbnail as an object, and the frames of a run as one.

upload = Upload.of(asset_id, thumbnails, candidates, day)
removals.note(session, upload.keys, removals.UPLOAD)     # committed
upload.put(bucket)
...                                                      # rows that show it, and `removals.take_back`
"""

from __future__ import annotations

import hashlib
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


class Place(NamedTuple):
    """Where a frame is in the bucket."""

    bundle: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Upload:
    """Objects that are to be put into the bucket, and the rows that are to show them."""

    pictures: dict[str, bytes]  #: of thumbnails, by their keys
    bundle: tuple[str, bytes] | None  #: of a run's frames; None: none of them is in a row
    places: list[tuple[StoredCandidate, Place]]  #: of each frame
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

        A picture whose hash is not what its row says stays in the row: there, nobody could find it.

        Args:
            asset_id: whose rows.
            generation: of the run that looked at the candidates.
            day: in UTC, on which the candidates are stored.
            thumbnails: rows, with their hashes.
            candidates: rows of one run, whose frames have one size.
        """
        here = [one for one in thumbnails if one.jpeg and _sha256(one.jpeg) == one.sha256]
        frames = [(one, one.jpeg) for one in candidates if one.jpeg is not None]
        pictures = {thumbnail_key(one.sha256): one.jpeg for one in here if one.jpeg is not None}
        if not frames:
            return cls(pictures, None, [], here)
        key = bundle_key(day, asset_id, generation, jpeg_size(frames[0][1]))
        places, offset = [], 0
        for row, jpeg in frames:
            places.append((row, Place(key, offset, len(jpeg))))
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


def _sha256(jpeg: bytes) -> str:
    return hashlib.sha256(jpeg).hexdigest()
