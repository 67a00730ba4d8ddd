"""Checks that the bucket has what rows show, and finds what is left over in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from worker.database import transaction
from worker.errors import SettingsInvalid
from worker.storage import removals
from worker.storage.bucket import PictureBucket
from worker.storage.comparing import compare
from worker.storage.keys import is_ours

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Engine

    from worker.platforms.shared.buckets.answers import ListedObject
    from worker.settings import Settings
    from worker.storage.comparing import ComparedPart, Missing

MOST_NAMED = 1_000  #: of what is missing; the rest is counted


@dataclass
class BucketCheck:
    """What a check has found so far."""

    after: str = ""  #: the key up to which all was compared; empty: none was
    is_all: bool = False  #: whether it came to the end
    objects: int = 0  #: that are there
    objects_bytes: int = 0
    orphans: int = 0  #: objects of ours that no row shows, and that are not to be removed yet
    orphans_bytes: int = 0
    orphans_young: int = 0  #: of these, those that were put there less than a day ago, and are left alone
    strange: int = 0  #: objects that are called otherwise than ours, and are left alone
    missing: int = 0  #: that rows show and are not there, of each asset that shows them
    needed: int = 0  #: of these, those of the newest runs of videos that were not deleted
    named: list[Missing] = field(default_factory=list)  #: the first `MOST_NAMED` of those

    def add(self, part: ComparedPart, young: int) -> None:
        """Count one more part, with so many young orphans."""
        self.objects += len(part.objects)
        self.objects_bytes += _size_bytes(part.objects)
        self.orphans += len(part.orphans)
        self.orphans_bytes += _size_bytes(part.orphans)
        self.orphans_young += young
        self.strange += part.strange
        self.missing += len(part.missing)
        needed = [one for one in part.missing if one.is_needed]
        self.needed += len(needed)
        self.named += needed[: MOST_NAMED - len(self.named)]
        self.is_all = part.end is None
        if part.end is not None and is_ours(part.end):
            self.after = part.end


def check_pictures(
    engine: Engine,
    settings: Settings,
    check: BucketCheck,
    on_progress: Callable[[int, None], None],
    *,
    removes_orphans: bool,
) -> None:
    """Compare the bucket with the rows, and note what is found in `check`, also where it ends early.

    Args:
        engine: the database.
        settings: of the bucket.
        check: is changed; `after` says where to begin.
        on_progress: called with the number of objects that were compared; how many there are is not known.
        removes_orphans: whether orphans are noted to be removed, once they have been there for `UPLOAD`: by
            then, whoever put them there has stored the rows of them, or never will.

    Raises:
        SettingsInvalid: there is no bucket.
        BucketUnavailable: it fails; what was found so far stays in `check`.
    """
    bucket = PictureBucket.of(settings)
    if bucket is None:
        raise SettingsInvalid("BUCKET_URL: missing; it names the bucket whose pictures are to be checked")
    for part in compare(engine, bucket, check.after):
        before = datetime.now(UTC) - removals.UPLOAD
        old = [one.key for one in part.orphans if one.changed_at is not None and one.changed_at < before]
        if removes_orphans:
            with transaction(engine) as session:
                removals.note(session, old, removals.UNUSED)
        check.add(part, len(part.orphans) - len(old))
        on_progress(check.objects, None)


def _size_bytes(objects: Sequence[ListedObject]) -> int:
    return sum(one.size or 0 for one in objects)
