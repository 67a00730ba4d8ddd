"""Who puts a picture there and who removes it may meet at any moment, and no row shows what is gone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from sqlalchemy import text

from tests.storage.test_removals import SHA256, noted, remove
from tests.support.service import builders
from tests.support.waiting import until
from worker.database import transaction
from worker.database.bucket import BucketRemoval
from worker.database.models import StoredCandidate, Thumbnail
from worker.storage import removals
from worker.storage.moving import move_to_bucket
from worker.storage.uploads import BucketUpload

if TYPE_CHECKING:
    import pytest
    from sqlalchemy import Engine

    from tests.support.platforms.picture_shelf import Shelf
    from worker.storage.bucket import PictureBucket


def test_a_row_never_shows_what_was_removed(
    engine: Engine, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who moves the pictures is stopped for a day before the commit; the next move puts them there again."""
    builders.record(engine, builders.event())
    builders.completed(engine)
    with transaction(engine) as session:
        session.execute(text("UPDATE thumbnails SET sha256 = :sha256"), {"sha256": SHA256})
    put = BucketUpload.put

    def stopped(upload: BucketUpload, bucket: PictureBucket) -> None:
        put(upload, bucket)
        remove(engine, shelf)

    with monkeypatch.context() as patch:
        patch.setattr(BucketUpload, "put", stopped)
        assert move_to_bucket(engine, shelf.bucket(), 1) == 0
    assert shelf.keys() == []
    assert None not in {builders.only(engine, Thumbnail).jpeg, builders.only(engine, StoredCandidate).jpeg}
    assert move_to_bucket(engine, shelf.bucket(), 1) == 2


def test_who_shows_pictures_and_who_notes_them_do_not_wait_crosswise(engine: Engine) -> None:
    """The same video twice: both take the notes of its pictures in one order."""
    keys = ["thumbnails/a.jpg", "thumbnails/b.jpg"]
    with transaction(engine) as session:
        session.add_all([BucketRemoval(key=key) for key in keys[::-1]])  # as they lie in the table
    with transaction(engine) as first, ThreadPoolExecutor(1) as pool:
        removals.note(first, keys[:1], removals.UNUSED)

        def show() -> None:
            with transaction(engine) as second:
                removals.hold(second, keys)
                removals.take_back(second, keys)

        shown = pool.submit(show)
        until(lambda: is_waiting(engine))
        removals.note(first, keys[1:], removals.UNUSED)
        first.commit()
        shown.result()

    assert noted(engine) == []


def is_waiting(engine: Engine) -> bool:
    """Tell whether somebody waits for a lock."""
    with engine.connect() as connection:
        return bool(connection.scalar(text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")))
