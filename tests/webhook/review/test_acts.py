"""The forms of an asset's page, as a browser without JavaScript sends them."""

from __future__ import annotations

import io
import re
import threading
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.support.review.decided import ACCOUNT, configured, frame_at, look_anew, looked_at, pick_at, seen
from tests.support.review.signed_in import client_of, person, review_app
from tests.support.service import builders
from tests.support.service.builders import JPEG
from worker.choices import own_picture
from worker.database import make_engine, transaction
from worker.database.choices import Choice
from worker.database.models import Asset
from worker.database.states import Role
from worker.pictures import reader

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Engine
    from werkzeug.test import TestResponse


@pytest.fixture
def anna(engine: Engine) -> FlaskClient:
    """Return the browser of an editor."""
    return client_of(review_app(engine, configured()), engine, person(engine))


@pytest.fixture
def bob(engine: Engine) -> FlaskClient:
    """Return the browser of another one."""
    return client_of(review_app(engine, configured()), engine, person(engine, "bob@example.com"))


def form(engine: Engine, **fields: object) -> dict[str, object]:
    """Fill in a form of a page that was opened just now."""
    before = seen(engine)
    return {"generation": before.generation, "choice": before.choice_id or "", "why": "", **fields}


def said(client: FlaskClient) -> str:
    """Return what the next page tells."""
    page = client.get("/").text
    return re.sub(r"<[^>]+>", " ", page.partition('id="said"')[2].partition("</div>")[0])


def words(answer: TestResponse) -> str:
    """Return the text of a page, without its marks."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def test_a_frame_is_chosen_by_a_plain_form(engine: Engine, anna: FlaskClient) -> None:
    """The browser is led back to the asset, and the next page says what was done."""
    asset_id = looked_at(engine)

    answer = anna.post(
        f"/a/{asset_id}/choose", data=form(engine, candidate=frame_at(engine, 5.0), why="goal")
    )

    assert (answer.status_code, answer.location) == (303, f"/a/{asset_id}")
    assert "00:05.000 is the thumbnail from now on, until it is released." in said(anna)
    choice = builders.only(engine, Choice)
    assert (choice.who, choice.why, choice.time_s) == ("anna@example.com", "goal", 5.0)


def test_a_pick_and_a_printed_time_are_chosen_so_too(engine: Engine, anna: FlaskClient) -> None:
    """Times are read as they are printed."""
    asset_id = looked_at(engine)

    anna.post(f"/a/{asset_id}/choose", data=form(engine, thumbnail=pick_at(engine, 8.0)))
    anna.post(f"/a/{asset_id}/choose", data=form(engine, time=" 00:12.4 "))

    assert [choice.time_s for choice in builders.every(engine, Choice)] == [8.0, pytest.approx(12.4)]


def test_a_picture_is_uploaded(engine: Engine, anna: FlaskClient) -> None:
    """Where the platform takes one."""
    asset_id, file = looked_at(engine, "fastpix"), io.BytesIO()
    Image.new("RGB", (320, 180), "orange").save(file, "PNG")
    file.seek(0)

    answer = anna.post(f"/a/{asset_id}/choose", data=form(engine, picture=(file, "mine.png")))

    assert answer.status_code == 303
    assert "Your picture is the thumbnail from now on" in said(anna)
    assert builders.only(engine, Choice).kind == "image"


def test_a_choice_is_released(engine: Engine, anna: FlaskClient) -> None:
    """The best pick comes back."""
    asset_id = looked_at(engine)
    anna.post(f"/a/{asset_id}/choose", data=form(engine, time="3"))

    answer = anna.post(f"/a/{asset_id}/release", data=form(engine, why="no"))

    assert answer.status_code == 303
    assert "Released; the best pick is the thumbnail again." in said(anna)
    assert builders.only(engine, Choice).released_because == "no"


def test_ranges_are_one_a_line(engine: Engine, anna: FlaskClient) -> None:
    """Empty lines are none; nothing at all is what the account wants."""
    asset_id = looked_at(engine)

    anna.post(f"/a/{asset_id}/options", data={"avoid": "0-15\r\n\r\n 00:30-00:40 ", "prefer": ""})
    assert builders.asset(engine).options == {"avoid": ["0-15", "00:30-00:40"]}

    anna.post(f"/a/{asset_id}/options", data={"avoid": "", "prefer": ""})
    assert builders.asset(engine).options is None


def test_a_look_and_a_confirmation_are_told(engine: Engine, anna: FlaskClient) -> None:
    """A second look says that one waits."""
    asset_id = looked_at(engine)

    anna.post(f"/a/{asset_id}/look-again", data={"why": "dark"})
    assert "The video is looked at again" in said(anna)
    anna.post(f"/a/{asset_id}/look-again")
    assert "it goes first now" in said(anna)
    anna.post(f"/a/{asset_id}/confirm", data=form(engine))
    assert "Noted that this thumbnail is fine." in said(anna)
    assert builders.asset(engine).reviewed_by == "anna@example.com"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"time": "noon"}, "no moment: write seconds, as 12.4, or a time, as 00:12.4"),
        ({"time": "999999"}, "a time must be 0 or more seconds, and within the video"),
        ({}, "choose one thing: a frame, a pick, a time or a picture"),
        ({"time": "1", "candidate": "1"}, "choose one thing"),
        ({"candidate": "x"}, "this form is out of date; open the page again"),
        ({"candidate": "9" * 30}, "this form is out of date"),
        ({"candidate": "9" * 19}, "is not of the newest run; choose one that is"),
        ({"thumbnail": "0"}, "that picture is no longer stored; open the page again"),
        ({"time": "1", "generation": ""}, "this form is out of date"),
        ({"time": "1", "choice": "-1"}, "this form is out of date"),
        ({"picture": (io.BytesIO(b""), "")}, "select a file first, a JPEG, PNG or WEBP"),
        ({"picture": (io.BytesIO(b"<svg/>"), "x.png")}, "the file is no picture in JPEG, PNG, WEBP"),
        ({"picture": (io.BytesIO(builders.JPEG), "x.jpg")}, "16 x 9 pixels; a thumbnail needs more"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_answered_with_what_to_do(
    engine: Engine, anna: FlaskClient, fields: dict[str, object], says: str
) -> None:
    """And nothing is chosen."""
    asset_id = looked_at(engine)
    with transaction(engine) as session:
        session.get_one(Asset, asset_id).duration_s = 60.0

    answer = anna.post(f"/a/{asset_id}/choose", data=form(engine, **fields))

    assert answer.status_code == 422
    assert says.lower() in words(answer).lower()
    assert builders.every(engine, Choice) == []


def test_a_platform_that_shows_a_moment_takes_no_picture(engine: Engine, anna: FlaskClient) -> None:
    """The sentence says what it takes."""
    asset_id, file = looked_at(engine), io.BytesIO()
    Image.new("RGB", (320, 180)).save(file, "JPEG")
    file.seek(0)

    answer = anna.post(f"/a/{asset_id}/choose", data=form(engine, picture=(file, "mine.jpg")))

    assert answer.status_code == 422
    assert "Mux shows a moment of the video and takes no picture: choose a time." in words(answer)


def test_an_asset_that_is_deleted_says_so(engine: Engine, anna: FlaskClient) -> None:
    """No act is half done."""
    asset_id = looked_at(engine)
    builders.record(engine, builders.event(builders.EventKind.DELETED, minute=5))

    deleted = [
        anna.post(f"/a/{asset_id}/{act}", data=form(engine, time="1"))
        for act in ("choose", "look-again", "options", "release", "confirm")
    ]

    assert {answer.status_code for answer in deleted} == {422}
    assert all("The asset is deleted at its platform" in words(answer) for answer in deleted)


def test_every_act_asks_for_the_role(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it reads anything; to whoever may not see the asset it is not there, nor is an act by GET."""
    asset_id, app = looked_at(engine), review_app(engine, configured())
    monkeypatch.setattr(own_picture, "read_picture", lambda _: pytest.fail("a viewer's picture was read"))
    viewer = client_of(app, engine, person(engine, "v@example.com", Role.VIEWER))
    other = client_of(app, engine, person(engine, "s@example.com", where=("mux", "other")))
    nobody = app.test_client()

    for act in ("choose", "release", "options", "look-again", "confirm"):
        address = f"/a/{asset_id}/{act}"
        forbidden, unseen, led_away = (
            client.post(address, data=form(engine, picture=(io.BytesIO(b"x"), "x.png")))
            for client in (viewer, other, nobody)
        )
        assert (forbidden.status_code, "takes the role editor" in words(forbidden)) == (403, True)
        assert (unseen.status_code, led_away.status_code) == (404, 302)
        assert led_away.location.startswith("/sign-in")
        assert viewer.get(address).status_code in {404, 405}

    assert builders.job_states(engine) == ["completed"]
    assert builders.every(engine, Choice) == []


def test_a_video_that_is_being_worked_on_is_said_to_be(engine: Engine) -> None:
    """Its row is locked while a run stores what it found; the database is well."""
    asset_id = looked_at(engine)
    impatient = make_engine(engine.url.render_as_string(hide_password=False), lock_timeout_ms=100)
    anna = client_of(review_app(impatient, configured()), engine, person(engine))

    with transaction(engine) as run:
        run.get_one(Asset, asset_id, with_for_update=True)
        answer = anna.post(f"/a/{asset_id}/confirm", data=form(engine))
    impatient.dispose()

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "The video is being worked on. Try again in a few seconds" in words(answer)


def test_a_picture_that_has_to_wait_for_others_gives_its_thread_back(
    engine: Engine, anna: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a few uploads keep all pages from everybody."""
    asset_id = looked_at(engine)
    monkeypatch.setattr(reader, "WAIT_S", 0.1)
    monkeypatch.setattr(reader, "_few_at_once", threading.BoundedSemaphore(1))
    with reader._few_at_once:  # noqa: SLF001 - somebody else's picture
        answer = anna.post(f"/a/{asset_id}/choose", data=form(engine, picture=(io.BytesIO(JPEG), "mine.jpg")))

    assert answer.status_code == 503
    assert "Other pictures are being read; try again in a few seconds." in words(answer)


def test_a_form_without_the_sessions_token_does_nothing(engine: Engine) -> None:
    """Another site could send it."""
    asset_id, app = looked_at(engine), review_app(engine, configured())
    app.config["WTF_CSRF_ENABLED"] = True
    anna = client_of(app, engine, person(engine))

    assert anna.post(f"/a/{asset_id}/choose", data=form(engine, time="1")).status_code == 400
    assert builders.every(engine, Choice) == []


def test_a_conflict_is_a_page_with_both_pictures(engine: Engine, anna: FlaskClient, bob: FlaskClient) -> None:
    """Its form insists, and what was asked for is done then."""
    asset_id = looked_at(engine)
    annas = form(engine, time="3")
    bob.post(f"/a/{asset_id}/choose", data=form(engine, candidate=frame_at(engine, 5.0)))

    answer = anna.post(f"/a/{asset_id}/choose", data={**annas, "why": "mine <b>is better"})

    assert answer.status_code == 409
    assert "bob@example.com chose another thumbnail" in words(answer)
    theirs = pick_at(engine, 5.0)
    assert re.findall(r'<img src="([^"]+)"', answer.text) == [
        f"/pictures/{theirs}.jpg",
        f"/frames/{frame_at(engine, 3.0)}.jpg",
    ]
    mine = answer.text.partition('id="mine"')[2]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', mine))
    assert fields["why"] == "mine &lt;b&gt;is better"
    again = anna.post(f"/a/{asset_id}/choose", data=fields)
    assert again.status_code == 303
    assert builders.every(engine, Choice)[-1].time_s == 3.0


def test_a_frame_that_is_gone_is_said_to_be(engine: Engine, anna: FlaskClient) -> None:
    """There is nothing to insist on."""
    asset_id = looked_at(engine)
    annas = form(engine, candidate=frame_at(engine, 5.0))
    look_anew(engine, asset_id)

    answer = anna.post(f"/a/{asset_id}/choose", data=annas)

    assert answer.status_code == 409
    assert "The frame that you chose is gone" in words(answer)
    assert "Use mine" not in answer.text


def test_ranges_of_two_people_meet_on_a_page(engine: Engine, anna: FlaskClient, bob: FlaskClient) -> None:
    """Who comes second sees both, and may have both."""
    asset_id = looked_at(engine)
    page = bob.get(f"/a/{asset_id}").text
    before = dict(re.findall(r'name="(\w+_before)" value="([^"]*)"', page))
    assert before == {"avoid_before": "", "prefer_before": ""}
    anna.post(f"/a/{asset_id}/options", data=form(engine, avoid="0-15", **before))

    answer = bob.post(f"/a/{asset_id}/options", data=form(engine, prefer="10-20", **before))

    assert (answer.status_code, "anna@example.com set other parts" in words(answer)) == (409, True)
    assert builders.asset(engine).options == {"avoid": ["0-15"]}
    both = dict(re.findall(r'name="(\w+)" value="([^"]*)"', answer.text.partition('id="both"')[2]))
    assert bob.post(f"/a/{asset_id}/options", data=both).status_code == 303
    assert builders.asset(engine).options == {"avoid": ["0-15"], "prefer": ["10-20"]}


def test_the_ranges_of_the_account_stand_in_the_fields(engine: Engine) -> None:
    """So that whoever adds one does not drop them."""
    asset_id = looked_at(engine)
    settings = builders.make_settings(mux={"main": {**ACCOUNT, "avoid": "0-15"}})
    page = client_of(review_app(engine, settings), engine, person(engine)).get(f"/a/{asset_id}")

    assert re.search(r'<textarea name="avoid"[^>]*>0-15</textarea>', page.text)
    assert "What to avoid is from the account" in words(page)


def test_a_confirmation_of_what_is_shown_no_longer_is_asked_about(engine: Engine, anna: FlaskClient) -> None:
    """With the picture that is shown by now; who finds that fine too says so there."""
    asset_id = looked_at(engine)
    before = form(engine)
    look_anew(engine, asset_id)

    answer = anna.post(f"/a/{asset_id}/confirm", data=before)

    assert (answer.status_code, "Yours" in answer.text) == (409, False)
    now = dict(re.findall(r'name="(\w+)" value="([^"]*)"', answer.text.partition('id="theirs"')[2]))
    assert anna.post(f"/a/{asset_id}/confirm", data=now).status_code == 303


def test_a_release_of_another_choice_is_asked_about(
    engine: Engine, anna: FlaskClient, bob: FlaskClient
) -> None:
    """With the picture that would go."""
    asset_id = looked_at(engine)
    anna.post(f"/a/{asset_id}/choose", data=form(engine, time="3"))
    annas = form(engine)
    bob.post(f"/a/{asset_id}/choose", data=form(engine, time="5"))

    answer = anna.post(f"/a/{asset_id}/release", data=annas)

    assert (answer.status_code, "Release theirs" in answer.text) == (409, True)
    assert f"/pictures/{pick_at(engine, 5.0)}.jpg" in answer.text
    assert builders.every(engine, Choice)[-1].released_at is None
