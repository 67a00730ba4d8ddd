"""Nobody sees anything of the pages who is not signed in."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import extract, select, update

from tests.support.review.signed_in import client_of, person, review_app, signed_in
from worker.database import transaction
from worker.database.base import NOW
from worker.database.people import SignIn
from worker.people import sign_ins
from worker.settings import Settings

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from sqlalchemy import Engine
    from werkzeug.routing import Rule

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
#: Endpoints that a stranger may have an answer from, which is a way in or says nothing.
OPEN = {"sign_in.ask", "life.healthz", "static"}


def addresses(app: Flask) -> list[tuple[str, Rule]]:
    """Return an address of each route; the values in it belong to nothing."""
    fill = {"static": "/static/review.css"}
    return [
        (
            fill.get(rule.endpoint)
            or re.sub(r"<(?:int:)?\w+>", "1", re.sub(r"<path:\w+>", "a/b", rule.rule)),
            rule,
        )
        for rule in app.url_map.iter_rules()
    ]


def test_a_stranger_is_led_to_the_sign_in_and_sees_nothing_else(engine: Engine) -> None:
    """Whatever the address."""
    answer = review_app(engine).test_client().get("/a/1?x=y")

    assert answer.status_code == 302
    assert answer.location == "/sign-in?next=/a/1?x%3Dy"


def test_no_address_answers_a_stranger_but_the_ways_in(engine: Engine) -> None:
    """Every route of the application, by every method: a route that is added is closed until it is opened."""
    app = review_app(engine)
    walked = addresses(app)
    assert len(walked) >= 10
    for address, rule in walked:
        for method in METHODS:
            answer = app.test_client().open(address, method=method, buffered=True)

            where = f"{method} {address}: {answer.status}"
            if rule.endpoint in OPEN and answer.status_code == 200:
                assert method in {"GET", "HEAD", "OPTIONS"}, where
            elif answer.status_code == 302:
                assert answer.location.startswith("/sign-in"), where
            else:
                assert answer.status_code in {401, 403, 405}, where


def test_addresses_that_there_are_not_do_not_differ_from_others(engine: Engine) -> None:
    """So that nobody finds out which there are."""
    browser = review_app(engine).test_client()

    for address in ("/admin", "/a/1", "/a/999999", "/.git/config", "/openapi.json"):
        assert browser.get(address).location.startswith("/sign-in"), address
    for address in ("/static/no-such-file", "/static/../app.py", "/static/%2e%2e/app.py"):
        assert browser.get(address).status_code == 404


def test_who_was_signed_out_everywhere_is_a_stranger_again(engine: Engine) -> None:
    """The cookie that a browser kept opens nothing."""
    app, anna = review_app(engine), person(engine)
    client = client_of(app, engine, anna)
    assert client.get("/").status_code == 200

    with transaction(engine) as session:
        sign_ins.end_all(session, anna)

    assert client.get("/").status_code == 302


def test_signing_out_ends_the_word_of_this_browser_only(engine: Engine) -> None:
    """Also for who copied its cookie; and everywhere ends all."""
    app, anna = review_app(engine), person(engine)
    here, there, thief = (client_of(app, engine, anna) for _ in range(3))
    with here.session_transaction() as cookie:
        word = cookie["_user_id"]
    with thief.session_transaction() as cookie:
        cookie["_user_id"] = word
    assert thief.get("/").status_code == 200

    assert here.post("/sign-out").location == "/sign-in"
    assert [browser.get("/").status_code for browser in (here, thief, there)] == [302, 302, 200]

    third = client_of(app, engine, anna)
    assert third.post("/sign-out-everywhere").location == "/sign-in"
    assert [browser.get("/").status_code for browser in (there, third)] == [302, 302]


@pytest.mark.parametrize("address", ["/sign-out", "/sign-out-everywhere", "/single-keys"])
def test_a_picture_of_another_site_signs_nobody_out(engine: Engine, address: str) -> None:
    """What changes something is never a GET."""
    browser = signed_in(engine)

    assert browser.get(address).status_code == 405
    assert browser.get("/").status_code == 200


def test_who_does_nothing_for_long_signs_in_again_and_goes_on(engine: Engine) -> None:
    """They come back to where they were: a form's page, and not the form."""
    settings = Settings().model_copy(update={"review_idle_s": 3600.0, "review_url": "http://localhost"})
    app = review_app(engine, settings)
    browser = client_of(app, engine, person(engine))
    assert browser.get("/").status_code == 200
    with transaction(engine) as session:
        session.execute(update(SignIn).values(seen_at=NOW - timedelta(hours=2)))

    answer = browser.post("/a/1/choose", headers={"Referer": "http://localhost/a/1?x=y"})

    assert answer.location == "/sign-in?next=/a/1?x%3Dy"
    assert browser.get("/").status_code == 302


@pytest.mark.parametrize(("issuer", "is_let_in"), [(None, True), ("https://id.example.com", False)])
def test_who_can_only_come_in_by_an_invitation_stays_for_a_month(
    engine: Engine, issuer: str | None, *, is_let_in: bool
) -> None:
    """Where a provider signs people in, that costs them a click; otherwise an operator would be asked."""
    address = {"review_url": "http://localhost", "review_oidc_issuer": issuer}
    app = review_app(engine, Settings().model_copy(update=address))
    browser = client_of(app, engine, person(engine))
    with transaction(engine) as session:
        session.execute(update(SignIn).values(seen_at=NOW - timedelta(days=29)))

    assert (browser.get("/").status_code == 200) == is_let_in


def test_a_tab_that_asks_by_itself_does_not_keep_a_sign_in(engine: Engine) -> None:
    """Only what a person does counts as use."""
    app = review_app(engine)
    browser = client_of(app, engine, person(engine))
    with transaction(engine) as session:
        session.execute(update(SignIn).values(seen_at=NOW - timedelta(hours=1)))

    def idle_s() -> float:
        with transaction(engine) as session:
            return session.scalars(select(extract("epoch", NOW - SignIn.seen_at))).one()

    browser.get("/a/1/status")
    assert idle_s() > 3500
    browser.get("/a/1")
    assert idle_s() < 600


@pytest.mark.parametrize(("days", "is_let_in"), [(89, True), (91, False)])
def test_a_sign_in_ends_even_where_it_is_used(engine: Engine, days: int, is_let_in: bool) -> None:
    """So that a browser that was left signed in is not for ever."""
    app = review_app(engine)
    browser = client_of(app, engine, person(engine))
    with transaction(engine) as session:
        session.execute(update(SignIn).values(at=NOW - timedelta(days=days)))

    assert (browser.get("/").status_code == 200) == is_let_in


@pytest.mark.parametrize("address", ["/sign-out", "/sign-out-everywhere"])
def test_nothing_is_left_in_the_browser_after_a_sign_out(engine: Engine, address: str) -> None:
    """Pictures would be kept for an hour else."""
    assert signed_in(engine).post(address).headers["Clear-Site-Data"] == '"cache"'


def test_a_piece_of_a_page_leads_the_whole_page_to_the_sign_in(engine: Engine) -> None:
    """The script would put what it is redirected to into the middle of the page."""
    answer = (
        review_app(engine)
        .test_client()
        .get("/a/1?frame=3", headers={"HX-Request": "true", "HX-Current-URL": "http://localhost/a/1"})
    )

    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/sign-in?next=/a/1"
    assert answer.data == b""


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https:evil.example",
        "https://evil.example",
        "http:/evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/\n/evil.example",
        "\t//evil.example",
        "evil.example",
        "",
    ],
)
def test_nobody_is_led_to_another_site(engine: Engine, elsewhere: str) -> None:
    """Neither from the sign-in, nor from a form that goes back to where it came from."""
    browser = signed_in(engine)

    asked = browser.get("/sign-in", query_string={"next": elsewhere})
    changed = browser.post("/single-keys", data={"to": "off", "next": elsewhere})

    assert [asked.location, changed.location] == ["/", "/"]


def test_who_is_signed_in_goes_on_from_the_sign_in(engine: Engine) -> None:
    """To the address that they asked for, whatever letters are in it."""
    answer = signed_in(engine).get("/sign-in", query_string={"next": "/?q=ä b"})

    assert answer.location == "/?q=%C3%A4%20b"


def test_single_keys_can_be_switched_off_and_on(engine: Engine) -> None:
    """For good, and not in this browser only."""
    app, anna = review_app(engine), person(engine)
    here, there = client_of(app, engine, anna), client_of(app, engine, anna)
    assert keys(there) == "on"

    here.post("/single-keys", data={"to": "off"})
    assert keys(there) == "off"

    here.post("/single-keys", data={"to": "on"})
    assert keys(there) == "on"


def keys(browser: FlaskClient) -> str:
    """Return what the page tells the script of single keys."""
    found = re.search(r'data-single-keys="(\w+)"', browser.get("/").get_data(as_text=True))
    assert found is not None
    return found[1]
