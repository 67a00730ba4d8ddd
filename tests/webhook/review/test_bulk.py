"""Many assets are confirmed, looked at again or told what to avoid at once, as far as one may."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from tests.support.review import shelf
from tests.support.review.signed_in import URL, client_of, person, review_app, signed_in
from worker.database import transaction
from worker.database.models import Asset, Job
from worker.database.people import AuditEntry, RoleGrant
from worker.database.states import Role
from worker.review import bulk
from worker.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.testing import FlaskClient
    from sqlalchemy import Engine
    from werkzeug.test import TestResponse

MUX = {"webhook_secret": "s", "token_id": "t", "token_secret": "u"}


def test_marked_assets_are_noted_as_looked_at_and_the_place_is_kept(engine: Engine) -> None:
    """By whom, in the audit too; the others are as they were."""
    one, two, three = shelf.add(engine, "one", "two", "three", pick_gap=0.01)
    anna = signed_in(engine)

    answer = post(anna, "confirm", [one, two], back="filter=unsure")

    assert answer.location == "/?filter=unsure"
    assert said(anna, answer) == "2 videos noted as fine."
    assert shelf.titles(anna, "/?filter=unsure") == ["three"]
    with transaction(engine) as session:
        assert session.get_one(Asset, one).reviewed_by == "anna@example.com"
        assert session.get_one(Asset, three).reviewed_at is None
        noted = session.execute(select(AuditEntry.who, AuditEntry.via, AuditEntry.asset_id))
        assert {tuple(row) for row in noted} == {
            ("anna@example.com", "page", one),
            ("anna@example.com", "page", two),
        }


def test_what_changed_since_the_page_was_opened_is_not_noted_as_fine(engine: Engine) -> None:
    """Nobody has seen it; the others are noted."""
    one, two = shelf.add(engine, "one", "two", pick_gap=0.01)
    anna = signed_in(engine)
    page = anna.get("/?filter=unsure").text
    seen = re.findall(r'name="seen" value="([^"]*)"', page)
    with transaction(engine) as session:
        session.get_one(Asset, one).generation += 1

    answer = post(anna, "confirm", [one, two], back="", seen=seen)

    assert said(anna, answer) == (
        "1 video noted as fine. 1 was not: another picture is shown by now; look at it first."
    )
    assert shelf.titles(anna, "/?filter=unsure") == ["one"]


def test_looking_again_at_many_is_asked_about_first(engine: Engine) -> None:
    """It costs much work. Then each has its job."""
    ids = shelf.add(engine, "one", "two")
    anna = signed_in(engine)

    question = post(anna, "look-again", ids)
    assert question.status_code == 200
    assert "Look again at 2 videos?" in question.text
    assert wanted(engine) == []

    answer = post(anna, "look-again", ids, sure="1")
    assert said(anna, answer) == "2 videos will be looked at again."
    assert wanted(engine) == ids


def test_a_part_to_avoid_comes_on_top_of_what_is_avoided_already(engine: Engine) -> None:
    """Be it the asset's own wish or its account's; what it prefers stays."""
    account = {**MUX, "avoid": ("-30-0",)}
    app = review_app(engine, Settings(mux={"main": account}, review_url=URL))
    anna = client_of(app, engine, person(engine))
    (plain,) = shelf.add(engine, "plain")
    (own,) = shelf.add(engine, "own", options={"avoid": ["0-5"], "prefer": ["50%-100%"]})

    answer = post(anna, "avoid", [plain, own], ranges="0-15, 0-5", sure="1")

    assert said(anna, answer) == "2 videos will be looked at again, and avoid 0-15, 0-5."
    with transaction(engine) as session:
        assert session.get_one(Asset, plain).options == {"avoid": ["-30-0", "0-15", "0-5"]}
        assert session.get_one(Asset, own).options == {"avoid": ["0-5", "0-15"], "prefer": ["50%-100%"]}


@pytest.mark.parametrize("ranges", ["", "soon", "15-0"])
def test_a_range_that_cannot_be_read_changes_nothing(engine: Engine, ranges: str) -> None:
    """What was typed is still there, with a sentence that shows how to write one."""
    ids = shelf.add(engine, "one")
    anna = signed_in(engine)

    answer = post(anna, "avoid", ids, ranges=ranges, sure="1")

    assert answer.status_code == 422
    assert "0-15" in answer.text
    assert f">{ranges}</textarea>" in answer.text
    assert wanted(engine) == []


def test_what_one_may_not_do_is_told_and_the_rest_is_done(engine: Engine) -> None:
    """Deleted assets, accounts where one may only look, and those that one may not even see."""
    (mine,) = shelf.add(engine, "mine")
    (theirs,) = shelf.add(engine, "theirs", account="other")
    (secret,) = shelf.add(engine, "secret", account="third")
    (deleted,) = shelf.add(engine, "deleted")
    anna = person(engine, where=("mux", "main"))
    with transaction(engine) as session:
        session.get_one(Asset, deleted).deleted_at = session.get_one(Asset, mine).created_at
        session.add(RoleGrant(person_id=anna, platform="mux", account="other", role=Role.VIEWER))
    client = client_of(review_app(engine), engine, anna)

    told = said(client, post(client, "confirm", [mine, theirs, secret, deleted, 99]))

    assert told.startswith("1 video noted as fine.")
    assert "2 were not: there is no such video any more" in told
    assert "1 was not: you may only look at mux/other; this takes the role editor" in told
    assert "1 was not: deleted at the platform" in told
    assert "third" not in told
    with transaction(engine) as session:
        seen = session.scalars(select(Asset.id).where(Asset.reviewed_at.is_not(None))).all()
    assert seen == [mine]


def test_what_there_is_no_time_for_is_told(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that others hold cost seconds each, and nobody waits for 48 of them."""
    ids = shelf.add(engine, "one", "two")
    monkeypatch.setattr(bulk, "BEGUN_WITHIN_S", -1.0, raising=False)
    anna = signed_in(engine)

    assert (
        said(anna, post(anna, "confirm", ids)) == "2 were not: there was no time left; try again with these."
    )


def test_nothing_marked_is_told(engine: Engine) -> None:
    """As is an act that there is not, and more at once than a page has."""
    ids = shelf.add(engine, *map(str, range(49)))
    anna = signed_in(engine)

    assert said(anna, post(anna, "confirm", [])) == "No video was marked. Mark some, and try again."
    assert post(anna, "explode", ids[:1]).status_code == 400
    assert post(anna, "confirm", ids).status_code == 400


@pytest.mark.parametrize("back", ["https://evil.example", "next=//evil.example", "q=%0d%0aX:1&filter=nope"])
def test_a_form_leads_back_to_the_library_and_nowhere_else(engine: Engine, back: str) -> None:
    """Whatever it says."""
    answer = post(signed_in(engine), "confirm", [1], back=back)

    assert answer.status_code == 303
    assert answer.location.startswith("/")
    assert "evil" not in answer.location
    assert "\n" not in answer.location


def post(client: FlaskClient, act: str, ids: Sequence[int], **fields: Any) -> TestResponse:
    """Send the form of the library."""
    return client.post("/bulk", data={"act": act, "asset": [str(one) for one in ids], **fields})


def said(client: FlaskClient, answer: TestResponse) -> str:
    """Return the sentences on the page that an answer leads to."""
    assert answer.status_code == 303, answer.text
    page = client.get(answer.location).text
    block = page.partition('aria-live="polite">')[2].partition("</div>")[0]
    return html.unescape(block.replace("</p><p>", " ").replace("<p>", "").replace("</p>", ""))


def wanted(engine: Engine) -> list[int]:
    """List the assets that have a job."""
    with transaction(engine) as session:
        return sorted(session.scalars(select(Job.asset_id)))
