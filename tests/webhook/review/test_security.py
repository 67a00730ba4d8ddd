"""What protects the pages and those who use them: forms, hosts, headers, cookies, errors that tell little."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from flask import abort
from pydantic import SecretStr

from tests.support.review.signed_in import SECRET, URL, client_of, person, review_app, signed_in
from webhook.review.app import make_review_engine
from worker.errors import SettingsInvalid
from worker.people.roles import NotAllowed
from worker.settings import Settings

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from sqlalchemy import Engine

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.fixture
def guarded(engine: Engine) -> FlaskClient:
    """Return a browser in which somebody is signed in, on pages that check where forms come from."""
    app = review_app(engine)
    app.config["WTF_CSRF_ENABLED"] = True
    return client_of(app, engine, person(engine))


def word_of(browser: FlaskClient) -> str:
    """Return the word that the pages put into forms."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/").get_data(as_text=True))
    assert found is not None
    return found[1]


def is_signed_in(browser: FlaskClient) -> bool:
    """Return whether the browser still shows the library."""
    return browser.get("/").status_code == 200


def test_a_form_without_our_word_does_nothing(guarded: FlaskClient, engine: Engine) -> None:
    """Nor with the one of somebody else; the page says what helps."""
    other = client_of(guarded.application, engine, person(engine, "eve@example.com"))
    stolen = word_of(other)

    for form in ({}, {"csrf_token": "x"}, {"csrf_token": stolen}):
        refused = guarded.post("/sign-out", data=form)
        assert refused.status_code == 400
        assert "reload the page" in refused.get_data(as_text=True)
    assert is_signed_in(guarded)

    guarded.post("/sign-out", data={"csrf_token": word_of(guarded)})
    assert not is_signed_in(guarded)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost:8080"},
        {"Origin": "https://localhost"},
    ],
    ids=str,
)
def test_a_form_of_another_site_does_nothing(guarded: FlaskClient, headers: dict[str, str]) -> None:
    """Even if it has our word."""
    refused = guarded.post("/sign-out", data={"csrf_token": word_of(guarded)}, headers=headers)

    assert refused.status_code == 403
    assert is_signed_in(guarded)


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, {"Sec-Fetch-Site": "none"}]
)
def test_a_form_of_ours_works(guarded: FlaskClient, headers: dict[str, str]) -> None:
    """As browsers send it."""
    sent = guarded.post("/sign-out", data={"csrf_token": word_of(guarded)}, headers=headers)

    assert sent.location == "/sign-in"


@pytest.mark.parametrize("url", ["http://localhost:80", "http://LocalHost"])
def test_a_form_of_ours_works_however_the_address_is_set(engine: Engine, url: str) -> None:
    """Browsers leave out the port that goes without saying, and write small letters."""
    app = review_app(engine, Settings().model_copy(update={"review_url": url}))
    browser = client_of(app, engine, person(engine))

    sent = browser.post("/sign-out", headers={"Origin": "http://localhost"})

    assert sent.location == "/sign-in"


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "a b", "[::1", ""])
def test_another_name_for_the_pages_shows_nothing(engine: Engine, host: str) -> None:
    """An attacker's name that leads here would make the attacker's pages ours, and links with that name."""
    refused = signed_in(engine).get("/", headers={"Host": host})

    assert refused.status_code in {400, 421}
    assert "Library</h1>" not in refused.get_data(as_text=True)
    assert "evil" not in refused.get_data(as_text=True)


def test_another_name_of_this_machine_leads_to_the_pages_own(engine: Engine) -> None:
    """People type `localhost`, and nobody else can have a browser ask by it; a form is led nowhere."""
    app = review_app(engine, Settings().model_copy(update={"review_url": "http://127.0.0.1:8080"}))
    browser = app.test_client()

    led = browser.get("/invitations/abc?x=y", headers={"Host": "localhost:8080"})
    sent = browser.post("/sign-out", headers={"Host": "localhost:8080"})

    assert led.location == "http://127.0.0.1:8080/invitations/abc?x=y"
    assert sent.status_code == 421


def test_the_name_may_be_written_as_people_do(engine: Engine) -> None:
    """Capitals, and the port that goes without saying."""
    browser = signed_in(engine)

    assert [
        browser.get("/", headers={"Host": host}).status_code for host in ("LOCALHOST", "localhost:80")
    ] == [
        200,
        200,
    ]


def with_trouble(app: Flask) -> None:
    """Add addresses at which things go wrong."""

    def mistake() -> None:
        raise RuntimeError("a secret of the inside")

    def refuse() -> None:
        raise NotAllowed("this takes the role editor for mux/main; an operator can give it")

    app.add_url_rule("/trouble/500", view_func=mistake)
    app.add_url_rule("/trouble/403", view_func=refuse)
    app.add_url_rule("/trouble/409", endpoint="409", view_func=lambda: abort(409, "Somebody was faster."))


@pytest.mark.parametrize(
    ("address", "code", "sentence"),
    [
        ("/nowhere", 404, "There is nothing at this address"),
        ("/sign-out", 405, "does not take that kind of request"),
        ("/trouble/403", 403, "This takes the role editor for mux/main"),
        ("/trouble/409", 409, "Somebody was faster."),
        ("/trouble/500", 500, "the log says why"),
    ],
)
def test_what_goes_wrong_is_a_page_with_a_sentence(
    engine: Engine, address: str, code: int, sentence: str
) -> None:
    """Of the same look, with the same protection, and without anything of the inside."""
    app = review_app(engine)
    with_trouble(app)
    answer = client_of(app, engine, person(engine)).get(address)
    page = answer.get_data(as_text=True)

    assert answer.status_code == code
    assert sentence in page
    assert "anna@example.com" in page
    assert "Traceback" not in page
    assert "secret of the inside" not in page
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_a_picture_that_is_too_large_is_told_before_it_is_read(engine: Engine) -> None:
    """With the limit."""
    app = review_app(engine)
    app.add_url_rule("/upload", methods=["POST"], endpoint="upload", view_func=lambda: abort(413))
    refused = client_of(app, engine, person(engine)).post("/upload")

    assert refused.status_code == 413
    assert "10 MiB" in refused.get_data(as_text=True)


def test_a_database_that_is_down_is_told_with_what_helps() -> None:
    """A sentence, and no traceback; the sign-in itself needs none."""
    settings = Settings().model_copy(
        update={"review_url": URL, "database_url": SecretStr("postgresql://nobody@127.0.0.1:9/none")}
    )
    browser = review_app(make_review_engine(settings), settings).test_client()
    with browser.session_transaction() as cookie:
        cookie["_user_id"] = "somebody"

    down = browser.get("/")

    assert down.status_code == 503
    assert "Try again in a few seconds" in down.get_data(as_text=True)
    assert down.headers["Retry-After"] == "5"
    assert browser.get("/healthz").status_code == 200


@pytest.mark.parametrize("address", ["/", "/sign-in", "/healthz", "/nowhere", "/static/review.css"])
def test_every_answer_is_protected(engine: Engine, address: str) -> None:
    """Errors and files, too; nothing inline runs, no other page may frame it, nobody keeps it."""
    answer = signed_in(engine).get(address, buffered=True)
    policy = answer.headers["Content-Security-Policy"]

    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "Strict-Transport-Security" not in answer.headers
    if not address.startswith("/static/"):
        assert answer.headers["Cache-Control"] == "private, no-store"


def test_files_are_kept_by_browsers_until_they_change(engine: Engine) -> None:
    """Their addresses hold a part of their sum."""
    browser = signed_in(engine)
    found = re.search(
        r'href="(/static/review\.css\?v=[0-9a-f]{12})"', browser.get("/").get_data(as_text=True)
    )
    assert found is not None

    assert browser.get(found[1], buffered=True).headers["Cache-Control"] == "public, max-age=31536000"


def test_nothing_stands_inline_in_the_pages(engine: Engine) -> None:
    """The policy would leave it out; the page of the library, of a sign-in and of an error."""
    browser = signed_in(engine)
    for page in (
        browser.get("/"),
        browser.application.test_client().get("/sign-in"),
        browser.get("/nowhere"),
    ):
        text = page.get_data(as_text=True)
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:", text)


def test_cookies_are_for_the_pages_only(engine: Engine) -> None:
    """No script reads them, no other site sends them, and over TLS they never go without it."""
    for url, flags in (
        ("https://thumbs.example.com", {"__Host-thumbs", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"}),
        (URL, {"thumbs", "HttpOnly", "SameSite=Lax", "Path=/"}),
    ):
        app = review_app(engine, Settings().model_copy(update={"review_url": url}))
        answer = app.test_client().get("/s/none", base_url=url)
        with app.test_request_context(base_url=url) as context:
            context.session["x"] = "y"
            app.session_interface.save_session(app, context.session, answer)
        cookie = answer.headers["Set-Cookie"]

        assert {
            part.strip().partition("=")[0] if part.startswith(("thumbs", "__Host")) else part.strip()
            for part in cookie.split(";")
        } == flags
        assert ("Strict-Transport-Security" in answer.headers) is url.startswith("https")


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("REVIEW_SECRET", "too short", "32 random characters"),
        ("REVIEW_URL", "https://example.com/thumbs", "a host of their own"),
        ("REVIEW_URL", "ftp://example.com", "write an address"),
    ],
)
def test_settings_that_would_not_protect_are_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, complaint: str
) -> None:
    """With what to write, and without the secret."""
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsInvalid, match=complaint) as refused:
        Settings.read()

    assert name in str(refused.value)
    assert "too short" not in str(refused.value)


def test_pages_at_another_port_know_their_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that who sets the port need not set the address as well; what is set counts."""
    monkeypatch.setenv("REVIEW_PORT", "9000")
    assert Settings.read().review_url == "http://127.0.0.1:9000"

    monkeypatch.setenv("REVIEW_URL", "https://thumbs.example.com")
    assert Settings.read().review_url == "https://thumbs.example.com"


def test_a_secret_of_the_tests_is_long_enough() -> None:
    """Else the tests would not see what the settings refuse."""
    assert len(SECRET) >= 32
