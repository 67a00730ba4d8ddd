"""A poster's address leads each viewer to their picture: for mail and apps that run no script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.viewers import tested_video
from tests.support.viewers.tested_video import SALT
from worker.trials.assignment import bucket_of

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Engine

POSTER = "/v1/posters/mux/main/a1.jpg"


def test_each_viewer_is_led_to_the_picture_that_they_draw(engine: Engine, viewer: FlaskClient) -> None:
    """Always the same one, and no cache may keep where it leads."""
    video = tested_video.store(engine)

    for word in (*map(str, range(20)), "Grüße & mehr", "x" * 64, "\N{FILM FRAMES}" * 64):
        number = bucket_of(SALT, word) // 64
        for _ in range(2):
            answer = viewer.get(POSTER, query_string={"viewer": word})
            assert answer.status_code == 302
            assert answer.headers["Cache-Control"] == "private, no-store"
            assert answer.headers["Location"].endswith(f"/thumbnails/{video.sha256s[number]}.jpg")


@pytest.mark.parametrize("query", ["", "?viewer="])
def test_without_a_viewer_it_is_what_is_shown(engine: Engine, viewer: FlaskClient, query: str) -> None:
    """Nobody is drawn."""
    video = tested_video.store(engine)

    answer = viewer.get(f"{POSTER}{query}")

    assert answer.headers["Location"] == f"https://thumbs.example.com/thumbnails/{video.sha256s[0]}.jpg"
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_too_long_a_word_is_refused(engine: Engine, viewer: FlaskClient) -> None:
    """Rather than always drawing nobody, which nobody would notice."""
    tested_video.store(engine)

    answer = viewer.get(POSTER, query_string={"viewer": "x" * 65})

    assert (answer.status_code, answer.headers["Cache-Control"]) == (400, "no-store")
    assert "64" in answer.json["reason"]
