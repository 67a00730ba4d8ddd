"""Where pictures are, and moving all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select

from worker.database import STATEMENT_BEGAN, transaction
from worker.database.bucket import BucketRemoval
from worker.database.models import Asset
from worker.errors import PictureLost, SettingsInvalid
from worker.storage.bucket import PictureBucket
from worker.storage.moving import Home, assets_elsewhere, count_waiting, move_to_bucket, move_to_database

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement, Engine
    from sqlalchemy.orm import Session

    from worker.settings import Settings

MAX_COUNTED = 100_000  #: beyond this many, a number tells nothing new, and is not worth the time


class Status(NamedTuple):
    """Where pictures are; each number is `MAX_COUNTED` at most."""

    bucket: str | None  #: where new ones are put; None: into the database
    thumbnails_in_rows: int
    objects_noted: int  #: that are removed from the bucket, unless rows show them when their time comes
    objects_due: int  #: those whose time has come


class Lost(NamedTuple):
    """An asset that was not moved."""

    asset_id: int
    why: str


class Moved(NamedTuple):
    """What a move did."""

    assets: int
    pictures: int
    lost: list[Lost]
    is_all: bool  #: whether all assets were looked at


def read_status(session: Session, settings: Settings) -> Status:
    """Count what is where."""
    is_due = BucketRemoval.due_at <= STATEMENT_BEGAN
    return Status(
        settings.bucket_url if settings.bucket_takes_pictures else None,
        count_waiting(session, MAX_COUNTED),
        _count_noted(session),
        _count_noted(session, is_due),
    )


def move_pictures(
    engine: Engine,
    settings: Settings,
    home: Home,
    limit: int | None,
    on_progress: Callable[[int, int | None], None],
) -> Moved:
    """Move every picture that is not there into the bucket, or into the database.

    Args:
        engine: the database.
        settings: of the bucket.
        home: where they are to be.
        limit: of assets that are moved; None: all.
        on_progress: called with the number of the asset that was looked at last, and of the last one.

    Raises:
        SettingsInvalid: there is no bucket, or programs would put there what was just moved away.
        BucketUnavailable: it is away; what was moved stays so.
    """
    bucket = _bucket_for(settings, home)
    move = move_to_bucket if home is Home.BUCKET else move_to_database
    with transaction(engine) as session:
        last_id = session.scalar(select(func.max(Asset.id)))
    on_progress(0, last_id)
    assets = pictures = 0
    lost: list[Lost] = []
    for batch in assets_elsewhere(engine, home):
        for asset_id in batch.to_move:
            if assets == limit:
                return Moved(assets, pictures, lost, is_all=False)
            try:
                count = move(engine, bucket, asset_id)
            except PictureLost as exc:
                lost.append(Lost(asset_id, str(exc)))
                continue
            assets, pictures = assets + bool(count), pictures + count
            on_progress(asset_id, last_id)
        on_progress(batch.last, last_id)
    return Moved(assets, pictures, lost, is_all=True)


def _bucket_for(settings: Settings, home: Home) -> PictureBucket:
    bucket = PictureBucket.of(settings)
    if bucket is None:
        raise SettingsInvalid("BUCKET_URL: missing; it names the bucket to move pictures into, or out of")
    if home is Home.BUCKET and not bucket.takes_pictures:
        raise SettingsInvalid(
            "BUCKET_TAKES_PICTURES: false, so nothing is put into the bucket; set it to true"
        )
    if home is Home.DATABASE and bucket.takes_pictures:
        raise SettingsInvalid(
            "BUCKET_TAKES_PICTURES: true, so programs would move the pictures into the bucket again; first "
            "set it to false for all of them, and start them again"
        )
    return bucket


def _count_noted(session: Session, *conditions: ColumnElement[bool]) -> int:
    some = select(BucketRemoval.key).where(*conditions).limit(MAX_COUNTED).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0
