"""Who shows a token is let in, at the addresses of programs only, and nobody else is."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr
from werkzeug.exceptions import RequestTimeout, ServiceUnavailable

from tests.support.review.looked_at import looked_at
from tests.support.review.signed_in import (
    URL,
    client_of,
    make_token,
    person,
    program,
    review_app,
    signed_in,
    with_token,
)
from webhook.answers import REFUSAL
from webhook.bounded import BoundedDatabase
from webhook.review.api.app import create_api
from webhook.review.app import make_review_engine
from worker.database import transaction
from worker.database.states import Role
from worker.people import tokens
from worker.people.roles import operator_of_server
from worker.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer thumbs_none", "Basic YTpi", "thumbs_x", "Bearer \x00"]
)
def test_no_address_answers_who_has_no_token(engine: Engine, header: str) -> None:
    """By no method, and the answer says how to come in."""
    app = review_app(engine)
    rules = list(create_api(Settings(), BoundedDatabase(engine, 1)).url_map.iter_rules())
    assert len(rules) >= 10
    for rule in rules:
        address = re.sub(r"<(?:[\w()=]+:)?\w+>", "1", rule.rule)
        for method in METHODS:
            client = app.test_client()
            client.environ_base["HTTP_AUTHORIZATION"] = header
            answer = client.open(address, method=method, buffered=True)

            assert answer.status_code == 401, f"{method} {address}"
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            if method != "HEAD":
                assert answer.json["status"] == "unauthorized"
                assert "token" in answer.json["reason"]


def test_a_sign_in_opens_nothing_for_programs(engine: Engine) -> None:
    """So no other site can act by a browser's cookie."""
    looked_at(engine)
    browser = signed_in(engine, Role.OPERATOR)

    assert browser.get("/a/1").status_code == 200
    assert browser.get("/api/v1/assets").status_code == 401
    assert browser.post("/api/v1/assets/1/confirm").status_code == 401


def test_a_token_opens_no_page(engine: Engine) -> None:
    """It leads to the sign-in, as if nothing was shown."""
    looked_at(engine)
    client = program(engine, Role.OPERATOR)

    assert client.get("/api/v1/assets/1").status_code == 200
    for address in ("/", "/a/1", "/pictures/1.jpg", "/frames/1.jpg"):
        assert client.get(address).location.startswith("/sign-in"), address
    assert client.post("/a/1/confirm").location.startswith("/sign-in")


def test_a_token_ends(engine: Engine) -> None:
    """By its time, and at once where it is revoked."""
    app = review_app(engine)
    ended = with_token(app, make_token(engine, name="old", lifetime=timedelta(seconds=-1)))
    revoked = with_token(app, make_token(engine, name="lost"))
    assert revoked.get("/api/v1/assets").status_code == 200
    with transaction(engine) as session:
        tokens.revoke(session, operator_of_server("ops"), "lost")

    for client in (ended, revoked):
        answer = client.get("/api/v1/assets")
        assert (answer.status_code, answer.json["status"]) == (401, "unauthorized")
        assert "invalid_token" in answer.headers["WWW-Authenticate"]


def test_the_description_is_for_programs_and_for_people_who_are_signed_in(engine: Engine) -> None:
    """And for nobody else."""
    app = review_app(engine)
    by_token = with_token(app, make_token(engine)).get("/api/openapi.json")
    by_cookie = client_of(app, engine, person(engine)).get("/api/openapi.json")
    by_nothing = app.test_client().get("/api/openapi.json")

    assert by_token.json == by_cookie.json
    assert "/api/v1/assets" in by_token.json["paths"]
    assert by_nothing.location.startswith("/sign-in")


def test_no_other_site_may_read_the_answers_in_a_browser(engine: Engine) -> None:
    """There are no headers of CORS, and what is asked before is refused."""
    looked_at(engine)
    client = program(engine)
    headers = {"Origin": "https://evil.example"}

    read = client.get("/api/v1/assets", headers=headers)
    asked = client.options("/api/v1/assets", headers={**headers, "Access-Control-Request-Method": "GET"})
    forged = client.post("/api/v1/assets/1/confirm", headers=headers)

    assert not [name for name, _ in read.headers if name.startswith("Access-Control")]
    assert (asked.status_code, asked.json["status"]) == (405, "method-not-allowed")
    assert (forged.status_code, forged.json["status"]) == (403, "forbidden")


def test_another_host_is_refused_and_never_a_redirect(engine: Engine) -> None:
    """A program would send its token nowhere, and not know why."""
    settings = Settings().model_copy(update={"review_url": "http://127.0.0.1:8080"})
    client = with_token(review_app(engine, settings), make_token(engine))

    answer = client.get("/api/v1/assets", base_url="http://localhost:8080")

    assert (answer.status_code, answer.json["status"]) == (421, "misdirected")
    assert "http://127.0.0.1:8080" in answer.json["reason"]


@pytest.mark.parametrize(
    ("why", "code", "status"),
    [
        (RequestTimeout("the request was not here in time"), 408, "late"),
        (ServiceUnavailable("no room", retry_after=5), 503, "unavailable"),
        (TimeoutError(), 503, "unavailable"),
    ],
)
def test_what_the_server_refuses_is_told_in_the_same_form(
    engine: Engine, why: Exception, code: int, status: str
) -> None:
    """Before anybody asks for a token: no thread is left for that."""
    answer = review_app(engine).test_client().get("/api/v1/assets", environ_overrides={REFUSAL: why})

    assert (answer.status_code, answer.json["status"]) == (code, status)
    assert (code == 503) is ("Retry-After" in answer.headers)


def test_a_database_that_is_down_is_told_so() -> None:
    """The program asks again."""
    settings = Settings().model_copy(
        update={"review_url": URL, "database_url": SecretStr("postgresql://nobody@127.0.0.1:9/none")}
    )
    client = with_token(review_app(make_review_engine(settings), settings), "thumbs_x")

    answer = client.get("/api/v1/assets")

    assert (answer.status_code, answer.json["status"]) == (503, "unavailable")
