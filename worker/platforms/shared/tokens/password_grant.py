"""Logs in with a name and a password, as OAuth's password grant has it, where a PeerTube is.

PeerTube takes 15 logins in five minutes from one address.

Source: RFC 6749, 4.3 and 6; https://docs.joinpeertube.org/api/rest-getting-started
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from worker.errors import AssetGone, CredentialsRefused, PlatformUnavailable, PublishRejected
from worker.platforms.shared import json_fields
from worker.platforms.shared.api_client import ApiClient, Upload
from worker.platforms.shared.credentials import Credentials
from worker.platforms.shared.tokens.grant import TokenGrant, Tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

CLIENT_PATH = "/api/v1/oauth-clients/local"
TOKEN_PATH = "/api/v1/users/token"  # noqa: S105 - an address
FORM = "application/x-www-form-urlencoded"


class PasswordGrant(TokenGrant):
    """The tokens of one user.

    Args:
        api_url: of the instance, without a slash at its end.
        username: who logs in.
        password: theirs.
        prefix: how the account's variables begin, e.g. "PEERTUBE__MAIN".
    """

    def __init__(self, api_url: str, username: str, password: str, prefix: str) -> None:
        super().__init__((password,), f"{prefix}__USERNAME and {prefix}__PASSWORD")
        self._api_url = api_url
        self._login = {"grant_type": "password", "username": username, "password": password}
        self._prefix = prefix

    def _refresh(self, tokens: Tokens) -> Tokens | None:
        """Exchange the refresh token, which works once; None where it has run out."""
        try:
            return self._ask({"grant_type": "refresh_token", "refresh_token": tokens.refresh}, tokens)
        except (PublishRejected, CredentialsRefused):
            return None

    def _log_in(self) -> Tokens:
        try:
            return self._ask(self._login, None)
        except PublishRejected as exc:  # PeerTube answers 400 where a password is wrong
            raise CredentialsRefused(f"{exc}; check {self._settings}") from exc
        except AssetGone as exc:
            raise PlatformUnavailable(f"{exc}: no PeerTube; check {self._prefix}__API_URL") from exc
        except CredentialsRefused as exc:
            if "two factor" not in str(exc):
                raise
            raise CredentialsRefused(
                f"the user of {self._prefix}__USERNAME has a second factor, which a program cannot give;"
                " name a user without one"
            ) from exc

    def _ask(self, grant: Mapping[str, str], shown: Tokens | None) -> Tokens:
        hidden = (*self._secrets, *((shown.access, shown.refresh) if shown else ()))
        names = f"{self._settings}, and {self._prefix}__API_URL"
        api = ApiClient(self._api_url, Credentials({}, hidden, names), self._prefix)
        try:
            client = api.request("GET", CLIENT_PATH)
            named = {name: json_fields.text(client, name) for name in ("client_id", "client_secret")}
            form = urlencode({**named, **grant}).encode()
            return self._read(api.request("POST", TOKEN_PATH, upload=Upload(form, FORM)))
        finally:
            api.close()

    def _read(self, answer: Mapping[str, Any]) -> Tokens:
        tokens = Tokens(json_fields.text(answer, "access_token"), json_fields.text(answer, "refresh_token"))
        if not tokens.access or not tokens.refresh:
            raise PlatformUnavailable(f"POST {TOKEN_PATH}: no tokens; check {self._prefix}__API_URL")
        return tokens


@cache
def grant_of(api_url: str, username: str, password: str, prefix: str) -> PasswordGrant:
    """Return the tokens of a user: the same for all platform objects of this process."""
    return PasswordGrant(api_url, username, password, prefix)
