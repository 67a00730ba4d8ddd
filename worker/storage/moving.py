"""Moves pictures between rows and the bucket, an asset at a time, beside programs that read and write them.

What is to be moved shows in the rows themselves, so that a move that was interrupted goes on where it was.
"""

from __future__ import annotations

import enum
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import BigInteger, LargeBinary, column, exists, func, select, update, values
from sqlalchemy.orm import load_only

from worker.database import transaction
from worker.database.models import Asset, StoredCandidate, Thumbnail
from worker.storage import removals
from worker.storage.keys import thumbnail_key
from worker.storage.pictures import Pictures
from worker.storage.uploads import BucketUpload

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import ColumnElement, Engine, Update
    from sqlalchemy.orm import Session

    from worker.storage.bucket import PictureBucket
    from worker.storage.uploads import BundlePlace

BATCH_ASSETS = 500  # looked at in one statement
BATCH_WAITING = 50  # the same, of those that wait


class Home(enum.StrEnum):
    """Where pictures are."""

    BUCKET = "bucket"
    DATABASE = "database"


class AssetBatch(NamedTuple):
    """Some assets, in the order of their numbers."""

    to_move: Sequence[int]  #: numbers of those that have pictures elsewhere
    last: int  #: number of the last one that was looked at


def assets_elsewhere(engine: Engine, home: Home) -> Iterator[AssetBatch]:
    """Go through all assets, and find those with pictures that are not where they should be.

    Args:
        engine: the database.
        home: where all should be.
    """
    last = 0
    while True:
        some = select(Asset.id).where(Asset.id > last).order_by(Asset.id).limit(BATCH_ASSETS).subquery()
        is_elsewhere = exists().where(Thumbnail.asset_id == some.c.id, _is_elsewhere(Thumbnail, home)) | (
            exists().where(StoredCandidate.asset_id == some.c.id, _is_elsewhere(StoredCandidate, home))
        )
        with transaction(engine) as session:
            found = session.execute(select(some.c.id, is_elsewhere).order_by(some.c.id)).all()
        if not found:
            return
        last = found[-1][0]
        yield AssetBatch([asset_id for asset_id, is_to_move in found if is_to_move], last)


def move_waiting(engine: Engine, bucket: PictureBucket, longest_s: float) -> int:
    """Put into the bucket what is in rows because it was away, and return how many pictures that were.

    Args:
        engine: the database.
        bucket: which takes pictures.
        longest_s: when to stop; what is left is moved in the next round.

    Raises:
        BucketUnavailable: it is still away.
    """
    ends_at_s = time.monotonic() + longest_s
    moved = last = 0
    while True:
        # A run's pictures are all here or all there, so those of thumbnails, which have an index, tell.
        waiting = select(Thumbnail.asset_id).where(Thumbnail.jpeg.is_not(None), Thumbnail.asset_id > last)
        some = waiting.order_by(Thumbnail.asset_id).limit(BATCH_WAITING).subquery()
        with transaction(engine) as session:
            asset_ids = session.scalars(select(some.c.asset_id).distinct().order_by(some.c.asset_id)).all()
        for asset_id in asset_ids:
            if time.monotonic() >= ends_at_s:
                return moved
            moved += move_to_bucket(engine, bucket, asset_id)
        if not asset_ids:
            return moved
        last = asset_ids[-1]


def move_to_bucket(engine: Engine, bucket: PictureBucket, asset_id: int) -> int:
    """Put an asset's pictures into the bucket, and return how many are shown there now that were not before.

    Raises:
        BucketUnavailable: the pictures stay in the rows.
    """
    with transaction(engine) as session:
        thumbnails = session.scalars(
            select(Thumbnail)
            .where(Thumbnail.asset_id == asset_id, Thumbnail.jpeg.is_not(None))
            .options(load_only(Thumbnail.sha256, Thumbnail.jpeg))
        ).all()
        candidates = session.scalars(
            select(StoredCandidate)
            .where(StoredCandidate.asset_id == asset_id, StoredCandidate.jpeg.is_not(None))
            .options(load_only(StoredCandidate.generation, StoredCandidate.jpeg))
            .order_by(StoredCandidate.time_s)
        ).all()
        generation = candidates[0].generation if candidates else 0
        today = datetime.now(UTC).date()
        upload = BucketUpload.of(asset_id, generation, today, thumbnails, candidates)
        removals.note(session, upload.keys, removals.UPLOAD)
    if not upload.keys:
        return 0
    upload.put(bucket)
    with transaction(engine) as session:
        return _show_objects(session, asset_id, upload)


def move_to_database(engine: Engine, bucket: PictureBucket, asset_id: int) -> int:
    """Put an asset's pictures into their rows, and return how many are there now that were not before.

    Raises:
        BucketUnavailable: nothing is moved.
        PictureLost: the same; a picture is missing from the bucket, or damaged there.
    """
    pictures = Pictures(bucket)
    with transaction(engine) as session:
        apart = (Thumbnail.asset_id == asset_id, Thumbnail.jpeg.is_(None))
        hashes = {
            row.id: row.sha256
            for row in session.execute(select(Thumbnail.id, Thumbnail.sha256).where(*apart))
        }
        candidates = session.scalars(
            select(StoredCandidate)
            .where(StoredCandidate.asset_id == asset_id, StoredCandidate.bundle.is_not(None))
            .options(
                load_only(
                    StoredCandidate.jpeg,
                    StoredCandidate.bundle,
                    StoredCandidate.bundle_offset,
                    StoredCandidate.bundle_length,
                )
            )
        ).all()
    bundles = {row.bundle for row in candidates if row.bundle is not None}
    pictures.fill(candidates)
    content = {row_id: pictures.thumbnail(sha256, None) for row_id, sha256 in hashes.items()}
    with transaction(engine) as session:
        _lock(session, asset_id)
        for row_id, jpeg in content.items():
            is_apart = (Thumbnail.id == row_id, Thumbnail.jpeg.is_(None))
            session.execute(update(Thumbnail).where(*is_apart).values(jpeg=jpeg))
        _fill_rows(session, asset_id, [(row.id, row.jpeg or b"") for row in candidates], bundles)
        # They may be other assets' pictures, too: whether a row shows them is looked at when they are due.
        removals.note(session, [*bundles, *map(thumbnail_key, hashes.values())], removals.UNUSED)
    return len(content) + len(candidates)


def count_waiting(session: Session, most: int) -> int:
    """Count the thumbnails whose pictures are in rows, up to a number."""
    some = select(Thumbnail.id).where(Thumbnail.jpeg.is_not(None)).limit(most).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def _is_elsewhere(table: type[Thumbnail | StoredCandidate], home: Home) -> ColumnElement[bool]:
    return table.jpeg.is_not(None) if home is Home.BUCKET else table.jpeg.is_(None)


def _show_objects(session: Session, asset_id: int, upload: BucketUpload) -> int:
    """Have those rows that are still there show what was put into the bucket, and is still there, too."""
    _lock(session, asset_id)
    gone = removals.hold(session, upload.keys)
    ids = [one.id for one in upload.thumbnails if thumbnail_key(one.sha256) not in gone]
    of_rows = update(Thumbnail).where(Thumbnail.id.in_(ids), Thumbnail.jpeg.is_not(None)).values(jpeg=None)
    shown = session.scalars(of_rows.returning(Thumbnail.sha256)).all()
    keys, frames = [thumbnail_key(sha256) for sha256 in shown], 0
    if upload.bundle is not None and upload.bundle[0] not in gone:
        bundle = upload.bundle[0]
        frames = _show_bundle(session, asset_id, bundle, upload.places)
        keys += [bundle] if frames else []
    removals.take_back(session, keys)
    return len(shown) + frames


def _show_bundle(
    session: Session, asset_id: int, bundle: str, places: list[tuple[StoredCandidate, BundlePlace]]
) -> int:
    integer = BigInteger()
    place = values(column("id", integer), column("start", integer), column("size", integer), name="place")
    rows = place.data([(row.id, where.offset, where.length) for row, where in places])
    is_theirs = (StoredCandidate.asset_id == asset_id, StoredCandidate.id == rows.c.id)
    shown = update(StoredCandidate).where(*is_theirs, StoredCandidate.jpeg.is_not(None))
    return _changed(
        session,
        shown.values(jpeg=None, bundle=bundle, bundle_offset=rows.c.start, bundle_length=rows.c.size),
    )


def _fill_rows(session: Session, asset_id: int, frames: list[tuple[int, bytes]], bundles: set[str]) -> None:
    """Put frames into those rows that still show one of these bundles."""
    if not frames:
        return
    rows = values(column("id", BigInteger()), column("jpeg", LargeBinary()), name="picture").data(frames)
    is_theirs = (StoredCandidate.asset_id == asset_id, StoredCandidate.id == rows.c.id)
    filled = update(StoredCandidate).where(*is_theirs, StoredCandidate.bundle.in_(bundles))
    _changed(session, filled.values(jpeg=rows.c.jpeg, bundle=None, bundle_offset=None, bundle_length=None))


def _changed(session: Session, change: Update) -> int:
    """Change candidates, and return how many there were."""
    ids = change.returning(StoredCandidate.id).execution_options(synchronize_session=False)
    return len(session.execute(ids).all())


def _lock(session: Session, asset_id: int) -> None:
    """Lock the asset's row, as all do who change its pictures, so that none waits for another crosswise."""
    session.execute(select(Asset.id).where(Asset.id == asset_id).with_for_update())
