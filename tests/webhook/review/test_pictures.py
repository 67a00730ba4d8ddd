"""Pictures are shown to those who may see their video, and kept by nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from tests.support.review.looked_at import looked_at
from tests.support.review.signed_in import review_app, signed_in, without_tokens
from tests.support.service import builders
from worker.database import transaction
from worker.database.base import NOW
from worker.database.models import StoredCandidate, Thumbnail
from worker.database.people import SignIn
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from sqlalchemy import Engine


def test_a_frame_and_a_thumbnail_are_sent_as_they_are_stored(engine: Engine) -> None:
    """For an hour they are the browser's, and of no cache in between."""
    looked_at(engine)
    client = signed_in(engine)

    frame, thumbnail = client.get("/frames/1.jpg"), client.get("/pictures/1.jpg")

    assert frame.data == builders.every(engine, StoredCandidate)[0].jpeg
    assert thumbnail.data == builders.every(engine, Thumbnail)[0].jpeg
    assert frame.mimetype == thumbnail.mimetype == "image/jpeg"
    assert frame.headers["Cache-Control"] == thumbnail.headers["Cache-Control"] == "private, max-age=3600"


def test_what_the_browser_has_is_not_sent_again(engine: Engine) -> None:
    """It only learns that it is still right."""
    looked_at(engine)
    client = signed_in(engine)
    tag = client.get("/frames/1.jpg").headers["ETag"]

    again = client.get("/frames/1.jpg", headers={"If-None-Match": tag})

    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("headers", [{}, {"If-None-Match": '"1"'}])
@pytest.mark.parametrize("address", ["/frames/1.jpg", "/pictures/1.jpg"])
def test_pictures_of_other_accounts_are_as_unknown_as_those_that_do_not_exist(
    engine: Engine, address: str, headers: dict[str, str]
) -> None:
    """Also for a browser that says that it has them."""
    looked_at(engine)
    client = signed_in(engine, where=("mux", "other"))

    hidden, unknown = client.get(address, headers=headers), client.get(address.replace("1", "99"))

    assert (hidden.status_code, unknown.status_code) == (404, 404)
    assert without_tokens(hidden.text) == without_tokens(unknown.text)


def test_a_stranger_sees_no_picture(engine: Engine) -> None:
    """An address that was passed on opens nothing without a sign-in."""
    looked_at(engine)

    assert review_app(engine).test_client().get("/pictures/1.jpg").status_code == 302


def test_pictures_end_with_their_video_and_frames_with_their_run(engine: Engine) -> None:
    """A deleted video is shown no more, and a newer run has frames of its own."""
    looked_at(engine)
    client = signed_in(engine)

    looked_at(engine, minute=1)
    assert client.get("/frames/1.jpg").status_code == 404
    assert client.get("/pictures/1.jpg").status_code == 200

    builders.record(engine, builders.event(EventKind.DELETED, minute=2))
    assert client.get("/pictures/1.jpg").status_code == 404


def test_the_answer_to_a_strangers_picture_leaves_the_cookie_alone(engine: Engine) -> None:
    """The page that it is on may have sent a form meanwhile, and what is told of that is in the cookie."""
    looked_at(engine)
    client = signed_in(engine)
    with transaction(engine) as session:
        session.execute(update(SignIn).values(ended_at=NOW))

    answer = client.get("/frames/1.jpg", headers={"Sec-Fetch-Dest": "image"})

    assert (answer.status_code, answer.data) == (401, b"")
    assert "Set-Cookie" not in answer.headers
    assert client.get("/frames/1.jpg").location.startswith("/sign-in?next=")
