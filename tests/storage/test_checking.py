"""The bucket is compared with the rows: what is missing is named, and what is left over goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from tests.storage.test_moving import stored
from tests.support.platforms.picture_shelf import let_notes_be_due
from tests.support.service import builders
from tests.support.service.builders import JPEG, SMALL_JPEG
from worker.admin.erase import erase_asset
from worker.database import transaction
from worker.database.models import StoredCandidate, Thumbnail
from worker.errors import BucketUnavailable
from worker.storage import bucket as storage_bucket
from worker.storage import comparing, removals
from worker.storage.bucket import PictureBucket
from worker.storage.checking import BucketCheck, check_pictures
from worker.storage.keys import bundle_key, thumbnail_key
from worker.storage.moving import move_to_bucket
from worker.storage.remover import remove_due

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

    from tests.support.platforms.picture_shelf import Shelf

TODAY = datetime.now(UTC).date()
ORPHAN = thumbnail_key("0" * 64)  # before every other one
LONG_S = 5.0


def stored_apart(engine: Engine, shelf: Shelf, count: int) -> None:
    """Store a run of each of some assets, with a thumbnail and a bundle of its own in the bucket."""
    stored(engine, count)
    for number in range(1, count + 1):
        assert move_to_bucket(engine, shelf.bucket(), number) == 2


def keys_of(engine: Engine, asset_id: int) -> tuple[str, str]:
    """Keys of an asset's thumbnail, and of its bundle."""
    (sha256,) = [row.sha256 for row in builders.every(engine, Thumbnail) if row.asset_id == asset_id]
    (bundle,) = [row.bundle for row in builders.every(engine, StoredCandidate) if row.asset_id == asset_id]
    return thumbnail_key(sha256), bundle


def checked(
    engine: Engine,
    shelf: Shelf,
    after: str = "",
    on_progress: Callable[[int, None], None] = lambda *_: None,
    *,
    removes_orphans: bool = False,
) -> BucketCheck:
    """Check all, or what comes after a key."""
    check = BucketCheck(after)
    check_pictures(engine, shelf.settings(), check, on_progress, removes_orphans=removes_orphans)
    return check


def counts(check: BucketCheck) -> tuple[int, int, int]:
    """How many objects are there, are shown by no row, and are missing."""
    return check.objects, check.orphans, check.missing


def test_a_bucket_that_has_all_is_well(engine: Engine, shelf: Shelf) -> None:
    """Nothing is said of it."""
    stored_apart(engine, shelf, 2)

    check = checked(engine, shelf)

    assert (counts(check), check.strange, check.is_all) == ((4, 0, 0), 0, True)


@pytest.mark.parametrize(("window", "page"), [(1, 1), (2, 3), (3, 2), (5_000, 1_000)])
def test_both_sides_are_compared_wherever_their_pages_end(
    engine: Engine, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, window: int, page: int
) -> None:
    """With what is missing and what is too much at the beginning, in between and at the end."""
    stored_apart(engine, shelf, 7)
    bundles = sorted(bundle for _, bundle in (keys_of(engine, number) for number in range(1, 8)))
    shown = shelf.keys()
    missing = {shown[0], shown[3], shown[6], shown[7], shown[12], shown[13]}
    orphans = {ORPHAN, thumbnail_key("f" * 64), bundle_key(TODAY - timedelta(days=1), 1, 1, (8, 4))}
    orphans |= {bundle_key(TODAY, number, 9, (8, 4)) for number in (4, 99, 100)}
    assert bundles == shown[:7]
    for key in missing:
        shelf.damage(key, None)
    for key in orphans:
        shelf.bucket().put(key, SMALL_JPEG)
    monkeypatch.setattr(comparing, "WINDOW_KEYS", window)
    monkeypatch.setattr(storage_bucket, "PAGE_KEYS", page)

    parts = list(comparing.compare(engine, shelf.bucket()))

    assert [one.key for part in parts for one in part.missing] == sorted(missing)
    assert [one.key for part in parts for one in part.orphans] == sorted(orphans)
    assert [one.key for part in parts for one in part.objects] == shelf.keys()
    for part in parts[:-1]:
        assert part.end is not None
        rest = list(comparing.compare(engine, shelf.bucket(), part.end))
        assert [one.key for more in rest for one in more.missing] == [
            key for key in sorted(missing) if key > part.end
        ]


def test_what_is_missing_of_earlier_picks_is_no_matter(engine: Engine, shelf: Shelf) -> None:
    """After the remedy, so that a check by a program is green again; the same of a deleted video."""
    stored_apart(engine, shelf, 2)
    shelf.empty()
    assert checked(engine, shelf).needed == 4
    with transaction(engine) as session:
        session.execute(text("UPDATE thumbnails SET outdated_at = now() WHERE asset_id = 1"))
        session.execute(text("UPDATE assets SET deleted_at = now() WHERE id = 2"))

    check = checked(engine, shelf)

    assert (check.missing, check.needed) == (4, 1)
    assert [(one.key, one.asset and one.asset.external_id) for one in check.named] == [
        (keys_of(engine, 1)[1], "a1")
    ]


def test_what_is_left_over_is_removed_after_a_day(
    engine: Engine, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not before, and nothing else."""
    stored_apart(engine, shelf, 1)
    shown = shelf.keys()
    shelf.bucket().put(ORPHAN, JPEG)

    check = checked(engine, shelf, removes_orphans=True)
    assert (check.orphans, check.orphans_bytes, check.orphans_young) == (1, len(JPEG), 1)
    let_notes_be_due(engine)
    assert remove_due(engine, shelf.bucket(), LONG_S) == 0
    monkeypatch.setattr(removals, "UPLOAD", timedelta(days=-1))
    assert checked(engine, shelf).orphans_young == 0
    assert remove_due(engine, shelf.bucket(), LONG_S) == 0

    assert checked(engine, shelf, removes_orphans=True).orphans == 1
    assert checked(engine, shelf, removes_orphans=True).orphans == 0  # it is noted
    let_notes_be_due(engine)
    remove_due(engine, shelf.bucket(), LONG_S)

    assert shelf.keys() == shown


@pytest.mark.usefixtures("a_day_later")
def test_an_upload_in_flight_is_left_alone(engine: Engine, shelf: Shelf) -> None:
    """It is noted before it begins; so is a whole day of frames that is to go."""
    shelf.bucket().put(ORPHAN, JPEG)
    shelf.bucket().put(bundle_key(TODAY, 1, 1, (8, 4)), SMALL_JPEG)
    with transaction(engine) as session:
        removals.note(session, [ORPHAN], timedelta(days=1))
        removals.forget_bundles(session, TODAY, TODAY + timedelta(days=1))

    assert counts(checked(engine, shelf, removes_orphans=True)) == (2, 0, 0)


@pytest.mark.usefixtures("a_day_later")
@pytest.mark.parametrize(
    "key",
    ["notes.txt", "thumbnails/README", "thumbnails/ü \x7f&<.jpg", f"candidates/x/{'9' * 40}-1-a-8x4.bin"],
)
def test_objects_of_others_are_left_alone(engine: Engine, shelf: Shelf, key: str) -> None:
    """Whatever they are called."""
    shelf.bucket().put(key, b"whose?")

    check = checked(engine, shelf, removes_orphans=True)
    let_notes_be_due(engine)
    remove_due(engine, shelf.bucket(), LONG_S)

    assert (counts(check), check.strange, shelf.keys()) == ((1, 0, 0), 1, [key])


@pytest.mark.usefixtures("a_day_later")
def test_what_is_stored_and_erased_meanwhile_is_neither_missing_nor_left_over(
    engine: Engine, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the rows and that at the bucket."""
    stored(engine, 2)
    move_to_bucket(engine, shelf.bucket(), 2)
    ask = PictureBucket.list

    def meanwhile(bucket: PictureBucket, *some: str, **more: Any) -> Iterator[Any]:
        monkeypatch.setattr(PictureBucket, "list", ask)
        move_to_bucket(engine, shelf.bucket(), 1)
        erase_asset(engine, 2, "somebody", "", lambda *_: None)
        let_notes_be_due(engine)
        remove_due(engine, shelf.bucket(), LONG_S)
        return ask(bucket, *some, **more)

    monkeypatch.setattr(PictureBucket, "list", meanwhile)

    assert counts(checked(engine, shelf, removes_orphans=True)) == (2, 0, 0)
    let_notes_be_due(engine)
    remove_due(engine, shelf.bucket(), LONG_S)
    assert len(shelf.keys()) == 2


def test_a_check_that_broke_off_goes_on(
    engine: Engine, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it found until then is kept."""
    stored_apart(engine, shelf, 3)
    first, *_, last = shelf.keys()
    for key in (first, last):
        shelf.damage(key, None)
    monkeypatch.setattr(storage_bucket, "PAGE_KEYS", 2)
    check = BucketCheck()
    with pytest.raises(BucketUnavailable):
        check_pictures(engine, shelf.settings(), check, lambda *_: shelf.cut(), removes_orphans=False)
    assert ([one.key for one in check.named], check.is_all) == ([first], False)
    shelf.mend()

    rest = checked(engine, shelf, check.after)

    assert ([one.key for one in rest.named], rest.is_all) == ([last], True)
    assert check.objects + rest.objects == 4


def test_pictures_in_rows_are_not_missed_in_the_bucket(engine: Engine, shelf: Shelf) -> None:
    """As before they are moved there."""
    stored(engine, 2)

    assert counts(checked(engine, shelf)) == (0, 0, 0)


def test_what_was_moved_back_and_not_removed_is_left_over(engine: Engine, shelf: Shelf) -> None:
    """As where the notes of it were lost with a database."""
    stored(engine, 1)
    (thumbnail,) = builders.every(engine, Thumbnail)
    shelf.bucket().put(thumbnail_key(thumbnail.sha256), JPEG)

    assert counts(checked(engine, shelf)) == (1, 1, 0)


def test_bundles_are_found_by_an_index_with_an_entry_for_each_run(engine: Engine) -> None:
    """In the order in which a bucket lists them; no row is read for it."""
    key = 'bundle COLLATE "C"'
    where = f"bundle_offset = 0 AND {key} > 'candidates/'"
    question = f"SELECT DISTINCT {key} FROM candidates WHERE {where} ORDER BY {key} LIMIT 10"  # noqa: S608
    with engine.connect() as connection:
        connection.execute(text("SET enable_seqscan = off"))
        lines = list(connection.execute(text(f"EXPLAIN {question}")).scalars())

    assert all("bundle" in line for line in lines if "Scan" in line), lines
    assert not [line for line in lines if "->  Sort" in line], lines
