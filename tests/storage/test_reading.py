"""Pictures are read from their row or from the bucket, and never are others shown in their place."""

from __future__ import annotations

import hashlib
import time
from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.support.platforms.storage import BUCKET
from tests.support.service.builders import JPEG, SMALL_JPEG, make_settings
from worker.database.models import StoredCandidate
from worker.errors import BucketUnavailable, PictureLost, SettingsInvalid
from worker.storage import bucket as storage_bucket
from worker.storage.bucket import PictureBucket
from worker.storage.keys import bundle_key, read_bundle_key, thumbnail_key
from worker.storage.pictures import FramePlace, Pictures, frame_size_px

if TYPE_CHECKING:
    from tests.support.platforms.picture_shelf import Shelf


SHA256 = hashlib.sha256(JPEG).hexdigest()
KEY = thumbnail_key(SHA256)
BUNDLE = bundle_key(date(2026, 11, 30), 17, 3, (8, 4))


def test_a_thumbnail_is_the_same_from_either_home(shelf: Shelf) -> None:
    """Byte for byte."""
    shelf.bucket().put(KEY, JPEG)
    pictures = Pictures(shelf.bucket())

    assert pictures.thumbnail(SHA256, None) == pictures.thumbnail(SHA256, JPEG) == JPEG


def test_one_frame_is_read_without_the_others(shelf: Shelf) -> None:
    """From its place in the bundle."""
    shelf.bucket().put(BUNDLE, JPEG + SMALL_JPEG + JPEG)

    frame = Pictures(shelf.bucket()).frame(FramePlace(None, BUNDLE, len(JPEG), len(SMALL_JPEG)))

    assert frame == SMALL_JPEG


def test_all_frames_of_a_run_are_read_at_once(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """By one request, however many there are."""
    asked: list[str] = []
    get = PictureBucket.get

    def noted(self: PictureBucket, key: str, part: range | None = None) -> bytes:
        asked.append(key)
        return get(self, key, part)

    monkeypatch.setattr(PictureBucket, "get", noted)
    other = SMALL_JPEG[:2] + b"\xff\xfe\x00\x04.." + SMALL_JPEG[2:]  # with a comment
    shelf.bucket().put(BUNDLE, other + SMALL_JPEG)
    places = [(0, len(other)), (len(other), len(SMALL_JPEG))]
    rows = [StoredCandidate(bundle=BUNDLE, bundle_offset=at, bundle_length=size) for at, size in places]

    Pictures(shelf.bucket()).fill(rows)

    assert [row.jpeg for row in rows] == [other, SMALL_JPEG]
    assert asked == [BUNDLE]


@pytest.mark.parametrize("content", [None, b"", JPEG[:-1], SMALL_JPEG], ids=["gone", "empty", "cut", "other"])
def test_a_thumbnail_that_is_not_what_was_put_there_is_not_shown(shelf: Shelf, content: bytes | None) -> None:
    """The message says what helps."""
    shelf.bucket().put(KEY, JPEG)
    shelf.damage(KEY, content)

    with pytest.raises(PictureLost, match="thumbs requeue"):
        Pictures(shelf.bucket()).thumbnail(SHA256, None)


@pytest.mark.parametrize(
    "content",
    [None, b"", JPEG, JPEG + SMALL_JPEG[:-1], SMALL_JPEG + JPEG],
    ids=["gone", "empty", "end", "cut", "other"],
)
def test_nor_is_a_frame(shelf: Shelf, content: bytes | None) -> None:
    """Whether it is read alone or with all others."""
    shelf.bucket().put(BUNDLE, JPEG + SMALL_JPEG)
    shelf.damage(BUNDLE, content)
    place = FramePlace(None, BUNDLE, len(JPEG), len(SMALL_JPEG))
    row = StoredCandidate(bundle=BUNDLE, bundle_offset=place.offset, bundle_length=place.length)
    pictures = Pictures(shelf.bucket())

    with pytest.raises(PictureLost, match="thumbs requeue"):
        pictures.frame(place)
    with pytest.raises(PictureLost, match="thumbs requeue"):
        pictures.fill([row])


def test_a_bucket_that_is_away_is_not_asked_again_at_once(shelf: Shelf) -> None:
    """So nobody waits for it again and again; it is asked when the pause is over."""
    shelf.bucket().put(KEY, JPEG)
    pictures = Pictures(shelf.bucket())
    shelf.cut()
    with pytest.raises(BucketUnavailable) as failed:
        pictures.thumbnail(SHA256, None)
    shelf.way.heal()

    with pytest.raises(BucketUnavailable, match="a moment ago") as paused:
        pictures.thumbnail(SHA256, None)
    shelf.mend()

    assert failed.value.retry_after_s
    assert paused.value.retry_after_s
    assert pictures.thumbnail(SHA256, None) == JPEG


def test_a_bucket_that_says_nothing_is_not_waited_for(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody waits for the picture."""
    monkeypatch.setattr(storage_bucket, "READ_S", 0.3)
    shelf.silence()
    began_s = time.monotonic()

    with pytest.raises(BucketUnavailable):
        Pictures(shelf.bucket()).thumbnail(SHA256, None)

    assert time.monotonic() - began_s < 3.0


def test_a_bucket_that_is_not_there_is_named(shelf: Shelf) -> None:
    """With the variable to look at."""
    with pytest.raises(BucketUnavailable, match="there is no such bucket; check BUCKET_URL"):
        shelf.bucket(bucket_url="s3://other").put(KEY, JPEG)


def test_requests_are_signed_and_a_wrong_key_is_told(shelf: Shelf) -> None:
    """It says nothing of any platform, and the secret stands in no message."""
    with shelf.storage.guarded() as (key_id, secret):
        right = {"bucket_access_key_id": key_id, "bucket_secret_access_key": secret}
        signed = shelf.bucket(**right, bucket_url=f"s3://{BUCKET}/a b/ü")
        signed.put(KEY, JPEG)
        assert signed.get(KEY) == JPEG
        assert [one.key for page in signed.list("thumbnails/") for one in page] == [KEY]
        assert signed.delete([KEY, thumbnail_key('&<"')]) == {}
        assert list(signed.list()) == []
        with pytest.raises(BucketUnavailable, match="BUCKET_SECRET_ACCESS_KEY") as refused:
            shelf.bucket(**right | {"bucket_secret_access_key": "wrong-secret"}).get(KEY)

    assert "wrong-secret" not in str(refused.value)


def test_a_picture_in_a_bucket_that_nothing_names_is_told() -> None:
    """As where the settings were taken away too early."""
    with pytest.raises(BucketUnavailable, match="BUCKET_URL is not set"):
        Pictures.of(make_settings()).thumbnail(SHA256, None)


def test_a_program_without_the_key_says_so() -> None:
    """Settings that all programs read name the bucket; each program has a key of its own, or none."""
    settings = make_settings(bucket_url="s3://pictures", account_secrets="none")

    with pytest.raises(SettingsInvalid, match="BUCKET_ACCESS_KEY_ID"):
        PictureBucket.of(settings)


def test_how_large_frames_are_is_known_without_asking() -> None:
    """By the row, or by the name of their bundle."""
    assert frame_size_px(FramePlace(SMALL_JPEG)) == (8, 4)
    assert frame_size_px(FramePlace(None, BUNDLE)) == (8, 4)
    assert frame_size_px(FramePlace(None, "candidates/odd.bin")) is None


def test_the_name_of_a_bundle_tells_its_asset() -> None:
    """And other names tell nothing."""
    name = read_bundle_key(BUNDLE)

    assert name is not None
    assert name.asset_id == 17
    assert [
        read_bundle_key(key) for key in (KEY, "", "candidates/1-2-3-x.bin", "candidates/1-2-3-4x5x6.bin")
    ] == [None] * 4
