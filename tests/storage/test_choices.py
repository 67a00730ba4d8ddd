"""A person chooses a frame or a picture that is in the bucket."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from tests.support.service import builders
from tests.support.service.builders import JPEG, SMALL_JPEG
from tests.support.service.chosen_asset import CHOSEN_S, PICKED_S, WHO
from worker import choices
from worker.choices import ChoiceRequest, request_of_thumbnail
from worker.choices.own_picture import OwnPicture
from worker.database import transaction
from worker.database.models import Asset, StoredCandidate, Thumbnail
from worker.storage.bucket import READ_S
from worker.storage.moving import move_to_bucket, move_waiting
from worker.storage.pictures import Pictures

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.platforms.picture_shelf import Shelf
    from worker.choices import ChoiceMade

SHA256 = OwnPicture.of_jpeg(JPEG).sha256


@pytest.fixture
def apart(engine: Engine, shelf: Shelf) -> Engine:
    """Return a database whose one asset has its pictures in the bucket."""
    builders.record(engine, builders.event())
    builders.completed(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE thumbnails SET sha256 = :sha256"), {"sha256": SHA256})
    move_to_bucket(engine, shelf.bucket(), 1)
    return engine


def chosen(engine: Engine, shelf: Shelf, request: ChoiceRequest) -> ChoiceMade:
    """Choose for the asset."""
    with transaction(engine) as session:
        asset = session.get_one(Asset, 1, with_for_update=True)
        return choices.choose(session, asset, request, WHO, "", Pictures(shelf.bucket()))


def test_a_frame_is_read_there_and_shown_at_once(apart: Engine, shelf: Shelf) -> None:
    """As a thumbnail of its own, which goes into the bucket, too."""
    made = chosen(apart, shelf, ChoiceRequest(time_s=CHOSEN_S))

    assert made.thumbnail is not None
    assert made.thumbnail.jpeg == SMALL_JPEG
    assert move_waiting(apart, shelf.bucket(), 5.0) == 1
    assert shelf.content(f"thumbnails/{made.thumbnail.sha256}.jpg") == SMALL_JPEG


def test_while_the_bucket_is_away_the_nearest_pick_stands_in(apart: Engine, shelf: Shelf) -> None:
    """A run is to cut the still; a platform that takes a time gets the chosen one."""
    shelf.cut()
    made = chosen(apart, shelf, ChoiceRequest(time_s=CHOSEN_S))

    assert not made.is_exact
    assert made.thumbnail is not None
    assert (made.thumbnail.sha256, made.thumbnail.time_s) == (SHA256, CHOSEN_S)


def test_a_webhook_of_the_video_does_not_wait_for_a_bucket_that_says_nothing(
    apart: Engine, shelf: Shelf
) -> None:
    """Its row is locked while the frame is read, and the receiver waits for that for a second."""
    shelf.silence()
    began_s = time.monotonic()

    made = chosen(apart, shelf, ChoiceRequest(time_s=CHOSEN_S))

    assert time.monotonic() - began_s < READ_S - 1
    assert made.thumbnail is not None
    assert made.thumbnail.sha256 == SHA256


def test_a_pick_is_chosen_without_reading_it(apart: Engine, shelf: Shelf) -> None:
    """The same picture has the same object."""
    shelf.cut()
    made = chosen(apart, shelf, ChoiceRequest(time_s=PICKED_S))

    assert made.is_exact
    assert made.thumbnail is not None
    assert (made.thumbnail.jpeg, made.thumbnail.sha256) == (None, SHA256)
    assert (made.thumbnail.width_px, made.thumbnail.height_px) == (16, 9)


def test_a_picture_of_ones_own_is_chosen_again_without_reading_it(apart: Engine, shelf: Shelf) -> None:
    """Its size is in its row."""
    made = chosen(apart, shelf, ChoiceRequest(picture=OwnPicture.of_jpeg(SMALL_JPEG)))
    assert made.thumbnail is not None
    move_waiting(apart, shelf.bucket(), 5.0)
    shelf.cut()
    with transaction(apart) as session:
        asset = session.get_one(Asset, 1)
        again = request_of_thumbnail(session, asset, made.thumbnail.id)

    repeated = chosen(apart, shelf, again)

    assert repeated.thumbnail is not None
    assert (repeated.thumbnail.jpeg, repeated.thumbnail.sha256) == (None, made.thumbnail.sha256)
    assert len(builders.every(apart, Thumbnail)) == 3
    assert builders.only(apart, StoredCandidate).jpeg is None
