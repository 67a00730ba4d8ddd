"""Thumbnails are shown under the hash of their bytes, to those who may see them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text

from tests.support.service import builders
from tests.support.service.deliveries import EVENTS_SECRET, make_settings
from webhook.app import create_app
from worker.database.models import Thumbnail
from worker.storage.links import LIFETIME_S, ThumbnailLinks

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Engine

SIGNED = {"signed_thumbnails": "private", "thumbnails_secret": EVENTS_SECRET}
PUBLIC_URL = "https://thumbs.example.com"


@pytest.fixture
def thumbnail(engine: Engine) -> Thumbnail:
    """Return a thumbnail that a job has stored."""
    builders.record(engine, builders.event())
    builders.completed(engine)
    stored: Thumbnail = builders.only(engine, Thumbnail)
    return stored


def change(engine: Engine, values: str) -> None:
    """Change the video that the thumbnail is of."""
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE assets SET {values}"))  # noqa: S608 - the test's own words


def signing_client(engine: Engine, **values: Any) -> FlaskClient:
    """Return a client of a receiver that wants signed addresses."""
    return create_app(make_settings(public_url=PUBLIC_URL, **{**SIGNED, **values}), engine).test_client()


def links(**values: Any) -> ThumbnailLinks:
    """Return what makes the addresses for it."""
    return ThumbnailLinks.of(make_settings(public_url=PUBLIC_URL, **{**SIGNED, **values}))


def path_of(url: str) -> str:
    """Return what a client asks the receiver for."""
    return url.removeprefix(PUBLIC_URL)


def test_a_thumbnail_is_served_with_what_lets_it_be_kept(client: FlaskClient, thumbnail: Thumbnail) -> None:
    """For an hour, because it may have to vanish; then it is asked for again."""
    answer = client.get(f"/thumbnails/{thumbnail.sha256}.jpg")

    assert (answer.status_code, answer.data) == (200, thumbnail.jpeg)
    assert answer.content_type == "image/jpeg"
    assert answer.headers["ETag"] == f'"{thumbnail.sha256}"'
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_who_has_it_already_is_told_so(client: FlaskClient, thumbnail: Thumbnail) -> None:
    """304, and no bytes, for another hour."""
    answer = client.get(
        f"/thumbnails/{thumbnail.sha256}.jpg", headers={"If-None-Match": f'"{thumbnail.sha256}"'}
    )

    assert (answer.status_code, answer.data) == (304, b"")
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert answer.headers["ETag"] == f'"{thumbnail.sha256}"'


def test_head_tells_its_size(client: FlaskClient, thumbnail: Thumbnail) -> None:
    """Without sending it."""
    answer = client.head(f"/thumbnails/{thumbnail.sha256}.jpg")

    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(thumbnail.jpeg))


@pytest.mark.parametrize(
    "name", ["0" * 64, "0" * 63, "A" * 64, "0" * 65, "%00", "..%2f..%2fetc", "' OR 1=1", "\N{BULLET}" * 64]
)
def test_whatever_else_is_404(client: FlaskClient, thumbnail: Thumbnail, name: str) -> None:
    """There is no other way to a picture than its hash."""
    assert thumbnail.sha256 != name
    answer = client.get(f"/thumbnails/{name}.jpg")

    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")


@pytest.mark.parametrize("known", ["", '"{}"'])
def test_that_of_a_deleted_video_is_gone_at_once(
    client: FlaskClient, engine: Engine, thumbnail: Thumbnail, known: str
) -> None:
    """Also for those who have it already and ask whether it still holds."""
    change(engine, "deleted_at = now()")

    answer = client.get(
        f"/thumbnails/{thumbnail.sha256}.jpg", headers={"If-None-Match": known.format(thumbnail.sha256)}
    )

    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")


def test_that_of_a_private_video_is_public_unless_addresses_are_signed(
    client: FlaskClient, engine: Engine, thumbnail: Thumbnail
) -> None:
    """As docs/events.md says; with the setting, the address alone opens nothing."""
    change(engine, "is_private = true")
    address = f"/thumbnails/{thumbnail.sha256}.jpg"

    assert client.get(address).status_code == 200
    refused = signing_client(engine).get(address)
    assert (refused.status_code, refused.headers["Cache-Control"]) == (404, "no-store")


def test_a_signed_address_opens_and_is_kept_by_its_reader_alone(engine: Engine, thumbnail: Thumbnail) -> None:
    """A shared cache would show it to others."""
    change(engine, "is_private = true")
    url = links().url(thumbnail.sha256, is_private=True)

    answer = signing_client(engine).get(path_of(url))

    assert (answer.status_code, answer.data) == (200, thumbnail.jpeg)
    assert answer.headers["Cache-Control"] == "private, max-age=3600"


def test_it_is_not_kept_beyond_its_end(
    engine: Engine, thumbnail: Thumbnail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it open then."""
    change(engine, "is_private = true")
    client = signing_client(engine)
    url = links().url(thumbnail.sha256, is_private=True)
    expires_s = int(parse_qs(urlsplit(url).query)["expires"][0])

    monkeypatch.setattr(time, "time", lambda: expires_s - 60)
    assert client.get(path_of(url)).headers["Cache-Control"] == "private, max-age=60"
    monkeypatch.setattr(time, "time", lambda: expires_s + 1)
    assert client.get(path_of(url)).status_code == 404


@pytest.mark.parametrize("is_private", ["false", "NULL"])
def test_who_may_see_a_video_of_which_it_is_not_known(
    engine: Engine, thumbnail: Thumbnail, is_private: str
) -> None:
    """Before we have asked its platform, it counts as private."""
    change(engine, f"is_private = {is_private}")

    answer = signing_client(engine).get(f"/thumbnails/{thumbnail.sha256}.jpg")

    assert answer.status_code == (200 if is_private == "false" else 404)


def test_all_can_be_signed(engine: Engine, thumbnail: Thumbnail) -> None:
    """For those whose videos live on no platform that knows private ones."""
    change(engine, "is_private = false")
    client = signing_client(engine, signed_thumbnails="all")
    url = links(signed_thumbnails="all").url(thumbnail.sha256, is_private=False)

    assert client.get(f"/thumbnails/{thumbnail.sha256}.jpg").status_code == 404
    assert client.get(path_of(url)).status_code == 200


@pytest.mark.parametrize(
    ("given", "instead"),
    [
        ("expires=", "expires=9"),
        ("signature=", "signature=A"),
        ("signature=", "signature="),
        ("signature=", "signature=%ff%00"),
        ("expires=", "expires=x"),
        ("expires=", "before="),
    ],
)
def test_an_address_with_one_thing_changed_opens_nothing(
    engine: Engine, thumbnail: Thumbnail, given: str, instead: str
) -> None:
    """Neither later nor by another signature."""
    change(engine, "is_private = true")
    url = links().url(thumbnail.sha256, is_private=True)
    changed = url.replace(given, instead, 1) if instead != "signature=" else url.partition("signature=")[0]

    assert signing_client(engine).get(path_of(changed)).status_code == 404


def test_a_picture_that_an_open_video_has_too_is_open(engine: Engine, thumbnail: Thumbnail) -> None:
    """Two videos may have the same picture, and so the same address."""
    builders.record(engine, builders.event(asset_id="a2"))
    builders.completed(engine)
    change(engine, "is_private = external_id = 'a1'")

    answer = signing_client(engine).get(f"/thumbnails/{thumbnail.sha256}.jpg")

    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "public, max-age=3600")


def test_an_address_is_signed_for_a_day() -> None:
    """And only where it has to be."""
    plain = f"{PUBLIC_URL}/thumbnails/{'ab' * 32}.jpg"
    signed = links().url("ab" * 32, is_private=True)

    assert links().url("ab" * 32, is_private=False) == plain
    assert links(signed_thumbnails="none").url("ab" * 32, is_private=True) == plain
    assert signed.startswith(f"{plain}?expires=")
    expires_s = int(parse_qs(urlsplit(signed).query)["expires"][0])
    assert abs(expires_s - time.time() - LIFETIME_S) < 60
