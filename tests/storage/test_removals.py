"""What no row shows goes from the bucket, and nothing else does."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text

from tests.support.platforms.picture_shelf import let_notes_be_due
from tests.support.service import builders
from tests.support.service.builders import JPEG, SMALL_JPEG
from tests.support.waiting import until
from worker.admin.erase import erase_asset
from worker.database import transaction
from worker.database.bucket import BucketRemoval
from worker.database.models import Asset, StoredCandidate, Thumbnail
from worker.dispatch import retention
from worker.errors import BucketUnavailable
from worker.storage import bucket as storage_bucket
from worker.storage import removals
from worker.storage.keys import bundle_key, thumbnail_key
from worker.storage.moving import move_to_bucket
from worker.storage.remover import remove_due

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.platforms.picture_shelf import Shelf

SHA256 = hashlib.sha256(JPEG).hexdigest()
KEY = thumbnail_key(SHA256)
LONG_S = 5.0
# Their rows are in the default partition.
WITHOUT_WEEKS = """
ALTER TABLE candidates DETACH PARTITION candidates_before;
INSERT INTO candidates_default SELECT * FROM candidates_before;
DROP TABLE candidates_before
"""


def stored_apart(engine: Engine, shelf: Shelf, *ids: str) -> None:
    """Store a run of each of these assets, with its pictures in the bucket."""
    for asset_id in ids:
        builders.record(engine, builders.event(asset_id=asset_id))
        builders.completed(engine)
    with transaction(engine) as session:
        session.execute(text("UPDATE thumbnails SET sha256 = :sha256"), {"sha256": SHA256})
        numbers = session.scalars(select(Asset.id)).all()
    for number in numbers:
        move_to_bucket(engine, shelf.bucket(), number)


def noted(engine: Engine) -> list[str]:
    """Keys of all notes."""
    with transaction(engine) as session:
        return list(session.scalars(select(BucketRemoval.key).order_by(BucketRemoval.key)))


def remove(engine: Engine, shelf: Shelf) -> None:
    """Let the time pass, and remove what is due."""
    let_notes_be_due(engine)
    remove_due(engine, shelf.bucket(), LONG_S)


def test_what_is_shown_stays_and_nothing_is_noted_of_it(engine: Engine, shelf: Shelf) -> None:
    """However much time passes."""
    stored_apart(engine, shelf, "a1")

    assert noted(engine) == []
    remove(engine, shelf)
    assert len(shelf.keys("thumbnails/")) == len(shelf.keys("candidates/")) == 1


def test_the_frames_of_a_run_go_when_another_takes_their_place(engine: Engine, shelf: Shelf) -> None:
    """Not at once: somebody may be reading them."""
    stored_apart(engine, shelf, "a1")
    (bundle,) = shelf.keys("candidates/")
    builders.record(engine, builders.event(builders.EventKind.EDITED, minute=1))
    builders.completed(engine, "f2")

    assert noted(engine) == [bundle]
    assert remove_due(engine, shelf.bucket(), LONG_S) == 0
    assert shelf.keys("candidates/") == [bundle]
    remove(engine, shelf)
    assert shelf.keys("candidates/") == []
    assert noted(engine) == []


def test_what_is_erased_goes(engine: Engine, shelf: Shelf) -> None:
    """Every object of it."""
    stored_apart(engine, shelf, "a1")

    erase_asset(engine, 1, "somebody", "", lambda *_: None)
    remove(engine, shelf)

    assert shelf.keys() == []


def test_what_goes_with_its_asset_by_a_foreign_key_is_noted_too(engine: Engine, shelf: Shelf) -> None:
    """Whoever removes it, and from wherever; frames refer to no asset, and go with their week."""
    stored_apart(engine, shelf, "a1")
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM publications; DELETE FROM assets"))

    assert noted(engine) == [KEY]


def test_a_picture_that_another_asset_shows_stays(engine: Engine, shelf: Shelf) -> None:
    """Equal pictures are one object."""
    stored_apart(engine, shelf, "a1", "a2")

    erase_asset(engine, 1, "somebody", "", lambda *_: None)
    remove(engine, shelf)

    assert shelf.keys("thumbnails/") == [KEY]
    assert shelf.content(KEY) == JPEG
    assert noted(engine) == []


def test_what_was_put_there_for_rows_that_were_never_stored_goes_after_a_day(
    engine: Engine, shelf: Shelf
) -> None:
    """As when a worker is killed in between."""
    with transaction(engine) as session:
        removals.note(session, [KEY], removals.UPLOAD)
    shelf.bucket().put(KEY, JPEG)

    remove_due(engine, shelf.bucket(), LONG_S)
    assert shelf.keys() == [KEY]
    remove(engine, shelf)
    assert shelf.keys() == []


def test_what_was_put_there_though_nobody_heard_so_goes_too(
    engine: Engine, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to the upload is lost, so its picture stays in the row."""
    monkeypatch.setattr(storage_bucket, "WRITE_S", 1.0)
    builders.record(engine, builders.event())
    builders.completed(engine)
    shelf.way.set_trap(SMALL_JPEG, is_forwarded=True)  # the body, which may come after the head

    with pytest.raises(BucketUnavailable):
        move_to_bucket(engine, shelf.bucket(), 1)
    shelf.mend()
    until(shelf.keys)
    (orphan,) = shelf.keys()
    remove(engine, shelf)

    assert builders.only(engine, StoredCandidate).jpeg == SMALL_JPEG
    assert orphan.startswith("candidates/")
    assert shelf.keys() == []


def test_who_puts_a_picture_there_is_not_hurried_by_who_removes_the_same(
    engine: Engine, shelf: Shelf
) -> None:
    """The later time counts."""
    stored_apart(engine, shelf, "a1")
    with transaction(engine) as session:
        removals.note(session, [KEY], removals.UPLOAD)
        removals.note(session, [KEY], removals.UNUSED)  # as by a move back
    erase_asset(engine, 1, "somebody", "", lambda *_: None)

    with transaction(engine) as session:
        due_at = session.scalar(select(BucketRemoval.due_at).where(BucketRemoval.key == KEY))

    assert due_at is not None
    assert due_at - datetime.now(UTC) > timedelta(hours=23)


def test_notes_wait_for_a_bucket_that_is_away(engine: Engine, shelf: Shelf) -> None:
    """And are settled when it is back."""
    stored_apart(engine, shelf, "a1")
    erase_asset(engine, 1, "somebody", "", lambda *_: None)
    shelf.cut()

    with pytest.raises(BucketUnavailable):
        remove(engine, shelf)
    assert len(noted(engine)) == 2
    shelf.mend()
    remove(engine, shelf)

    assert (shelf.keys(), noted(engine)) == ([], [])


def test_whole_days_of_frames_are_forgotten_but_for_what_is_shown(engine: Engine, shelf: Shelf) -> None:
    """Rows that are dropped with their partition fire no trigger."""
    stored_apart(engine, shelf, "a1")
    (shown,) = shelf.keys("candidates/")
    today = datetime.now(UTC).date()
    days = [date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 8), date(2026, 1, 9), today]
    for day in days:
        shelf.bucket().put(bundle_key(day, 1, 1, (8, 4)), SMALL_JPEG)

    with transaction(engine) as session:
        removals.forget_bundles(session, date(2026, 1, 2), date(2026, 1, 9))
        removals.forget_bundles(session, today, today + timedelta(days=1))
    remove(engine, shelf)

    # The day before is looked through, too.
    assert sorted(shelf.keys("candidates/")) == sorted([shown, *shelf.keys("candidates/2026-01-09/")])
    assert len(shelf.keys("candidates/2026-01-09/")) == 1
    assert noted(engine) == []


def test_the_frames_of_rows_without_a_week_go_with_them(engine: Engine, shelf: Shelf) -> None:
    """Retention deletes from the default partition, and the trigger is that of the whole table."""
    stored_apart(engine, shelf, "a1", "a2")
    with engine.begin() as connection:
        connection.execute(text(WITHOUT_WEEKS))
        connection.execute(
            text("UPDATE candidates SET created_at = now() - interval '20 weeks' WHERE asset_id = 1")
        )
        kept = connection.scalar(text("SELECT bundle FROM candidates WHERE asset_id = 2"))
    retention.prune(engine, builders.make_settings(), longest_s=5.0)
    remove(engine, shelf)

    assert shelf.keys("candidates/") == [kept]
    assert builders.only(engine, StoredCandidate).asset_id == 2


def test_a_dropped_week_takes_its_frames_from_the_bucket(engine: Engine, shelf: Shelf) -> None:
    """And leaves those of later weeks, also where they were put there on the same day."""
    stored_apart(engine, shelf, "a1", "a2")
    now = datetime.now(UTC)
    week = now - timedelta(weeks=16)
    monday = (week - timedelta(days=week.weekday())).date()
    old, later = (bundle_key(monday, number, 1, (8, 4)) for number in (1, 2))
    for key in (old, later):
        shelf.bucket().put(key, SMALL_JPEG)
    recent = shelf.keys(f"candidates/{now.date()}/")
    bounds = f"FROM ('{monday}') TO ('{monday + timedelta(days=7)}')"
    with engine.begin() as connection:
        for statement in (
            "CREATE TABLE candidates_old (LIKE candidates_default INCLUDING ALL)",
            WITHOUT_WEEKS,
            f"ALTER TABLE candidates ATTACH PARTITION candidates_old FOR VALUES {bounds}",
        ):
            connection.execute(text(statement))
        put = text("UPDATE candidates SET bundle = :bundle, created_at = :at WHERE asset_id = :id")
        connection.execute(put, {"bundle": old, "at": monday + timedelta(days=3), "id": 1})
        connection.execute(put, {"bundle": later, "at": now, "id": 2})

    dropped = {one.name for one in retention.drop_weeks(engine, builders.make_settings())}
    remove(engine, shelf)

    assert "candidates_old" in dropped
    assert shelf.keys("candidates/") == sorted([later, *recent])


def test_frames_of_days_wait_where_the_key_may_not_list(
    engine: Engine, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other objects need no list, and do not wait behind them."""
    bucket = shelf.bucket()
    bucket.put(KEY, JPEG)

    def refused(*_: str) -> None:
        raise BucketUnavailable("s3:ListBucket")

    monkeypatch.setattr(bucket, "list", refused)
    with transaction(engine) as session:
        removals.forget_bundles(session, date(2026, 1, 2), date(2026, 1, 3))
        removals.note(session, [KEY], timedelta(0))

    remove_due(engine, bucket, LONG_S)

    assert shelf.keys() == []
    assert noted(engine) == ["candidates/2026-01-01/", "candidates/2026-01-02/"]


def test_rows_show_what_the_tests_above_need(engine: Engine, shelf: Shelf) -> None:
    """A run is one thumbnail and one frame, and neither has bytes of its own."""
    stored_apart(engine, shelf, "a1")

    thumbnail, frame = builders.only(engine, Thumbnail), builders.only(engine, StoredCandidate)
    assert (thumbnail.jpeg, frame.jpeg, frame.bundle_length) == (None, None, len(SMALL_JPEG))
