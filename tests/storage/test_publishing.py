"""Publishing a picture that is in the bucket."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from tests.support.service import builders
from tests.support.service.builders import JPEG
from tests.support.service.publisher_rig import PublisherRig, ready_publisher_rig
from worker.choices.own_picture import OwnPicture
from worker.database.accounts import Account
from worker.storage.moving import move_to_bucket

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from tests.support.platforms.picture_shelf import Shelf

SHA256 = OwnPicture.of_jpeg(JPEG).sha256


def with_bucket(rig: PublisherRig, shelf: Shelf) -> PublisherRig:
    """Put the picture of the rig's video into the bucket, and have its publisher read it there."""
    with rig.engine.begin() as connection:
        connection.execute(text("UPDATE thumbnails SET sha256 = :sha256"), {"sha256": SHA256})
    assert move_to_bucket(rig.engine, shelf.bucket(), 1) == 2
    named = {name: getattr(shelf.settings(), name) for name in shelf.variables()}
    settings = rig.publisher.settings.model_copy(update=named)
    return replace(rig, publisher=replace(rig.publisher, settings=settings))


@pytest.fixture
def bunny(engine: Engine, shelf: Shelf, tmp_path: Path) -> Iterator[PublisherRig]:
    """Return a publisher to a platform that takes pictures."""
    with ready_publisher_rig(engine, tmp_path, "bunny") as rig:
        yield with_bucket(rig, shelf)


def test_the_platform_gets_the_picture(bunny: PublisherRig) -> None:
    """The same bytes as from a row."""
    assert bunny.publish().state == "confirmed"
    assert bunny.vendor.known(bunny.asset_id).image == JPEG


def test_a_write_waits_for_the_bucket(bunny: PublisherRig, shelf: Shelf) -> None:
    """As for a platform that is down, for a day; but its account stays open."""
    shelf.cut()
    waiting = bunny.publish()
    assert (waiting.state, waiting.error_class) == ("pending", "BucketUnavailable")
    assert bunny.vendor.journal.entries("write") == []
    assert builders.only(bunny.engine, Account).closed_until is None
    shelf.mend()

    assert bunny.publish().state == "confirmed"


def test_a_picture_that_is_lost_is_not_published(bunny: PublisherRig, shelf: Shelf) -> None:
    """The row says what helps."""
    shelf.damage(f"thumbnails/{SHA256}.jpg", b"something else")

    failed = bunny.publish()

    assert (failed.state, failed.error_class) == ("failed", "PictureLost")
    assert "thumbs requeue" in (failed.error or "")
    assert bunny.vendor.journal.entries("write") == []


def test_a_platform_that_takes_a_time_needs_no_bucket(engine: Engine, shelf: Shelf, tmp_path: Path) -> None:
    """It cuts the picture itself."""
    with ready_publisher_rig(engine, tmp_path) as rig:
        mux = with_bucket(rig, shelf)
        shelf.cut()

        assert mux.publish().state == "confirmed"
    assert builders.publication_states(engine) == ["confirmed"]
