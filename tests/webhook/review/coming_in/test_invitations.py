"""Invitations and links, as those who were sent one meet them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.review.signed_in import client_of, person, review_app, signed_in
from worker.database import transaction
from worker.database.models import Asset
from worker.database.states import Role
from worker.people import audit, invitations, links
from worker.people.roles import Grant, operator_of_server

if TYPE_CHECKING:
    from sqlalchemy import Engine

OPERATOR = operator_of_server("root@server")


def invite(engine: Engine, email: str = "anna@example.com", days: float = 1, role: Role = Role.EDITOR) -> str:
    """Invite somebody, and return the path of the link."""
    with transaction(engine) as session:
        grants = [Grant(role, "mux", "main")]
        made = invitations.make(session, OPERATOR, email, grants, timedelta(days=days))
        return invitations.path_of(made.token)


def assets(engine: Engine, count: int = 2) -> list[int]:
    """Store assets of one account, and return their ids."""
    with transaction(engine) as session:
        rows = [Asset(platform="mux", account="main", external_id=f"a{number}") for number in range(count)]
        session.add_all(rows)
        session.flush()
        return [row.id for row in rows]


def link_to(engine: Engine, asset_id: int, lifetime: timedelta = links.LIFETIME) -> tuple[str, int]:
    """Make a link that opens one asset; return its path and its number."""
    with transaction(engine) as session:
        asset = session.get_one(Asset, asset_id)
        made = links.make(session, OPERATOR, asset, Role.EDITOR, lifetime)
        return links.path_of(made.token), made.link.id


def test_an_invitation_says_what_it_gives_and_is_used_by_its_button(engine: Engine) -> None:
    """Programs that look at links in mail open it before the person does."""
    path, browser = invite(engine), review_app(engine).test_client()
    for _ in range(3):
        page = browser.get(path).get_data(as_text=True)

    entered = browser.post(path)

    assert "root@server invites you, as <strong>anna@example.com</strong>" in page
    assert "editor of mux/main" in page
    assert entered.location == "/"
    assert "anna@example.com" in browser.get("/").get_data(as_text=True)
    with transaction(engine) as session:
        assert [entry.act for entry in audit.newest(session, 2)] == ["sign-in", "accept"]


def test_who_was_invited_is_still_signed_in_after_the_browser_was_closed(engine: Engine) -> None:
    """The invitation opens once, so the cookie lives as long as the sign-in; nothing makes it live longer."""
    path, browser = invite(engine), review_app(engine).test_client()

    kept_until = browser.get_cookie("thumbs", "localhost") if browser.post(path) else None
    again = browser.get("/")

    assert kept_until is not None
    assert kept_until.expires is not None
    assert kept_until.expires > datetime.now(UTC) + timedelta(days=80)
    assert "Set-Cookie" not in again.headers or "Expires" in again.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("role", "says"), [(Role.VIEWER, "to look at thumbnails:"), (Role.EDITOR, "to choose")]
)
def test_an_invitation_promises_no_more_than_its_role(engine: Engine, role: Role, says: str) -> None:
    """Who may only look is not told that they can choose."""
    assert says in review_app(engine).test_client().get(invite(engine, role=role)).text


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_invitation_that_is_over_says_what_to_do(engine: Engine, method: str) -> None:
    """Used, late, or not copied to its end."""
    used, late = invite(engine), invite(engine, "late@example.com", days=-1)
    app = review_app(engine)
    app.test_client().post(used)

    for path, sentence in (
        (used, "was used already, and opens once"),
        (late, "This invitation ended"),
        (used[:-1], "open the link as it was sent"),
    ):
        refused = app.test_client().open(path, method=method)
        assert refused.status_code == 403
        assert sentence in refused.get_data(as_text=True)


def test_an_invitation_replaces_who_was_signed_in(engine: Engine) -> None:
    """In that browser; nothing of the session before stays."""
    browser = signed_in(engine)
    with browser.session_transaction() as cookie:
        before = cookie["_user_id"]

    browser.post(invite(engine, "eve@example.com"))

    with browser.session_transaction() as cookie:
        assert cookie["_user_id"] != before
    assert "eve@example.com" in browser.get("/").get_data(as_text=True)
    copied = browser.application.test_client()
    with copied.session_transaction() as cookie:
        cookie["_user_id"] = before
    assert copied.get("/").status_code == 302, "the earlier sign-in still counts"


def test_an_invitation_that_is_sent_twice_is_told_alone(engine: Engine) -> None:
    """The welcome waits for the next page."""
    path, browser = invite(engine), review_app(engine).test_client()
    browser.post(path)

    again = browser.post(path).get_data(as_text=True)

    assert "was used already" in again
    assert "Welcome." not in again
    assert "Welcome." in browser.get("/").get_data(as_text=True)


def test_a_link_opens_its_asset_and_nothing_else(engine: Engine) -> None:
    """The library leads to it; other assets, and what is done to many, are refused with a sentence."""
    mine, other = assets(engine)
    app = review_app(engine)
    app.add_url_rule("/b/<int:asset_id>", view_func=lambda asset_id: f"{asset_id}")
    browser = app.test_client()

    opened = browser.get(link_to(engine, mine)[0])

    assert opened.location == f"/a/{mine}"
    assert browser.get("/").location == f"/a/{mine}"
    for method, path in (
        ("GET", f"/a/{other}"),
        ("POST", f"/a/{other}/choose"),
        ("GET", f"/a/{mine}0"),
        ("POST", "/bulk"),
        ("GET", "/b/1"),
        ("POST", "/sign-out-everywhere"),
    ):
        refused = browser.open(path, method=method)
        assert refused.status_code in {403, 404}, path
    assert "opens one video only" in browser.get("/b/1").get_data(as_text=True)


def test_a_link_ends_at_once_where_it_is_revoked(engine: Engine) -> None:
    """Also in a browser that has it open; and one that is over opens nothing."""
    (mine,) = assets(engine, 1)
    path, number = link_to(engine, mine)
    app = review_app(engine)
    browser = app.test_client()
    browser.get(path)
    assert browser.get("/").location == f"/a/{mine}"

    with transaction(engine) as session:
        links.revoke(session, OPERATOR, number)

    assert browser.get("/").location.startswith("/sign-in")
    for over in (path, path[:-1], link_to(engine, mine, timedelta(days=-1))[0]):
        refused = app.test_client().get(over)
        assert refused.status_code == 403
        assert "ask whoever sent it" in refused.get_data(as_text=True).lower()


def test_a_link_does_not_replace_a_person(engine: Engine) -> None:
    """Whoever is signed in stays it, and sees what they see."""
    (mine,) = assets(engine, 1)
    app = review_app(engine)
    browser = client_of(app, engine, person(engine))

    assert browser.get(link_to(engine, mine)[0]).location == f"/a/{mine}"
    assert "anna@example.com" in browser.get("/").get_data(as_text=True)


def test_who_came_by_a_link_can_switch_single_keys_off(engine: Engine) -> None:
    """In this browser, as nobody knows them elsewhere."""
    (mine,) = assets(engine, 1)
    browser = review_app(engine).test_client()
    browser.get(link_to(engine, mine)[0])
    own = f"/a/{mine}"
    assert 'data-single-keys="on"' in browser.get(own).get_data(as_text=True)

    switched = browser.post("/single-keys", data={"to": "off", "next": own})

    assert switched.location == own
    page = browser.get(own).get_data(as_text=True)
    assert 'data-single-keys="off"' in page
    assert "Turn single-key shortcuts on" in page


def test_who_came_by_a_link_can_sign_in(engine: Engine) -> None:
    """The page of the video leads there, and it is not led back."""
    (mine,) = assets(engine, 1)
    browser = review_app(engine).test_client()
    browser.get(link_to(engine, mine)[0])

    assert f'href="/sign-in?next=/a/{mine}"' in browser.get(f"/a/{mine}").get_data(as_text=True)
    assert "<h1>Sign in</h1>" in browser.get("/sign-in").get_data(as_text=True)


def test_a_link_says_where_an_account_stands_in_its_way(engine: Engine) -> None:
    """Whoever is signed in without a role there would find nothing at the address."""
    (mine,) = assets(engine, 1)
    path, _ = link_to(engine, mine)
    browser = signed_in(engine, where=("fastpix", "main"))

    stopped = browser.get(path)

    assert stopped.status_code == 403
    assert "sign out, and open the link again" in stopped.get_data(as_text=True)
    browser.post("/sign-out")
    assert browser.get(path).location == f"/a/{mine}"


def test_a_link_can_be_closed_in_a_browser(engine: Engine) -> None:
    """It goes on opening elsewhere."""
    (mine,) = assets(engine, 1)
    path, _ = link_to(engine, mine)
    app = review_app(engine)
    browser = app.test_client()
    browser.get(path)

    assert browser.post("/sign-out").location == "/sign-in"
    assert browser.get("/").location.startswith("/sign-in")
    assert app.test_client().get(path).location == f"/a/{mine}"
