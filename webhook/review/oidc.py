"""Asks an OpenID provider who somebody is: the code flow with PKCE, state and nonce.

https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth, by Authlib over our own HTTP client. What
the provider publishes is kept for a few minutes: a sign-in may be begun by anybody, and any number of times.
"""

from __future__ import annotations

import hmac
import time
from contextlib import contextmanager, nullcontext, suppress
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import httpx
from authlib.common.security import generate_token
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwt
from joserfc.errors import ClaimError, ExpiredTokenError, JoseError
from joserfc.jwk import KeySet

from worker.errors import SettingsInvalid, ThumbsError
from worker.http.client import BoundedClient
from worker.http.deadline import Deadline
from worker.settings.types import is_loopback, revealed

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping
    from contextlib import AbstractContextManager

    from joserfc.jwk import KeySetSerialization
    from joserfc.jwt import Token

    from worker.settings import Settings

CALLBACK = "/sign-in/callback"  #: the address that the provider has to know, after REVIEW_URL
ANSWER_WITHIN_S = 10.0  #: for all requests of one step together
KEPT_S = 600.0  #: addresses and keys of the provider; a key that is new is asked for at once
MOST_BEGINNING = 2  #: sign-ins that wait for the provider's answer before people go there; others are told
CLOCK_S = 60  #: by which the provider's clock and ours may differ
SCOPE = "openid email profile"

# Signatures that only the provider can make. HS256 would take our own secret for a key.
_ALGORITHMS = [f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512)] + ["EdDSA"]
_VERIFIER_CHARACTERS = 64
_TRY_AGAIN = "begin again from the sign-in page"


class OidcFailed(ThumbsError):
    """The provider did not say who somebody is; the message is for that person."""


class ProviderSilent(OidcFailed):
    """The provider does not answer as one: trying again may help."""


class Begun(NamedTuple):
    """A sign-in that is under way, as the browser's cookie keeps it meanwhile."""

    state: str
    nonce: str
    verifier: str


class Stated(NamedTuple):
    """What the provider states of somebody."""

    email: str  #: which it has verified
    name: str
    roles: object | None  #: the claim of roles, unread; None: there is none


class _FormAuth(httpx.Auth, ClientAuth):  # type: ignore[misc]  # Authlib carries no types
    """Signs requests as Authlib does; its own class is for another version of the HTTP client."""

    requires_request_body = True

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        url, headers, body = self.prepare(request.method, str(request.url), request.headers, request.content)
        headers["Content-Length"] = str(len(body))
        yield httpx.Request(request.method, url, headers=headers, content=body, extensions=request.extensions)


class _Client(OAuth2Client):  # type: ignore[misc]  # Authlib carries no types
    client_auth_class = _FormAuth


class Provider:
    """The OpenID provider that the settings name; safe to share between threads.

    Raises:
        SettingsInvalid: what it says could be changed on the way.
    """

    def __init__(self, settings: Settings) -> None:
        issuer = settings.review_oidc_issuer or ""
        where = httpx.URL(issuer)
        if where.scheme != "https" and not is_loopback(where.host):
            raise SettingsInvalid("REVIEW_OIDC_ISSUER: write an address that begins with https://")
        self.name = where.host
        self._issuer = issuer
        self._client_id = settings.review_oidc_client_id
        self._client_secret = revealed(settings.review_oidc_client_secret)
        self._roles_claim = settings.review_oidc_roles_claim
        self._redirect_uri = f"{settings.review_url}{CALLBACK}"
        self._beginning = BoundedSemaphore(MOST_BEGINNING)
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}  # documents by their address, and until when

    def begin(self) -> tuple[str, Begun]:
        """Return the address at which somebody signs in, and what is needed when they come back from it.

        Raises:
            ProviderSilent: it does not answer, or others wait for it already.
        """
        begun = Begun(generate_token(), generate_token(), generate_token(_VERIFIER_CHARACTERS))
        with _asking(self.name), BoundedClient(timeout_s=ANSWER_WITHIN_S) as http:
            endpoint = self._metadata(http, self._few())["authorization_endpoint"]
            address, _ = self._client(http).create_authorization_url(
                endpoint, state=begun.state, nonce=begun.nonce, code_verifier=begun.verifier
            )
        return str(address), begun

    def finish(self, answer: Mapping[str, str], begun: Begun) -> Stated:
        """Exchange what somebody came back with for what the provider states of them.

        Args:
            answer: the query that they came back with.
            begun: as `begin` returned it, out of the same browser.

        Raises:
            OidcFailed: it is not the answer to this sign-in, or the provider refuses or states too little.
            ProviderSilent: it does not answer.
        """
        if not hmac.compare_digest(answer.get("state", "").encode(), begun.state.encode()):
            raise OidcFailed(f"this is not the sign-in that began in this browser; {_TRY_AGAIN}")
        if "error" in answer:
            raise OidcFailed(f"{self.name} did not sign you in: {_plain(answer['error'])}")
        with _asking(self.name), BoundedClient(timeout_s=ANSWER_WITHIN_S) as http:
            metadata = self._metadata(http)
            token = self._client(http).fetch_token(
                metadata["token_endpoint"],
                grant_type="authorization_code",
                code=answer.get("code", ""),
                code_verifier=begun.verifier,
            )
            signed = self._signed(http, metadata["jwks_uri"], token["id_token"])
            stated = self._verified(signed, token.get("access_token"), metadata["issuer"], begun.nonce)
            is_short = "email" not in stated or self._roles_claim not in stated
            if is_short and "userinfo_endpoint" in metadata:
                stated = _with_user_info(http, metadata["userinfo_endpoint"], token["access_token"], stated)
        return self._read(stated)

    def _client(self, http: BoundedClient) -> OAuth2Client:
        return _Client(
            http,
            client_id=self._client_id,
            client_secret=self._client_secret,
            scope=SCOPE,
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
        )

    def _metadata(
        self, http: BoundedClient, gate: AbstractContextManager[None] | None = None
    ) -> Mapping[str, Any]:
        address = get_well_known_url(self._issuer, external=True)
        metadata = self._kept_document(address)
        if metadata is None:
            with gate or nullcontext():
                metadata = self._ask(http, address)
        if str(metadata["issuer"]).rstrip("/") != self._issuer:
            raise ProviderSilent(f"{self.name} calls itself by another name than REVIEW_OIDC_ISSUER does")
        return metadata

    @contextmanager
    def _few(self) -> Iterator[None]:
        if not self._beginning.acquire(blocking=False):
            raise ProviderSilent(f"others wait for {self.name} at this moment; try again in a few seconds")
        try:
            yield
        finally:
            self._beginning.release()

    def _kept_document(self, address: str) -> dict[str, Any] | None:
        until_s, document = self._kept.get(address, (0.0, None))
        return document if time.monotonic() < until_s else None

    def _ask(self, http: BoundedClient, address: str) -> dict[str, Any]:
        document = _document(http.get(address))
        self._kept[address] = time.monotonic() + KEPT_S, document
        return document

    def _signed(self, http: BoundedClient, address: str, id_token: str) -> Token:
        """Read what the provider signed, if need be with keys that it publishes since a moment ago."""
        kept = self._kept_document(address)
        if kept is not None:
            with suppress(JoseError, ValueError):
                return _decoded(id_token, kept)
        return _decoded(id_token, self._ask(http, address))

    def _verified(self, signed: Token, access_token: object, issuer: str, nonce: str) -> dict[str, Any]:
        claims = CodeIDToken(
            signed.claims,
            signed.header,
            {
                "iss": {"essential": True, "value": issuer},
                "aud": {"essential": True, "value": self._client_id},
            },
            {"nonce": nonce, "client_id": self._client_id, "access_token": access_token},
        )
        claims.validate(leeway=CLOCK_S)
        return dict(claims)

    def _read(self, stated: Mapping[str, Any]) -> Stated:
        email = stated.get("email")
        if not isinstance(email, str) or not email:
            raise OidcFailed(f"{self.name} does not tell your address; the pages need the scope `email`")
        # Entra never says that an address is verified; where it is asked to, it says that the owner of the
        # domain is: https://learn.microsoft.com/en-us/entra/identity-platform/optional-claims-reference
        is_verified = stated.get("email_verified", stated.get("xms_edov"))
        if is_verified not in {True, "true", "1"}:  # some providers write all claims as texts
            raise OidcFailed(f"{self.name} has not verified that {email} is yours; verify it there first")
        return Stated(email.lower(), str(stated.get("name") or ""), stated.get(self._roles_claim))


@contextmanager
def _asking(name: str) -> Iterator[None]:
    """Bound a step, and put what goes wrong in it into the words of whoever signs in."""
    try:
        with Deadline(ANSWER_WITHIN_S):
            yield
    except OAuth2Error as error:
        raise OidcFailed(f"{name} refused the sign-in: {_plain(error.error)}; {_TRY_AGAIN}") from error
    except ExpiredTokenError as error:
        raise OidcFailed(f"the answer of {name} is too old; {_TRY_AGAIN}") from error
    except ClaimError as error:
        what = _plain(error.claim)
        raise OidcFailed(
            f"the answer of {name} is not for this sign-in (its {what} is another); {_TRY_AGAIN}"
        ) from error
    except JoseError as error:
        raise OidcFailed(f"the answer of {name} is not signed by it; {_TRY_AGAIN}") from error
    except (httpx.HTTPError, KeyError, ValueError, TypeError) as error:
        raise ProviderSilent(f"{name} does not answer as it should; try again in a minute") from error


def _decoded(id_token: str, keys: dict[str, Any]) -> Token:
    known = KeySet.import_key_set(cast("KeySetSerialization", keys))
    return jwt.decode(id_token, known, algorithms=_ALGORITHMS)


def _document(answer: httpx.Response) -> dict[str, Any]:
    answer.raise_for_status()
    document = answer.json()
    if not isinstance(document, dict):
        raise ValueError("no object")  # noqa: TRY004 - a wrong answer is no wrong type of ours
    return document


def _with_user_info(
    http: BoundedClient, address: str, access_token: str, stated: dict[str, Any]
) -> dict[str, Any]:
    """Add what some providers tell only when asked: https://openid.net/specs/openid-connect-core-1_0.html#UserInfo."""
    told = _document(http.get(address, headers={"Authorization": f"Bearer {access_token}"}))
    if told.get("sub") != stated["sub"]:
        raise OidcFailed(f"the answer is about somebody else; {_TRY_AGAIN}")
    if "email" in stated and told.get("email") != stated["email"]:
        told.pop("email_verified", None)  # it is about another address
    return {**told, **stated}


def _plain(word: object) -> str:
    """Keep of a provider's word what can stand in a sentence."""
    return "".join(character for character in str(word)[:60] if character.isalnum() or character in "_ .-")
