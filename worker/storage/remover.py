"""Removes from the bucket what no row shows, when its note is due."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from worker.database import STATEMENT_BEGAN, transaction
from worker.database.bucket import BucketRemoval
from worker.errors import BucketUnavailable
from worker.storage import removals
from worker.storage.keys import is_ours

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Engine
    from sqlalchemy.orm import Session

    from worker.storage.bucket import PictureBucket

_IS_FOLDER = BucketRemoval.key.endswith("/")

log = logging.getLogger(__name__)


def remove_due(engine: Engine, bucket: PictureBucket, longest_s: float) -> int:
    """Remove objects until no note is due or time is up, and return how many notes were looked at.

    Each request has a transaction of its own, in which the notes of its objects are locked: who notes one of
    them again, to put it there, waits for its end. Several dispatchers take different notes.

    Raises:
        BucketUnavailable: it fails; the notes stay.
    """
    ends_at_s = time.monotonic() + longest_s
    looked_at = 0
    for remove in (_remove_objects, _remove_folder):
        while time.monotonic() < ends_at_s:
            with transaction(engine) as session:
                count = remove(session, bucket, ends_at_s)
            if not count:
                break
            looked_at += count
    return looked_at


def _remove_objects(session: Session, bucket: PictureBucket, _ends_at_s: float) -> int:
    keys = set(_due(session, ~_IS_FOLDER, bucket.removed_together))
    refused = bucket.delete(sorted(keys - removals.shown(session, keys)))
    removals.take_back(session, keys - refused.keys())
    _put_off(session, refused)
    return len(keys)


def _remove_folder(session: Session, bucket: PictureBucket, ends_at_s: float) -> int:
    """Remove what is ours in a folder, as far as no row shows it and there is time; the rest waits."""
    folders = _due(session, _IS_FOLDER, 1)
    for folder in folders:
        refused: dict[str, str] = {}
        try:
            for keys in _unshown_below(session, bucket, folder):
                if time.monotonic() >= ends_at_s:
                    # It goes on when others had their turn: there may be many that storage refuses in it.
                    removals.note(session, folders, timedelta(0))
                    return len(folders)
                refused |= bucket.delete(keys)
        except BucketUnavailable as exc:
            # Listing needs a right of its own. Other notes, which need none, must not wait behind this one.
            refused[folder] = str(exc)
        if refused:
            _put_off(session, {folder: next(reversed(refused.values()))})
        else:
            removals.take_back(session, folders)
    return len(folders)


def _unshown_below(session: Session, bucket: PictureBucket, folder: str) -> Iterator[Sequence[str]]:
    """Find objects of a folder that no row shows, of as many at a time as are removed together.

    There may be none among these, so that who asks can look at the clock. Rows are looked at just before, so
    the transaction does not wait for several requests either.
    """
    for page in bucket.list(folder):
        step = bucket.removed_together
        for start in range(0, len(page), step):
            ours = {one.key for one in page[start : start + step] if is_ours(one.key)}
            yield sorted(ours - removals.shown(session, ours))


def _due(session: Session, kind: ColumnElement[bool], most: int) -> Sequence[str]:
    """Lock notes that are due, as far as nobody else has them, and return their keys."""
    due = select(BucketRemoval.key).where(BucketRemoval.due_at <= STATEMENT_BEGAN, kind)
    first = due.order_by(BucketRemoval.due_at).limit(most)
    return session.scalars(first.with_for_update(skip_locked=True)).all()


def _put_off(session: Session, refused: Mapping[str, str]) -> None:
    """Try again later what storage refuses, so that it holds up nothing else."""
    if refused:
        key, why = next(iter(refused.items()))
        log.warning("%d objects cannot be removed from the bucket yet, as %s: %s", len(refused), key, why)
        removals.note(session, refused.keys(), removals.UNUSED)
