"""A form that is sent after the sign-in has ended is not done, and nothing that was typed is lost."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from tests.support.review.looked_at import looked_at
from tests.support.review.signed_in import client_of, person, review_app, signed_in
from tests.support.service import builders
from worker.database import transaction
from worker.database.base import NOW
from worker.database.choices import Choice
from worker.database.people import SignIn
from worker.database.states import Role
from worker.people import invitations
from worker.people.roles import Grant, operator_of_server

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Engine
    from werkzeug.test import TestResponse

NOT_DONE = "What you sent was not done, since you were signed out."
ANNA = "anna@example.com"


@pytest.fixture
def anna(engine: Engine) -> FlaskClient:
    """Return the browser of an editor whose sign-in has ended, while a page of a video was open."""
    looked_at(engine)
    client = client_of(review_app(engine), engine, person(engine, ANNA))
    with transaction(engine) as session:
        session.execute(update(SignIn).values(ended_at=NOW))
    return client


def come_in(engine: Engine, client: FlaskClient) -> TestResponse:
    """Sign in by an invitation, as somebody who was led to the sign-in does, and open what one is led to."""
    with transaction(engine) as session:
        made = invitations.make(session, operator_of_server("ops@host"), ANNA, [Grant(Role.EDITOR)])
    return client.post(f"/invitations/{made.token}", follow_redirects=True)


def test_it_is_said_and_what_was_typed_comes_back(engine: Engine, anna: FlaskClient) -> None:
    """On the page that it was typed on, and nothing was chosen."""
    sent = anna.post("/a/1/choose", data={"time": "00:02.5", "why": "she laughs"})
    asked = anna.get(sent.location)
    page = come_in(engine, anna)

    assert sent.location == "/sign-in?next=/a/1"
    assert f"{NOT_DONE} Sign in, and send it again." in asked.text
    assert page.request.path == "/a/1"
    assert re.search(rf'role="alert">.*{NOT_DONE} Send it again\.', page.text)
    assert re.search(r'<input name="time"[^>]* value="00:02\.5">', page.text)
    assert page.text.count('value="she laughs"') == 1
    assert builders.every(engine, Choice) == []


def test_it_comes_back_once(engine: Engine, anna: FlaskClient) -> None:
    """And on no other video's page."""
    looked_at(engine, asset_id="a2")
    anna.get(anna.post("/a/1/choose", data={"time": "00:02.5"}).location)
    come_in(engine, anna)

    for address in ("/a/1", "/a/2"):
        page = anna.get(address).text
        assert NOT_DONE not in page
        assert "00:02.5" not in page


def test_ranges_come_back_also_those_that_were_deleted(engine: Engine, anna: FlaskClient) -> None:
    """What is typed goes before what is stored."""
    with transaction(engine) as session:
        session.merge(builders.asset(engine)).options = {"avoid": ["0-1"], "prefer": ["2-3"]}
    anna.get(anna.post("/a/1/options", data={"avoid": "5-6\r\n7-8", "prefer": ""}).location)

    page = come_in(engine, anna).text

    assert re.findall(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL) == ["5-6\r\n7-8", ""]


def test_the_frame_is_open_again_with_its_reason(engine: Engine, anna: FlaskClient) -> None:
    """It was opened by the script, so the address of the page does not name it."""
    anna.get(anna.post("/a/1/choose", data={"candidate": "3", "why": "goal"}).location)

    page = come_in(engine, anna).text

    assert 'data-choose="3"' in page
    assert page.count('value="goal"') == 1


@pytest.mark.parametrize("referrer", [None, "/a/1/choose", "/nowhere", "/sign-out"])
def test_the_way_back_leads_to_a_page(anna: FlaskClient, referrer: str | None) -> None:
    """What was shown as the answer to a form has its address, which cannot be opened."""
    headers = {} if referrer is None else {"Referer": f"http://localhost{referrer}"}

    assert anna.post("/a/1/choose", headers=headers).location == "/sign-in?next=/a/1"
    assert anna.post("/bulk", headers=headers).location == "/sign-in"


@pytest.mark.parametrize(
    "form",
    [
        {"time": "00:02.5", "why": "x" * 5000},
        {"time": "00:02.5", "picture": (io.BytesIO(builders.JPEG), "mine.jpg")},
    ],
    ids=["long", "with a file"],
)
def test_what_a_cookie_has_no_room_for_is_told_and_not_kept(
    engine: Engine, anna: FlaskClient, form: dict[str, object]
) -> None:
    """A cookie that is too large would be dropped by the browser, with all that is in it."""
    asked = anna.get(anna.post("/a/1/choose", data=form).location)
    page = come_in(engine, anna).text

    assert f"{NOT_DONE} Sign in" in asked.text
    assert NOT_DONE in page
    assert "00:02.5" not in page


def test_who_signs_out_twice_is_told_nothing(engine: Engine) -> None:
    """It is as they wanted it."""
    client = signed_in(engine)
    client.post("/sign-out")

    assert NOT_DONE not in client.post("/sign-out", follow_redirects=True).text


def test_a_question_of_the_script_does_not_take_away_the_page(anna: FlaskClient) -> None:
    """Somebody may be typing: the page stays, and says that they are signed out."""
    headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/a/1"}
    answer = anna.get("/a/1/status", headers=headers)

    assert answer.status_code == 286
    assert "HX-Redirect" not in answer.headers
    assert 'You are signed out. <a href="/sign-in?next=/a/1">Sign in</a>' in answer.text
    assert "<html" not in answer.text
