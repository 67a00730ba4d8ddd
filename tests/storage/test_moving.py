"""Pictures are moved into the bucket and back, and come back as they were."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, select, text

from tests.support.platforms.picture_shelf import let_notes_be_due
from tests.support.service import builders
from tests.support.service.builders import JPEG, SMALL_JPEG
from tests.support.service.commands import answer
from tests.support.waiting import until
from worker.database import transaction
from worker.database.bucket import BucketRemoval
from worker.database.models import Asset, StoredCandidate, Thumbnail
from worker.dispatch.maintenance import Maintenance
from worker.errors import BucketUnavailable
from worker.storage.bucket import PictureBucket
from worker.storage.moving import Home, move_to_bucket, move_to_database, move_waiting
from worker.storage.moving_all import move_pictures
from worker.storage.pictures import FramePlace, Pictures
from worker.storage.remover import remove_due

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.platforms.picture_shelf import Shelf
    from tests.support.service.commands import Run

READING = {"bucket_takes_pictures": False}
LONG_S = 5.0


def stored(engine: Engine, count: int) -> None:
    """Store a run of each of some assets, whose pictures differ."""
    for number in range(1, count + 1):
        builders.record(engine, builders.event(asset_id=f"a{number}"))
        builders.completed(engine)
        # What follows the end of a JPEG's first segment is a comment, which changes no size.
        jpeg = JPEG[:2] + b"\xff\xfe\x00\x04" + number.to_bytes(2, "big") + JPEG[2:]
        values = {"jpeg": jpeg, "sha256": hashlib.sha256(jpeg).hexdigest(), "id": number}
        with engine.begin() as connection:
            connection.execute(
                text("UPDATE thumbnails SET jpeg = :jpeg, sha256 = :sha256 WHERE asset_id = :id"), values
            )


def pictures_in_rows(engine: Engine) -> list[bytes | None]:
    """Bytes of all thumbnails and frames."""
    rows = [*builders.every(engine, Thumbnail), *builders.every(engine, StoredCandidate)]
    return [row.jpeg for row in rows]


def moved(engine: Engine, shelf: Shelf, home: Home, limit: int | None = None) -> tuple[int, int]:
    """Move all; return of how many assets, and how many pictures."""
    settings = shelf.settings(**({} if home is Home.BUCKET else READING))
    done = move_pictures(engine, settings, home, limit, lambda *_: None)
    return done.assets, done.pictures


def test_there_and_back_equals_byte_for_byte(engine: Engine, shelf: Shelf) -> None:
    """And what was there is removed once nobody reads it."""
    stored(engine, 3)
    before = pictures_in_rows(engine)

    assert moved(engine, shelf, Home.BUCKET) == (3, 6)
    assert pictures_in_rows(engine) == [None] * 6
    assert len(shelf.keys()) == 6
    assert moved(engine, shelf, Home.DATABASE) == (3, 6)

    assert pictures_in_rows(engine) == before
    assert len(shelf.keys()) == 6
    let_notes_be_due(engine)
    remove_due(engine, shelf.bucket(), LONG_S)
    assert shelf.keys() == []


@pytest.mark.parametrize("home", list(Home))
def test_a_move_that_was_interrupted_goes_on(engine: Engine, shelf: Shelf, home: Home) -> None:
    """Nothing is moved twice."""
    stored(engine, 3)
    if home is Home.DATABASE:
        moved(engine, shelf, Home.BUCKET)

    assert moved(engine, shelf, home, limit=1) == (1, 2)
    shelf.cut()
    with pytest.raises(BucketUnavailable):
        moved(engine, shelf, home)
    shelf.mend()

    assert moved(engine, shelf, home) == (2, 4)
    assert moved(engine, shelf, home) == (0, 0)


def test_a_picture_that_is_lost_is_told_and_others_are_moved(engine: Engine, shelf: Shelf) -> None:
    """Its rows stay as they are."""
    stored(engine, 2)
    moved(engine, shelf, Home.BUCKET)
    (row,) = [one for one in builders.every(engine, Thumbnail) if one.asset_id == 1]
    shelf.damage(f"thumbnails/{row.sha256}.jpg", b"other")

    done = move_pictures(engine, shelf.settings(**READING), Home.DATABASE, None, lambda *_: None)

    assert (done.assets, [lost.asset_id for lost in done.lost]) == (1, [1])
    assert "thumbs requeue" in done.lost[0].why
    assert [jpeg is None for jpeg in pictures_in_rows(engine)] == [True, False, True, False]


def test_what_is_replaced_meanwhile_is_not_touched(
    engine: Engine, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The objects that were put there for it go."""
    stored(engine, 1)
    put = PictureBucket.put

    def slow(self: PictureBucket, key: str, *more: Any) -> None:
        with transaction(engine) as session:
            session.execute(delete(StoredCandidate))
        put(self, key, *more)

    monkeypatch.setattr(PictureBucket, "put", slow)

    assert move_to_bucket(engine, shelf.bucket(), 1) == 1
    let_notes_be_due(engine)
    remove_due(engine, shelf.bucket(), LONG_S)
    assert (len(shelf.keys("thumbnails/")), shelf.keys("candidates/")) == (1, [])


def test_a_picture_whose_hash_is_another_stays_in_its_row(engine: Engine, shelf: Shelf) -> None:
    """In the bucket, nobody could find it; and it holds up no other."""
    builders.record(engine, builders.event())
    builders.completed(engine)

    move_waiting(engine, shelf.bucket(), LONG_S)

    assert pictures_in_rows(engine) == [JPEG, None]


def test_the_dispatcher_moves_what_waits_once_the_bucket_is_back(engine: Engine, shelf: Shelf) -> None:
    """As after an outage, by itself."""
    stored(engine, 2)
    maintenance = Maintenance(engine, shelf.settings())
    shelf.cut()
    with pytest.raises(BucketUnavailable):
        maintenance._move_pictures()  # noqa: SLF001 - one step of its thread
    shelf.mend()

    maintenance._move_pictures()  # noqa: SLF001 - the same

    assert pictures_in_rows(engine) == [None] * 4
    # What broke off left notes only, which are settled in a day.
    let_notes_be_due(engine)
    maintenance._remove_pictures()  # noqa: SLF001 - the same
    assert len(shelf.keys()) == 4
    with transaction(engine) as session:
        assert session.scalars(select(BucketRemoval)).all() == []


def test_it_puts_nothing_there_that_is_moved_back(engine: Engine, shelf: Shelf) -> None:
    """BUCKET_TAKES_PICTURES holds for it, too; what is due is removed all the same."""
    stored(engine, 1)
    moved(engine, shelf, Home.BUCKET)
    move_to_database(engine, shelf.bucket(**READING), 1)
    let_notes_be_due(engine)

    maintenance = Maintenance(engine, shelf.settings(**READING))
    maintenance._remove_pictures()  # noqa: SLF001 - two steps of its thread
    maintenance._move_pictures()  # noqa: SLF001 - the same

    assert None not in pictures_in_rows(engine)
    assert shelf.keys() == []


def test_a_bucket_that_is_full_is_tidied(
    engine: Engine, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes no picture before something is removed."""
    stored(engine, 1)
    shelf.bucket().put("thumbnails/old.jpg", JPEG)
    with transaction(engine) as session:
        session.add(BucketRemoval(key="thumbnails/old.jpg"))

    def full(*_: object) -> None:
        raise BucketUnavailable("XMinioAdminBucketQuotaExceeded")

    monkeypatch.setattr(PictureBucket, "put", full)
    with Maintenance(engine, shelf.settings()):
        until(lambda: shelf.keys() == [])

    assert None not in pictures_in_rows(engine)


def test_frames_of_two_sizes_are_read_from_wherever_they_are(engine: Engine, shelf: Shelf) -> None:
    """After an edit there are frames of the old file and of the new one, and one may be damaged."""
    stored(engine, 1)
    frames = [SMALL_JPEG, JPEG, b"damaged", SMALL_JPEG]
    with transaction(engine) as session:
        session.execute(delete(StoredCandidate))
        session.add_all(
            StoredCandidate(asset_id=1, generation=1, time_s=number, shot=0, parts={}, jpeg=jpeg)
            for number, jpeg in enumerate(frames)
        )

    move_to_bucket(engine, shelf.bucket(), 1)
    pictures = Pictures(shelf.bucket())

    rows = sorted(builders.every(engine, StoredCandidate), key=lambda row: row.time_s)
    assert [pictures.frame(FramePlace.of(row)) for row in rows] == frames
    assert [row.jpeg is None for row in rows] == [True, False, False, True]


class TestTheCommand:
    """`thumbs pictures`."""

    @pytest.fixture(autouse=True)
    def _settings(self, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in shelf.variables().items():
            monkeypatch.setenv(name.upper(), str(value))

    def test_moves_and_counts(self, engine: Engine, thumbs: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """There, a part of it, and back."""
        stored(engine, 3)

        first = answer(thumbs("pictures", "move", "--to", "bucket", "--limit", "2", "--json"))
        assert first == {"assets": 2, "pictures": 4, "lost": [], "is_all": False}
        assert answer(thumbs("pictures", "status", "--json"))["thumbnails_in_rows"] == 1
        move = ("pictures", "move", "--to")
        told = thumbs(*move, "bucket").output
        assert told == "moved 2 pictures of 1 assets into the bucket; all are there\n"
        told = thumbs(*move, "bucket").output
        assert told == "nothing was left to move into the bucket; all are there\n"
        monkeypatch.setenv("BUCKET_TAKES_PICTURES", "false")
        told = thumbs(*move, "database").output
        assert told == "moved 6 pictures of 3 assets into the database; all are there\n"
        status = thumbs("pictures", "status").output
        assert "thumbnails in the database, with the frames of their runs: 3" in status
        assert "may be removed from the bucket: 6, of these due: 0" in status

    def test_ctrl_c_says_that_it_goes_on(
        self, engine: Engine, thumbs: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What was moved stays so."""
        stored(engine, 2)

        def interrupted(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(PictureBucket, "put", interrupted)
        ended = thumbs("pictures", "move", "--to", "bucket")

        assert ended.exit_code == 130
        assert ended.stderr == "thumbs: interrupted; what was moved stays so: run it again to go on\n"

    def test_moves_nothing_that_would_come_back(self, thumbs: Run) -> None:
        """It says what to set first."""
        refused = thumbs("pictures", "move", "--to", "database")

        assert refused.exit_code == 2
        assert "BUCKET_TAKES_PICTURES" in refused.output

    def test_says_that_the_bucket_is_away(self, engine: Engine, shelf: Shelf, thumbs: Run) -> None:
        """And that it can be run again."""
        stored(engine, 1)
        shelf.cut()

        failed = thumbs("pictures", "move", "--to", "bucket")

        assert failed.exit_code == 1
        assert "run it again to go on" in failed.output

    def test_fails_where_a_picture_is_lost(
        self, engine: Engine, shelf: Shelf, thumbs: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Naming the asset."""
        stored(engine, 1)
        move_to_bucket(engine, shelf.bucket(), 1)
        shelf.empty()
        monkeypatch.setenv("BUCKET_TAKES_PICTURES", "false")

        failed = thumbs("pictures", "move", "--to", "database")

        assert failed.exit_code == 1
        assert "asset 1 was left as it is" in failed.output


def test_frames_have_the_size_that_their_bundle_tells(engine: Engine, shelf: Shelf) -> None:
    """So that pages are laid out without them."""
    stored(engine, 1)
    moved(engine, shelf, Home.BUCKET)

    (key,) = shelf.keys("candidates/")
    assert key.endswith("-8x4.bin")
    assert shelf.content(key) == SMALL_JPEG
    assert builders.only(engine, Asset).id == 1
