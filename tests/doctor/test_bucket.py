"""`thumbs doctor` tries the bucket of pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.platforms.storage import BUCKET
from tests.support.service.builders import make_settings
from worker.doctor.bucket import check_bucket
from worker.doctor.finding import State
from worker.errors import BucketUnavailable
from worker.storage.bucket import PictureBucket

if TYPE_CHECKING:
    from tests.support.platforms.picture_shelf import Shelf


def test_where_there_is_none_nothing_is_said() -> None:
    """Pictures are in the database."""
    assert list(check_bucket(make_settings())) == []


def test_a_bucket_that_does_all_is_well_and_nothing_is_left_there(shelf: Shelf) -> None:
    """Put, read, listed, removed."""
    (found,) = check_bucket(shelf.settings())

    assert (found.state, shelf.keys()) == (State.OK, [])


def test_a_bucket_that_is_away_is_told(shelf: Shelf) -> None:
    """By what could not be done."""
    shelf.cut()
    (found,) = check_bucket(shelf.settings())

    assert found.state is State.FAILED
    assert "cannot be put there" in found.says
    assert "BUCKET_ENDPOINT_URL" in found.remedy
    assert "s3:" not in found.remedy


def test_an_address_with_the_name_of_the_bucket_is_told(shelf: Shelf) -> None:
    """The storage takes what is put there, as another key, and lists nothing."""
    address = f"{shelf.settings().bucket_endpoint_url}/{BUCKET}"
    (found,) = check_bucket(shelf.settings(bucket_endpoint_url=address))

    assert found.state is State.FAILED
    assert "without the bucket's name" in found.remedy


@pytest.mark.parametrize(("step", "words"), [("list", "listed"), ("delete", "removed"), ("get", "read")])
def test_a_right_that_is_missing_is_named(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, step: str, words: str
) -> None:
    """As where a key may only write."""

    def refused(*_: object) -> None:
        raise BucketUnavailable("403 (AccessDenied)")

    monkeypatch.setattr(PictureBucket, step, refused)
    (found,) = check_bucket(shelf.settings())

    assert f"cannot be {words}" in found.says
    assert "s3:ListBucket" in found.remedy


def test_an_answer_that_is_not_what_was_put_there_is_told(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As from a cache in between, or where ranges are not known."""
    monkeypatch.setattr(PictureBucket, "get", lambda *_: b"something else")
    (found,) = check_bucket(shelf.settings())

    assert found.state is State.FAILED


def test_a_slash_at_the_end_of_the_prefix_does_no_harm(shelf: Shelf) -> None:
    """People write it so."""
    (found,) = check_bucket(shelf.settings(bucket_url=f"s3://{BUCKET}/pictures/"))

    assert found.state is State.OK
