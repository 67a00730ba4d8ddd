"""Removes from the bucket what no row shows, when its note is due."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from sqlalchemy import select

from worker.database import NOW, STATEMENT_BEGAN, transaction
from worker.database.bucket import BucketRemoval
from worker.errors import BucketUnavailable
from worker.storage.removals import UNUSED, shown

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from worker.storage.bucket import PictureBucket

log = logging.getLogger(__name__)


def remove_due(engine: Engine, bucket: PictureBucket, longest_s: float) -> int:
    """Remove objects one by one until no note is due or time is up, and return how many notes were settled.

    Each has a transaction of its own, in which its note is locked: who notes the same object again, to put it
    there, waits for its end. Several dispatchers take different notes.

    Raises:
        BucketUnavailable: it fails; the notes stay.
    """
    ends_at_s = time.monotonic() + longest_s
    settled = 0
    while time.monotonic() < ends_at_s:
        with transaction(engine) as session:
            due = select(BucketRemoval).where(BucketRemoval.due_at <= STATEMENT_BEGAN)
            first = due.order_by(BucketRemoval.due_at).limit(1).with_for_update(skip_locked=True)
            note = session.scalar(first)
            if note is None:
                break
            if note.key.endswith("/"):
                _remove_below(session, bucket, note, ends_at_s)
            else:
                if not shown(session, [note.key]):
                    bucket.delete(note.key)
                session.delete(note)
        settled += 1
    return settled


def _remove_below(session: Session, bucket: PictureBucket, note: BucketRemoval, ends_at_s: float) -> None:
    """Remove what is in a folder, as far as the time goes and no row shows it; the rest waits in its note."""
    try:
        while keys := sorted({*(listed := bucket.list(note.key))} - shown(session, listed)):
            for key in keys:
                if time.monotonic() >= ends_at_s:
                    return
                bucket.delete(key)
    except BucketUnavailable as exc:
        # Listing needs a right of its own. Other notes, which need none, must not wait behind this one.
        log.warning("%s cannot be removed from the bucket yet: %s", note.key, exc)
        note.due_at = session.scalar(select(NOW + UNUSED)) or note.due_at
    else:
        session.delete(note)
