"""What programs read of assets is what the pages show, and no more than their token may see."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.support.review import shelf
from tests.support.review.judged import HOSTILE, judge, said
from tests.support.review.looked_at import add_frames, looked_at
from tests.support.review.signed_in import API, URL, make_token, program, review_app, with_token
from tests.support.review.statements import counted
from tests.support.service import builders
from worker.database.models import StoredCandidate, Thumbnail
from worker.database.states import Role
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Engine


def walk(client: FlaskClient, address: str, of: str) -> list[list[int]]:
    """Return the ids of each page of a list, from the first to the last."""
    pages = []
    next_address: str | None = address
    while next_address:
        parts = urlsplit(next_address)
        answer = client.get(f"{parts.path}?{parts.query}").json
        pages.append([one["id"] for one in answer[of]])
        next_address = answer["next"]
    return pages


def test_the_list_has_pages_that_lead_to_the_next(engine: Engine) -> None:
    """The newest first, and each once."""
    ids = shelf.add(engine, *"abcde")

    pages = walk(program(engine), "/api/v1/assets?limit=2", "assets")

    assert pages == [[ids[4], ids[3]], [ids[2], ids[1]], [ids[0]]]


def test_the_list_is_filtered_and_searched_as_the_library_is(engine: Engine) -> None:
    """And the next page is one of the same."""
    client = program(engine)
    first, second = shelf.add(engine, "Two goals", "Goal at last", has_failed=True)
    shelf.add(engine, "A goal elsewhere", account="other", has_failed=True)
    shelf.add(engine, "Goal kick")

    asked = "/api/v1/assets?filter=failed&q=goal&account=mux/main&limit=1"
    assert walk(client, asked, "assets") == [[second], [first]]


def test_an_asset_of_the_list_says_what_is_shown_and_why_it_is_there(engine: Engine) -> None:
    """With whole addresses, of which each opens by the same token."""
    (asset_id,) = shelf.add(engine, "At the harbour", duration_s=3723.4)
    picture = shelf.add_picture(engine, asset_id)
    client = program(engine, Role.VIEWER)

    (asset,) = client.get("/api/v1/assets").json["assets"]

    assert (asset["id"], asset["title"], asset["duration_s"]) == (asset_id, "At the harbour", 3723.4)
    assert asset["page"] == f"{URL}/a/mux/main/id-of-At%20the%20harbour"
    assert asset["reasons"] == [{"kind": "unseen", "says": "Nobody has looked at it yet."}]
    assert asset["can_edit"] is False
    assert asset["shown"] == {
        "thumbnail": picture,
        "time_s": 12.4,
        "width_px": 16,
        "height_px": 9,
        "image_url": f"{API}/pictures/{picture}.jpg",
    }
    assert client.get(urlsplit(asset["shown"]["image_url"]).path).status_code == 200


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("filter=new", "there are: all, unsure"),
        ("after=x", "`after` is the number of a row"),
        ("after=99999999999999999999", "`after` is the number of a row"),
        ("limit=0", "`limit` is a number from 1 to 100"),
        ("limit=101", "`limit` is a number from 1 to 100"),
        ("limit=", "`limit` is a number from 1 to 100"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(engine: Engine, query: str, says: str) -> None:
    """A program that is misunderstood would never know."""
    answer = program(engine).get(f"/api/v1/assets?{query}")

    assert (answer.status_code, answer.json["status"]) == (400, "malformed")
    assert says in answer.json["reason"]


def test_an_asset_is_described_as_its_page_shows_it(engine: Engine) -> None:
    """Picks, frames in order of time, what it takes, and what to send with a decision."""
    looked_at(engine)
    client = program(engine)

    asset = client.get("/api/v1/assets/1").json

    assert (asset["generation"], asset["choice"], asset["state"]) == (1, None, "completed")
    assert (asset["accepts"], asset["can_edit"]) == ("time", True)
    assert (asset["job"]["state"], asset["write"]["state"]) == ("completed", "pending")
    assert asset["progress"]["is_settled"] is False
    assert asset["progress"]["says"][0]["says"] == "On its way to Mux."
    assert [pick["rank"] for pick in asset["picks"]] == [1, 2]
    assert asset["shown"]["thumbnail"] == asset["picks"][0]["crops"][0]["thumbnail"]
    assert asset["shown"]["is_chosen"] is False
    times = [one["time_s"] for one in asset["candidates"]]
    assert times == sorted(times)
    assert {one["fate"] for one in asset["candidates"]} >= {"picked", "unfit"}
    for address in (asset["shown"]["image_url"], asset["candidates"][0]["image_url"]):
        assert client.get(urlsplit(address).path).mimetype == "image/jpeg"


@pytest.mark.parametrize("external_id", ["a1", "2026/goals/1.mp4", "/lead", "a b?c#d%2F", "ä"])
def test_an_asset_is_found_by_its_platforms_id(engine: Engine, external_id: str) -> None:
    """Which may hold slashes; its page is found by the address that is told."""
    (asset_id,) = shelf.add(engine, "t", external_id=external_id)
    client = program(engine)

    page = client.get(f"/api/v1/assets/{asset_id}").json["page"]
    named = client.get(page.replace(f"{URL}/a/", "/api/v1/assets/"))

    assert named.json["id"] == asset_id


def test_a_deleted_asset_has_no_pictures(engine: Engine) -> None:
    """It says when it was deleted."""
    looked_at(engine)
    builders.record(engine, builders.event(EventKind.DELETED, minute=2))
    client = program(engine)

    asset = client.get("/api/v1/assets/1").json

    assert (asset["state"], asset["can_edit"], asset["shown"]) == ("deleted", False, None)
    assert (asset["picks"], asset["candidates"]) == ([], [])
    assert asset["deleted_at"] is not None
    assert client.get("/api/v1/pictures/1.jpg").status_code == 404


def test_a_picture_is_not_sent_twice(engine: Engine) -> None:
    """To who has it."""
    looked_at(engine)
    client = program(engine)

    first = client.get("/api/v1/frames/1.jpg")
    again = client.get("/api/v1/frames/1.jpg", headers={"If-None-Match": first.headers["ETag"]})

    assert first.data == builders.every(engine, StoredCandidate)[0].jpeg
    assert client.get("/api/v1/pictures/1.jpg").data == builders.every(engine, Thumbnail)[0].jpeg
    assert (again.status_code, again.data) == (304, b"")
    assert first.headers["Cache-Control"] == "private, max-age=3600"


def test_other_accounts_are_as_unknown_as_what_does_not_exist(engine: Engine) -> None:
    """In every answer."""
    looked_at(engine)
    client = program(engine, Role.OPERATOR, ("mux", "other"))

    assert client.get("/api/v1/assets").json == {"assets": [], "next": None}
    for address in (
        "/api/v1/assets/1",
        "/api/v1/assets/mux/main/a1",
        "/api/v1/pictures/1.jpg",
        "/api/v1/frames/1.jpg",
        "/api/v1/audit?asset=1",
    ):
        hidden, unknown = client.get(address), client.get(address.replace("1", "99").replace("v99", "v1"))
        assert (hidden.status_code, unknown.status_code) == (404, 404), address
        assert hidden.json == unknown.json


def test_what_was_done_is_listed(engine: Engine) -> None:
    """Of one asset to whoever may see it; of all to operators everywhere only."""
    looked_at(engine)
    client = program(engine)
    for _ in range(3):
        client.post("/api/v1/assets/1/look-again", json={"why": "dark"})

    pages = walk(client, "/api/v1/audit?asset=1&limit=2", "entries")
    newest = client.get("/api/v1/audit?asset=1").json["entries"][0]
    operator = with_token(review_app(engine), make_token(engine, Role.OPERATOR, name="ops"))

    assert [len(page) for page in pages] == [2, 1]
    assert (newest["who"], newest["via"], newest["act"], newest["asset"]) == (
        "token cms",
        "api",
        "look-again",
        1,
    )
    assert newest["detail"] == {"why": "dark"}
    assert client.get("/api/v1/audit").json["status"] == "forbidden"
    assert {one["act"] for one in operator.get("/api/v1/audit").json["entries"]} >= {
        "create-token",
        "look-again",
    }


def test_picks_and_frames_say_what_a_judge_said(engine: Engine) -> None:
    """None of a frame that it was not shown; the subject is text of one line, whatever the model wrote."""
    looked_at(engine)
    picked = said("a goalkeeper dives", place=2, faults=["unsafe"])
    judge(engine, 1, {6.5: picked, 2.5: said(HOSTILE)})

    asset = program(engine).get("/api/v1/assets/1").json

    assert [pick["by_judge"] for pick in asset["picks"]] == [picked | {"is_tied": False}, None]
    (frame,) = (one for one in asset["candidates"] if one["time_s"] == 2.5)
    assert frame["by_judge"]["place"] == 1
    assert len(frame["by_judge"]["subject"]) == 80
    assert frame["by_judge"]["subject"].isprintable()
    assert [one["by_judge"] for one in asset["candidates"] if one["time_s"] == 1.0] == [None]


def test_a_long_film_costs_no_more_statements(engine: Engine) -> None:
    """Neither does a longer list."""
    looked_at(engine)
    client = program(engine)
    client.get("/api/v1/assets/1")
    with counted(engine) as few:
        client.get("/api/v1/assets/1")
        client.get("/api/v1/assets")
    add_frames(engine, 200)
    shelf.add(engine, *"abcdefgh")

    with counted(engine) as many:
        assert len(client.get("/api/v1/assets/1").json["candidates"]) > 200
        assert len(client.get("/api/v1/assets").json["assets"]) == 9

    assert len(many) == len(few)
