"""Thumbnails that are in the bucket are shown at the same addresses."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from tests.support.service import builders
from tests.support.service.builders import JPEG
from tests.support.service.deliveries import EVENTS_SECRET, make_settings
from webhook import app as receiver
from webhook.app import create_app
from worker.choices.own_picture import OwnPicture
from worker.storage import bucket as storage_bucket
from worker.storage.links import ThumbnailLinks
from worker.storage.moving import move_to_bucket

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Engine

    from tests.support.platforms.picture_shelf import Shelf

SHA256 = OwnPicture.of_jpeg(JPEG).sha256
ADDRESS = f"/thumbnails/{SHA256}.jpg"
SIGNED = {"signed_thumbnails": "private", "thumbnails_secret": EVENTS_SECRET}


@pytest.fixture(autouse=True)
def _picked(engine: Engine) -> None:
    """Store the picture of one video."""
    builders.record(engine, builders.event())
    builders.completed(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE thumbnails SET sha256 = :sha256"), {"sha256": SHA256})


def client_of(engine: Engine, shelf: Shelf, **values: Any) -> FlaskClient:
    """Return a client of a receiver that reads from the bucket."""
    return create_app(make_settings(**shelf.variables(**values)), engine).test_client()


def test_a_picture_is_the_same_from_either_home(engine: Engine, shelf: Shelf) -> None:
    """Byte for byte, and all that is said of it."""
    client = client_of(engine, shelf)
    before = client.get(ADDRESS)
    move_to_bucket(engine, shelf.bucket(), 1)
    after = client.get(ADDRESS)

    assert (after.status_code, after.data) == (before.status_code, before.data) == (200, JPEG)
    for header in ("ETag", "Cache-Control", "Content-Type", "Content-Length", "X-Content-Type-Options"):
        assert after.headers[header] == before.headers[header]
    assert client.head(ADDRESS).headers["Content-Length"] == str(len(JPEG))


def test_while_the_bucket_is_away_a_picture_is_there_later(engine: Engine, shelf: Shelf) -> None:
    """503, which no cache keeps; who has the picture is told so all the same."""
    move_to_bucket(engine, shelf.bucket(), 1)
    client = client_of(engine, shelf)
    shelf.cut()

    answer = client.get(ADDRESS)

    assert (answer.status_code, answer.headers["Cache-Control"]) == (503, "no-store")
    assert 0 < int(answer.headers["Retry-After"]) <= 10
    assert client.get(ADDRESS, headers={"If-None-Match": f'"{SHA256}"'}).status_code == 304
    shelf.mend()
    assert client.get(ADDRESS).status_code == 200


@pytest.mark.parametrize("content", [None, b"something else"], ids=["missing", "damaged"])
def test_a_picture_that_is_lost_is_not_shown(engine: Engine, shelf: Shelf, content: bytes | None) -> None:
    """404, with what helps."""
    move_to_bucket(engine, shelf.bucket(), 1)
    shelf.damage(f"thumbnails/{SHA256}.jpg", content)

    answer = client_of(engine, shelf).get(ADDRESS)

    assert answer.status_code == 404
    assert "looked at again" in answer.get_json()["reason"]


def test_a_private_picture_needs_its_signature_before_the_bucket_is_asked(
    engine: Engine, shelf: Shelf
) -> None:
    """Who may not see it learns nothing, not even whether the bucket is there."""
    move_to_bucket(engine, shelf.bucket(), 1)
    with engine.begin() as connection:
        connection.execute(text("UPDATE assets SET is_private = true"))
    settings = make_settings(**shelf.variables(**SIGNED))
    client = client_of(engine, shelf, **SIGNED)
    signed = ThumbnailLinks.of(settings).url(SHA256, is_private=True).removeprefix(settings.public_url)

    assert client.get(signed).data == JPEG
    shelf.cut()
    assert client.get(ADDRESS).status_code == 404
    assert client.get(signed).status_code == 503


def test_a_silent_bucket_holds_no_connection_to_the_database(
    engine: Engine, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More readers than there are connections wait for it, and another question is answered at once."""
    monkeypatch.setattr(storage_bucket, "READ_S", 2.0)
    move_to_bucket(engine, shelf.bucket(), 1)
    client = client_of(engine, shelf)
    shelf.silence()
    readers = receiver.PICTURE_CONNECTIONS + 2

    with ThreadPoolExecutor(readers) as threads:
        waiting = [threads.submit(client.get, ADDRESS) for _ in range(readers)]
        time.sleep(0.5)  # the bucket says nothing for so long
        known = client.get(ADDRESS, headers={"If-None-Match": f'"{SHA256}"'})
        is_still_waiting = not any(one.done() for one in waiting)

    assert known.status_code == 304
    assert is_still_waiting
    assert {one.result().status_code for one in waiting} == {503}


def test_addresses_lead_to_the_cdn_unless_they_are_signed() -> None:
    """Only the receiver can check a signature."""
    settings = make_settings(thumbnails_cdn_url="https://cdn.example.com", **SIGNED)
    links = ThumbnailLinks.of(settings)

    assert links.url(SHA256, is_private=False) == f"https://cdn.example.com{ADDRESS}"
    assert links.url(SHA256, is_private=True).startswith(f"{settings.public_url}{ADDRESS}?")
