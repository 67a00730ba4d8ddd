"""Thumbnails are shown under the hash of their bytes, and may be kept for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.service import builders
from worker.database.models import Thumbnail

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Engine


@pytest.fixture
def thumbnail(engine: Engine) -> Thumbnail:
    """Return a thumbnail that a job has stored."""
    builders.record(engine, builders.event())
    builders.completed(engine)
    stored: Thumbnail = builders.only(engine, Thumbnail)
    return stored


def test_a_thumbnail_is_served_with_what_lets_it_be_kept(client: FlaskClient, thumbnail: Thumbnail) -> None:
    """The bytes never change under this address."""
    answer = client.get(f"/thumbnails/{thumbnail.sha256}.jpg")

    assert (answer.status_code, answer.data) == (200, thumbnail.jpeg)
    assert answer.content_type == "image/jpeg"
    assert answer.headers["ETag"] == f'"{thumbnail.sha256}"'
    assert answer.headers["Cache-Control"] == "public, immutable, max-age=31536000"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_who_has_it_already_is_told_so(client: FlaskClient, thumbnail: Thumbnail) -> None:
    """304, and no bytes."""
    answer = client.get(
        f"/thumbnails/{thumbnail.sha256}.jpg", headers={"If-None-Match": f'"{thumbnail.sha256}"'}
    )

    assert (answer.status_code, answer.data) == (304, b"")


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
    assert client.get(f"/thumbnails/{name}.jpg").status_code == 404
