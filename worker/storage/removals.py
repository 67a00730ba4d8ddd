"""Notes of what may have to be removed from the bucket, so that nothing stays there that no row shows.

A note is made before an object is put there, and taken back with the rows that show it; where these are never
stored, the note stays. When rows go, triggers of the database make notes of what they showed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert

from worker.database import NOW
from worker.database.bucket import BucketRemoval
from worker.storage.keys import day_prefix

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


def take_back(session: Session, keys: Collection[str]) -> None:
    """Take back the notes of objects which rows of this transaction show."""
    if keys:
        session.execute(delete(BucketRemoval).where(BucketRemoval.key.in_(sorted(set(keys)))))


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
