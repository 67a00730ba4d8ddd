"""People come in by an OpenID provider, which runs beside the test; whoever should not does not."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey
from pydantic import SecretStr
from sqlalchemy import select

from tests.support.review.oidc_provider import CLIENT_ID, CLIENT_SECRET, OidcProvider, running_provider
from tests.support.review.signed_in import URL, person, review_app
from webhook.review import oidc
from worker.database import transaction
from worker.database.people import Person, RoleGrant, SignIn
from worker.database.states import Role
from worker.people import people
from worker.people.roles import Grant
from worker.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient
    from sqlalchemy import Engine
    from werkzeug.test import TestResponse


@pytest.fixture
def provider() -> Iterator[OidcProvider]:
    """Return a provider that runs."""
    with running_provider() as provider:
        yield provider


def browser_of(engine: Engine, provider: OidcProvider) -> FlaskClient:
    """Return a browser for pages that trust this provider."""
    given = Settings().model_copy(
        update={
            "review_url": URL,
            "review_oidc_issuer": provider.issuer,
            "review_oidc_client_id": CLIENT_ID,
            "review_oidc_client_secret": SecretStr(CLIENT_SECRET),
        }
    )
    return review_app(engine, given).test_client()


def back_from(provider_address: str) -> str:
    """Go to the provider as a browser does, and return where it sends people back to, without the host."""
    answer = httpx.get(provider_address, trust_env=False)
    assert answer.status_code == 302, answer.text
    assert answer.headers["location"].startswith(URL)
    return str(answer.headers["location"]).removeprefix(URL)


def sign_in(browser: FlaskClient, start: str = "/sign-in/start") -> TestResponse:
    """Go the whole way."""
    return browser.get(back_from(browser.get(start).location))


def changed(address: str, **values: str) -> str:
    """Return an address with another query."""
    parts = urlsplit(address)
    query = {name: value for name, (value,) in parse_qs(parts.query).items()} | values
    return f"{parts.path}?{urlencode(query)}"


def nobody_is_signed_in(engine: Engine) -> bool:
    """Return whether no browser was let in."""
    with transaction(engine) as session:
        return session.scalar(select(SignIn.id)) is None


def test_a_known_person_comes_in_and_is_led_back(engine: Engine, provider: OidcProvider) -> None:
    """To the page that they asked for; capitals in the address do not matter."""
    person(engine, "anna@example.com")
    browser = browser_of(engine, provider)
    asked = browser.get("/?filter=unsure&q=a%26b")
    page = browser.get(asked.location).get_data(as_text=True)
    assert "Sign in with 127.0.0.1" in page

    entered = sign_in(browser, "/sign-in/start?" + urlsplit(asked.location).query)

    assert entered.status_code == 302
    assert entered.location == "/?filter=unsure&q=a%26b"
    assert "anna@example.com" in browser.get(entered.location).get_data(as_text=True)


def test_the_word_in_the_cookie_is_another_after_each_sign_in(engine: Engine, provider: OidcProvider) -> None:
    """So that a cookie that an attacker put into the browser is worth nothing to them."""
    person(engine, "anna@example.com")
    browser = browser_of(engine, provider)
    with browser.session_transaction() as cookie:
        cookie["_user_id"] = "known to the attacker"
        cookie["csrf_token"] = "known to the attacker as well"  # noqa: S105 - of no use
    words = set()
    for _ in range(2):
        assert sign_in(browser).status_code == 302
        with browser.session_transaction() as cookie:
            words.add(cookie["_user_id"])
            assert cookie.get("csrf_token") != "known to the attacker as well"

    assert len(words) == 2
    assert "known to the attacker" not in words


def test_roles_of_the_claim_hold_exactly(engine: Engine, provider: OidcProvider) -> None:
    """They make a person, and replace what the person had."""
    browser = browser_of(engine, provider)
    grants = []
    for roles in (["editor:mux/main", "viewer"], ["operator", "viewer"]):
        provider.claims["thumbs_roles"] = roles
        assert sign_in(browser).status_code == 302
        with transaction(engine) as session:
            rows = session.execute(select(RoleGrant.role, RoleGrant.platform, RoleGrant.account))
            grants.append({tuple(row) for row in rows})

    assert grants[0] == {("editor", "mux", "main"), ("viewer", "*", "*")}
    assert grants[1] == {("operator", "*", "*")}


def test_roles_end_with_the_claim_that_gave_them(engine: Engine, provider: OidcProvider) -> None:
    """A provider with nothing to say in a claim leaves it out. Other browsers are signed out then."""
    browser, elsewhere = browser_of(engine, provider), browser_of(engine, provider)
    provider.claims["thumbs_roles"] = ["operator"]
    assert [sign_in(one).status_code for one in (browser, elsewhere)] == [302, 302]
    provider.claims["thumbs_roles"] = None

    refused = sign_in(browser)

    assert refused.status_code == 403
    assert "has no role here" in refused.get_data(as_text=True)
    with transaction(engine) as session:
        assert session.scalar(select(RoleGrant.id)) is None
        assert session.scalar(select(SignIn.id).where(SignIn.ended_at.is_(None))) is None
    assert elsewhere.get("/").status_code == 302


def test_roles_from_an_invitation_stay_without_a_claim(engine: Engine, provider: OidcProvider) -> None:
    """Also the role that the claim gave before; and who uses no claims stays signed in elsewhere."""
    provider.claims["thumbs_roles"] = ["editor"]
    assert sign_in(browser_of(engine, provider)).status_code == 302
    with transaction(engine) as session:
        people.add_grants(session, people.known(session, "anna@example.com"), [Grant(Role.EDITOR)])
    provider.claims["thumbs_roles"] = None
    elsewhere = browser_of(engine, provider)

    assert [sign_in(one).status_code for one in (elsewhere, browser_of(engine, provider))] == [302, 302]
    assert elsewhere.get("/").status_code == 200
    with transaction(engine) as session:
        assert session.scalars(select(RoleGrant.role)).all() == ["editor"]


def test_who_lost_all_roles_at_the_provider_does_not_come_in(engine: Engine, provider: OidcProvider) -> None:
    """And has none here any more, either."""
    person(engine, "anna@example.com")
    provider.claims["thumbs_roles"] = []

    refused = sign_in(browser_of(engine, provider))

    assert refused.status_code == 403
    with transaction(engine) as session:
        assert session.scalar(select(RoleGrant.id)) is None
    assert nobody_is_signed_in(engine)


def test_claims_that_only_the_user_info_tells_are_asked_for(engine: Engine, provider: OidcProvider) -> None:
    """Some providers keep ID tokens short."""
    provider.in_user_info = ("email", "email_verified", "thumbs_roles")
    provider.claims["thumbs_roles"] = ["viewer"]

    assert sign_in(browser_of(engine, provider)).status_code == 302


def test_roles_that_only_the_user_info_tells_are_asked_for(engine: Engine, provider: OidcProvider) -> None:
    """Though the ID token has the address."""
    provider.in_user_info = ("thumbs_roles",)
    provider.claims["thumbs_roles"] = ["viewer"]

    assert sign_in(browser_of(engine, provider)).status_code == 302


@pytest.mark.parametrize("stated", [True, "1", "true"])
def test_entra_may_verify_an_address_in_its_own_way(
    engine: Engine, provider: OidcProvider, stated: object
) -> None:
    """It never sends `email_verified`."""
    person(engine, "anna@example.com")
    provider.claims.update({"email_verified": None, "xms_edov": stated})

    assert sign_in(browser_of(engine, provider)).status_code == 302


def test_what_the_provider_publishes_is_kept_for_a_while(engine: Engine, provider: OidcProvider) -> None:
    """So that strangers cannot have us ask it without end; a new key is found all the same."""
    person(engine, "anna@example.com")
    browser = browser_of(engine, provider)
    for _ in range(3):
        assert sign_in(browser).status_code == 302
    before = {path: provider.asked[path] for path in ("/.well-known/openid-configuration", "/keys")}
    provider.key = RSAKey.generate_key(2048)

    assert sign_in(browser).status_code == 302
    assert before == {"/.well-known/openid-configuration": 1, "/keys": 1}


def test_few_wait_for_a_provider_that_does_not_answer(engine: Engine, provider: OidcProvider) -> None:
    """The others are told at once, and the provider is not asked once more for each of them."""
    app = browser_of(engine, provider).application
    provider.delay_s = 1.5
    with ThreadPoolExecutor(8) as many:
        answers = list(many.map(lambda _: app.test_client().get("/sign-in/start"), range(8)))

    assert sorted(answer.status_code for answer in answers) == [302] * 2 + [503] * 6
    assert provider.asked["/.well-known/openid-configuration"] == 2


def test_several_tabs_may_sign_in_at_once(engine: Engine, provider: OidcProvider) -> None:
    """Each comes back to its own sign-in, and whoever is in already is led on."""
    person(engine, "anna@example.com")
    browser = browser_of(engine, provider)
    first, second = (back_from(browser.get(f"/sign-in/start?next=/a/{number}").location) for number in (1, 2))

    came_back = [browser.get(address) for address in (second, first)]

    assert [answer.location for answer in came_back] == ["/a/2", "/"]
    assert browser.get("/").status_code == 200


def test_another_site_cannot_end_a_sign_in_that_is_under_way(engine: Engine, provider: OidcProvider) -> None:
    """By leading the browser to where it comes back to; and many beginnings do not fill the cookie."""
    person(engine, "anna@example.com")
    browser = browser_of(engine, provider)
    for _ in range(9):
        address = back_from(browser.get(f"/sign-in/start?next=/?q={'x' * 900}").location)
    cookie = browser.get_cookie("thumbs")
    assert cookie is not None
    assert len(cookie.value) < 3_500

    assert browser.get("/sign-in/callback?state=x&code=y").status_code == 403
    assert browser.get(address).status_code == 302


def test_strangers_do_not_fill_the_log(
    engine: Engine, provider: OidcProvider, caplog: pytest.LogCaptureFixture
) -> None:
    """What goes wrong at a sign-in is logged, but not each time."""
    browser = browser_of(engine, provider)
    browser.application.config["WTF_CSRF_ENABLED"] = True
    provider.denies = "access_denied"
    caplog.set_level("INFO")
    for _ in range(5):
        sign_in(browser)
        browser.get("/sign-in/callback")
        browser.post("/invitations/none")

    ours = [one.message for one in caplog.records if one.name.startswith(("webhook", "flask_wtf"))]
    assert ["did not come in" in one for one in ours] == [True]


@pytest.mark.parametrize(
    ("claims", "sentence"),
    [
        ({"nonce": "of another sign-in"}, "not for this sign-in"),
        ({"nonce": None}, "not for this sign-in"),
        ({"aud": "another program"}, "not for this sign-in"),
        ({"aud": [CLIENT_ID, "another program"]}, "not for this sign-in"),
        ({"iss": "https://evil.example.com"}, "not for this sign-in"),
        ({"exp": 1_000_000_000}, "too old"),
        ({"exp": None}, "not for this sign-in"),
        ({"email_verified": False}, "has not verified"),
        ({"email_verified": None}, "has not verified"),
        ({"email_verified": False, "xms_edov": True}, "has not verified"),
        ({"email_verified": None, "xms_edov": False}, "has not verified"),
        ({"email": None}, "does not tell your address"),
        ({"email": "eve@example.com"}, "has no role here"),
        ({"thumbs_roles": ["root"]}, "is no role"),
        ({"thumbs_roles": {"editor": True}}, "no list of words"),
    ],
    ids=str,
)
def test_a_statement_that_does_not_hold_lets_nobody_in(
    engine: Engine, provider: OidcProvider, claims: dict[str, Any], sentence: str
) -> None:
    """Each is refused with a sentence, and changes nothing."""
    person(engine, "anna@example.com")
    provider.claims.update(claims)
    browser = browser_of(engine, provider)

    refused = sign_in(browser)

    assert refused.status_code == 403
    assert sentence in refused.get_data(as_text=True)
    assert nobody_is_signed_in(engine)
    assert browser.get("/").status_code == 302
    with transaction(engine) as session:
        assert session.scalars(select(Person.email)).all() == ["anna@example.com"]


def test_a_statement_that_somebody_else_signed_lets_nobody_in(engine: Engine, provider: OidcProvider) -> None:
    """With a key of its own under the provider's name for its key."""
    person(engine, "anna@example.com")
    provider.signs_with = RSAKey.generate_key(2048)

    refused = sign_in(browser_of(engine, provider))

    assert refused.status_code == 403
    assert "not signed by it" in refused.get_data(as_text=True)
    assert nobody_is_signed_in(engine)


def test_an_answer_to_another_browser_lets_nobody_in(engine: Engine, provider: OidcProvider) -> None:
    """An attacker who has a victim open their own answer would have the victim act in their account."""
    person(engine, "anna@example.com")
    attacker, victim = browser_of(engine, provider), browser_of(engine, provider)
    address = back_from(attacker.get("/sign-in/start").location)

    without_beginning = victim.get(address)
    victim.get("/sign-in/start")
    with_another_state = victim.get(address)

    assert "no sign-in began" in without_beginning.get_data(as_text=True).lower()
    assert "not the sign-in that began" in with_another_state.get_data(as_text=True)
    assert [without_beginning.status_code, with_another_state.status_code] == [403, 403]
    assert nobody_is_signed_in(engine)


def test_a_wrong_state_is_refused_before_the_code_is_used(engine: Engine, provider: OidcProvider) -> None:
    """And the sign-in that began goes on."""
    person(engine, "anna@example.com")
    browser = browser_of(engine, provider)
    address = back_from(browser.get("/sign-in/start").location)

    assert browser.get(changed(address, state="x")).status_code == 403
    assert len(provider.codes) == 1
    assert nobody_is_signed_in(engine)
    assert browser.get(address).status_code == 302


def test_an_answer_works_once(engine: Engine, provider: OidcProvider) -> None:
    """Also for who kept the cookie of the time before."""
    person(engine, "anna@example.com")
    browser = browser_of(engine, provider)
    address = back_from(browser.get("/sign-in/start").location)
    with browser.session_transaction() as cookie:
        before = dict(cookie)
    assert browser.get(address).status_code == 302

    thief = browser_of(engine, provider)
    with thief.session_transaction() as cookie:
        cookie.update(before)
    replayed = thief.get(address)

    assert replayed.status_code == 403
    assert "refused the sign-in: invalid_grant" in replayed.get_data(as_text=True)


def test_what_the_provider_refuses_is_told(engine: Engine, provider: OidcProvider) -> None:
    """In its word, as text."""
    provider.denies = "access_denied<script>"

    refused = sign_in(browser_of(engine, provider))

    assert refused.status_code == 403
    assert "did not sign you in: access_deniedscript." in refused.get_data(as_text=True)


def test_a_provider_that_is_down_is_told_and_the_pages_go_on(engine: Engine, provider: OidcProvider) -> None:
    """Neither at the beginning of a sign-in nor at its end does anybody see a traceback."""
    browser = browser_of(engine, provider)
    address = back_from(browser.get("/sign-in/start").location)
    with running_provider() as gone:
        down = browser_of(engine, gone)
    provider.is_down = True

    begun, ended = down.get("/sign-in/start"), browser.get(address)

    for answer in (begun, ended):
        assert answer.status_code == 503
        assert "try again in a minute" in answer.get_data(as_text=True)
    assert browser.get("/sign-in").status_code == 200


def test_a_slow_provider_costs_seconds_and_not_minutes(
    engine: Engine, provider: OidcProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is one deadline for all requests of a step."""
    monkeypatch.setattr(oidc, "ANSWER_WITHIN_S", 0.5)
    browser = browser_of(engine, provider)
    address = back_from(browser.get("/sign-in/start").location)
    provider.delay_s = 0.4
    began_s = time.monotonic()

    assert browser.get(address).status_code == 503
    assert time.monotonic() - began_s < 20
