"""Notes of what may have to be removed from the bucket, so that nothing stays there that no row shows.

A note is made before an object is put there, and taken back with the rows that show it; where these are never
stored, the note stays. When rows go, triggers of the database make notes of what they showed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from worker.database import NOW
from worker.database.bucket import BucketRemoval
from worker.database.models import StoredCandidate, Thumbnail
from worker.storage.keys import day_prefix, folder_of, hash_of, read_bundle_key

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from sqlalchemy.orm import Session

UPLOAD = timedelta(days=1)  #: by then, rows of an upload are stored, or never
# Whoever puts the same picture there meanwhile has stored the rows of it by then: a lease is much shorter.
UNUSED = timedelta(minutes=10)

_ONE_DAY = timedelta(days=1)


def note(session: Session, keys: Collection[str], after: timedelta) -> None:
    """Note objects that are to be removed after so long, unless a row shows them by then.

    A later time that is noted already stays: somebody may be putting the same object there.
    """
    if not keys:
        return
    # In one order, so that two of these never wait for each other.
    rows = [{"key": key, "due_at": NOW + after} for key in sorted(set(keys))]
    noted = insert(BucketRemoval).values(rows)
    later = func.greatest(BucketRemoval.due_at, noted.excluded.due_at)
    session.execute(noted.on_conflict_do_update(index_elements=["key"], set_={"due_at": later}))


def hold(session: Session, keys: Collection[str]) -> set[str]:
    """Lock the notes of objects that rows of this transaction are to show, and return those that are gone.

    They are gone where whoever put them there was stopped until `UPLOAD` had passed.
    """
    if not keys:
        return set()
    # In one order, as above.
    own = select(BucketRemoval.key).where(BucketRemoval.key.in_(keys)).order_by(BucketRemoval.key)
    # Without a note there is what somebody else has put there and shows.
    others = set(keys) - set(session.scalars(own.with_for_update()))
    return others - shown(session, others)


def take_back(session: Session, keys: Collection[str]) -> None:
    """Take back the notes of objects which rows of this transaction show."""
    if keys:
        session.execute(delete(BucketRemoval).where(BucketRemoval.key.in_(sorted(set(keys)))))


def noted(session: Session, keys: Collection[str]) -> set[str]:
    """Find those of these objects that are noted, each by itself or with its whole folder."""
    names = {*keys, *map(folder_of, keys)}
    found = set(session.scalars(select(BucketRemoval.key).where(BucketRemoval.key.in_(names))))
    return {key for key in keys if not found.isdisjoint({key, folder_of(key)})}


def shown(session: Session, keys: Collection[str]) -> set[str]:
    """Find those of these objects that rows show."""
    hashes = {sha256: key for key in keys if (sha256 := hash_of(key)) is not None}
    thumbnails = select(Thumbnail.sha256).where(Thumbnail.sha256.in_(hashes), Thumbnail.jpeg.is_(None))
    found = {hashes[sha256] for sha256 in session.scalars(thumbnails)} if hashes else set()
    # By their asset, for which the table has an index.
    bundles = {key: name.asset_id for key in keys if (name := read_bundle_key(key)) is not None}
    if bundles:
        of_assets = StoredCandidate.asset_id.in_({*bundles.values()})
        rows = select(StoredCandidate.bundle).where(of_assets, StoredCandidate.bundle.in_(bundles)).distinct()
        found |= {key for key in session.scalars(rows) if key is not None}
    return found


def forget_bundles(session: Session, first: date, end: date) -> None:
    """Have the frames of whole days removed, whose rows are dropped in this transaction without a trigger.

    What a row shows stays all the same. The day before is looked through, too: rows that were stored just
    after midnight have their frames there.

    Args:
        session: its transaction.
        first: the first day, in UTC.
        end: the day after the last one.
    """
    days = (first - _ONE_DAY + number * _ONE_DAY for number in range((end - first).days + 1))
    note(session, [day_prefix(day) for day in days], timedelta(0))
