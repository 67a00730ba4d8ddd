"""Programs do what people do on the pages, and meet what they meet."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from tests.support.review.decided import configured, frame_at, look_anew, looked_at, pick_at, seen
from tests.support.review.signed_in import (
    API,
    client_of,
    make_token,
    person,
    program,
    review_app,
    with_token,
)
from tests.support.service import builders
from worker.choices import own_picture
from worker.database.choices import Choice
from worker.database.people import AuditEntry
from worker.database.states import Role

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Engine
    from werkzeug.test import TestResponse

ACTS = ("confirm", "choose", "release", "options", "look-again")


@pytest.fixture
def cms(engine: Engine) -> FlaskClient:
    """Return the program of an editor."""
    return program(engine, settings=configured())


def before(engine: Engine) -> dict[str, Any]:
    """What a program had read just now."""
    now = seen(engine)
    return {"generation": now.generation, "choice": now.choice_id}


def said(answer: TestResponse) -> tuple[int, str, str]:
    """What an answer says in short."""
    return answer.status_code, answer.json["status"], answer.json["reason"]


def jpeg(kind: str = "JPEG") -> bytes:
    """A picture that can be a thumbnail."""
    file = io.BytesIO()
    Image.new("RGB", (320, 180), "orange").save(file, kind)
    return file.getvalue()


def test_a_frame_a_picture_and_a_time_are_chosen(engine: Engine, cms: FlaskClient) -> None:
    """Each answer has what the next act is to send."""
    asset_id = looked_at(engine)
    address = f"/api/v1/assets/{asset_id}/choose"

    first = cms.post(address, json={**before(engine), "candidate": frame_at(engine, 5.0), "why": "goal"})
    told = {name: first.json[name] for name in ("generation", "choice")}
    second = cms.post(address, json={**told, "thumbnail": pick_at(engine, 8.0)})
    third = cms.post(address, json={"time_s": 12.4})

    assert said(first) == (200, "done", "00:05.000 is the thumbnail from now on, until it is released.")
    assert told == {"generation": 1, "choice": builders.every(engine, Choice)[0].id}
    assert (second.status_code, third.status_code) == (200, 200)
    chosen = builders.every(engine, Choice)
    assert [choice.time_s for choice in chosen] == [5.0, 8.0, pytest.approx(12.4)]
    assert (chosen[0].who, chosen[0].why) == ("token cms", "goal")
    shown = cms.get(f"/api/v1/assets/{asset_id}").json
    assert shown["choice"] == chosen[-1].id
    assert (shown["chosen"]["who"], shown["chosen"]["time_s"]) == ("token cms", pytest.approx(12.4))


def test_every_act_stands_in_the_audit_in_the_tokens_name(engine: Engine, cms: FlaskClient) -> None:
    """As done by a program."""
    asset_id = looked_at(engine)
    bodies = {"choose": {"time_s": 3}, "options": {"avoid": ["0-1"]}}

    for act in ACTS:
        assert cms.post(f"/api/v1/assets/{asset_id}/{act}", json=bodies.get(act, {})).status_code == 200, act

    noted = [entry for entry in builders.every(engine, AuditEntry) if entry.asset_id == asset_id]
    assert [entry.act for entry in noted] == list(ACTS)
    assert {(entry.who, entry.via) for entry in noted} == {("token cms", "api")}
    assert builders.asset(engine).reviewed_by == "token cms"


def test_an_act_that_needs_no_word_needs_no_body(engine: Engine, cms: FlaskClient) -> None:
    """And says what was done, as the pages do."""
    asset_id = looked_at(engine)

    looked, again, confirmed, released = (
        cms.post(f"/api/v1/assets/{asset_id}/{act}")
        for act in ("look-again", "look-again", "confirm", "release")
    )

    assert "The video is looked at again" in looked.json["reason"]
    assert "it goes first now" in again.json["reason"]
    assert said(confirmed)[2] == "Noted that this thumbnail is fine."
    assert said(released) == (200, "done", "Nothing was chosen.")


def test_options_are_lists_of_ranges(engine: Engine, cms: FlaskClient) -> None:
    """None at all are what the account wants; one that cannot be read is named."""
    asset_id = looked_at(engine)
    address = f"/api/v1/assets/{asset_id}/options"

    cms.post(address, json={"avoid": ["0-15", "00:30-00:40"], "why": "credits"})
    assert builders.asset(engine).options == {"avoid": ["0-15", "00:30-00:40"]}
    refused = cms.post(address, json={"avoid": ["noon"]})
    assert (said(refused)[:2], "is no range" in said(refused)[2]) == ((422, "refused"), True)
    cms.post(address, json={})
    assert builders.asset(engine).options is None


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_sent_by_itself(engine: Engine, cms: FlaskClient, kind: str) -> None:
    """With what was read before in the query."""
    asset_id = looked_at(engine, "fastpix")

    answer = cms.post(
        f"/api/v1/assets/{asset_id}/choose",
        query_string={"generation": 1, "choice": "", "why": "ours"},
        data=jpeg(kind),
        content_type=f"image/{kind.lower()}",
    )

    assert said(answer) == (200, "done", "Your picture is the thumbnail from now on, until it is released.")
    choice = builders.only(engine, Choice)
    assert (choice.kind, choice.why) == ("image", "ours")
    assert cms.get(f"/api/v1/assets/{asset_id}").json["shown"]["time_s"] is None


def test_a_picture_is_sent_in_a_form(engine: Engine, cms: FlaskClient) -> None:
    """As the page's own form sends it."""
    asset_id = looked_at(engine, "fastpix")
    form = {"generation": "1", "choice": "", "picture": (io.BytesIO(jpeg()), "mine.jpg")}

    answer = cms.post(f"/api/v1/assets/{asset_id}/choose", data=form)

    assert answer.status_code == 200
    assert builders.only(engine, Choice).kind == "image"


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        ({}, 422, "Choose one thing"),
        ({"time_s": 1, "candidate": 1}, 422, "Choose one thing"),
        ({"time_s": 1e9}, 422, "within the video"),
        ({"time_s": -1}, 422, "within the video"),
        ({"candidate": 99}, 422, "is not of the newest run"),
        ({"thumbnail": 99}, 422, "no longer stored"),
        ({"time_s": "12.4"}, 400, "`time_s`"),
        ({"time_s": True}, 400, "`time_s`"),
        ({"candidate": 1.5}, 400, "`candidate`"),
        ({"candidate": -1}, 400, "`candidate`"),
        ({"candidate": 2**63}, 400, "`candidate`"),
        ({"time": 1}, 400, "`time`"),
        ({"time_s": 1, "choice": 1}, 400, "`choice` needs `generation`"),
        ({"time_s": 1, "why": 1}, 400, "`why`"),
        ([], 400, ""),
        (b"{", 400, "Invalid JSON"),
        (b'{"time_s": NaN}', 400, "`time_s`"),
        (b'{"time_s": 1e999}', 400, "`time_s`"),
        (b"[" * 100_000, 400, "Invalid JSON"),
        (b"\xff", 400, "Invalid JSON"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_or_done_is_answered_with_why(
    engine: Engine, cms: FlaskClient, body: object, code: int, says: str
) -> None:
    """And nothing is chosen."""
    asset_id = looked_at(engine)
    sent = {"data": body, "content_type": "application/json"} if isinstance(body, bytes) else {"json": body}

    answer = cms.post(f"/api/v1/assets/{asset_id}/choose", **sent)

    assert said(answer)[:2] == (code, "refused" if code == 422 else "malformed")
    assert says in said(answer)[2]
    assert builders.every(engine, Choice) == []


@pytest.mark.parametrize(
    ("data", "kind", "code", "status"),
    [
        (b"time_s=1", "application/x-www-form-urlencoded", 415, "unsupported"),
        (b"<time>1</time>", "application/xml", 415, "unsupported"),
        (b"GIF89a", "image/gif", 422, "refused"),
        (b"", "image/jpeg", 422, "refused"),
        (b"x" * (11 * 1024 * 1024), "image/jpeg", 413, "too-large"),
    ],
)
def test_a_body_of_another_kind_is_refused(
    engine: Engine, cms: FlaskClient, data: bytes, kind: str, code: int, status: str
) -> None:
    """In the same form as any other answer."""
    asset_id = looked_at(engine, "fastpix")

    answer = cms.post(f"/api/v1/assets/{asset_id}/choose", data=data, content_type=kind)

    assert said(answer)[:2] == (code, status)
    assert builders.every(engine, Choice) == []


def test_a_conflict_has_both_sides_and_what_insists(engine: Engine) -> None:
    """What a person did on the pages meanwhile is not lost in silence."""
    asset_id, app = looked_at(engine), review_app(engine, configured())
    cms, read = with_token(app, make_token(engine)), before(engine)
    anna = client_of(app, engine, person(engine))
    anna.post(f"/a/{asset_id}/choose", data={**read, "choice": "", "candidate": frame_at(engine, 5.0)})

    answer = cms.post(f"/api/v1/assets/{asset_id}/choose", json={**read, "time_s": 3, "why": "mine"})

    assert said(answer)[:2] == (409, "conflict")
    theirs, yours = answer.json["theirs"], answer.json["yours"]
    assert (theirs["how"], theirs["who"]) == ("chosen", "anna@example.com")
    assert theirs["picture"] == {"time_s": 5.0, "image_url": f"{API}/pictures/{pick_at(engine, 5.0)}.jpg"}
    assert yours == {"time_s": 3.0, "image_url": f"{API}/frames/{frame_at(engine, 3.0)}.jpg"}
    assert answer.json["again"] == {"time_s": 3.0, **before(engine)}
    assert len(builders.every(engine, Choice)) == 1
    assert cms.post(f"/api/v1/assets/{asset_id}/choose", json=answer.json["again"]).status_code == 200
    assert builders.every(engine, Choice)[-1].who == "token cms"


def test_a_picture_that_met_a_conflict_need_not_be_sent_twice(engine: Engine, cms: FlaskClient) -> None:
    """It is kept, and is asked for by its number."""
    asset_id, read = looked_at(engine, "fastpix"), before(engine)
    address = f"/api/v1/assets/{asset_id}/choose"
    cms.post(address, json={"time_s": 3})

    met = cms.post(
        address, query_string={"generation": read["generation"]}, data=jpeg(), content_type="image/jpeg"
    )

    assert met.status_code == 409
    assert cms.post(address, json=met.json["again"]).status_code == 200
    assert builders.every(engine, Choice)[-1].kind == "image"


def test_a_frame_that_is_gone_cannot_be_insisted_on(engine: Engine, cms: FlaskClient) -> None:
    """A newer run has others."""
    asset_id = looked_at(engine)
    read = {**before(engine), "candidate": frame_at(engine, 5.0)}
    look_anew(engine, asset_id)

    answer = cms.post(f"/api/v1/assets/{asset_id}/choose", json=read)

    assert (answer.status_code, answer.json["yours"], answer.json["again"]) == (409, None, None)
    assert answer.json["theirs"]["how"] == "picked"


def test_a_release_of_another_choice_is_a_conflict(engine: Engine, cms: FlaskClient) -> None:
    """`again` releases it all the same."""
    asset_id = looked_at(engine)
    cms.post(f"/api/v1/assets/{asset_id}/choose", json={"time_s": 3})
    read = before(engine)
    cms.post(f"/api/v1/assets/{asset_id}/choose", json={"time_s": 5})

    answer = cms.post(f"/api/v1/assets/{asset_id}/release", json=read)

    assert (answer.status_code, answer.json["act"], answer.json["yours"]) == (409, "release", None)
    released = cms.post(f"/api/v1/assets/{asset_id}/release", json=answer.json["again"])
    assert said(released) == (200, "done", "Released; the best pick is the thumbnail again.")


def test_every_act_asks_for_the_role(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it reads anything; to whoever may not see the asset it is not there."""
    asset_id = looked_at(engine)
    monkeypatch.setattr(own_picture, "read_picture", lambda _: pytest.fail("a viewer's picture was read"))
    viewer = program(engine, Role.VIEWER, name="viewer")
    other = program(engine, where=("mux", "other"), name="other")

    for act in ACTS:
        forbidden, unseen = (
            client.post(f"/api/v1/assets/{asset_id}/{act}", data=b"x", content_type="image/png")
            for client in (viewer, other)
        )
        assert said(forbidden)[:2] == (403, "forbidden")
        assert "takes the role editor" in said(forbidden)[2]
        assert said(unseen)[:2] == (404, "unknown")
        assert viewer.get(f"/api/v1/assets/{asset_id}/{act}").status_code == 405
    assert builders.every(engine, Choice) == []


def test_a_deleted_asset_says_so(engine: Engine, cms: FlaskClient) -> None:
    """No act is half done."""
    asset_id = looked_at(engine)
    builders.record(engine, builders.event(builders.EventKind.DELETED, minute=5))

    for act, body in (("choose", {"time_s": 1}), ("look-again", {}), ("options", {})):
        answer = cms.post(f"/api/v1/assets/{asset_id}/{act}", json=body)
        assert said(answer)[:2] == (422, "refused")
        assert "deleted at its platform" in said(answer)[2]
