"""Logs in with a name and a password, as OAuth's password grant has it, and keeps the tokens in memory.

Platform objects live as long as one job, and PeerTube takes 15 logins in five minutes from one address, so
the tokens belong to the process.

Source: RFC 6749, 4.3 and 6; https://docs.joinpeertube.org/api/rest-getting-started
"""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from worker.errors import AssetGone, CredentialsRefused, PlatformUnavailable, PublishRejected
from worker.platforms.shared import json_fields
from worker.platforms.shared.api_client import ApiClient, Upload
from worker.platforms.shared.credentials import Credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

CLIENT_PATH = "/api/v1/oauth-clients/local"
TOKEN_PATH = "/api/v1/users/token"  # noqa: S105 - an address
FORM = "application/x-www-form-urlencoded"


class _Tokens(NamedTuple):
    access: str
    refresh: str


class PasswordGrant:
    """The tokens of one user, for all threads of this process.

    Args:
        api_url: of the instance, without a slash at its end.
        username: who logs in.
        password: theirs.
        prefix: how the account's variables begin, e.g. "PEERTUBE__MAIN".
    """

    def __init__(self, api_url: str, username: str, password: str, prefix: str) -> None:
        self._api_url = api_url
        self._login = {"grant_type": "password", "username": username, "password": password}
        self._prefix = prefix
        self._tokens: _Tokens | None = None
        self._lock = threading.Lock()

    def credentials(self) -> Credentials:
        """Return credentials with the token that is known, else log in first.

        Raises:
            CredentialsRefused: the name, the password or the instance's address is wrong, or a second factor
                is asked for.
            PlatformUnavailable, RequestHeldBack: try later.
        """
        with self._lock:
            if self._tokens is None:
                self._tokens = self._log_in()
            return self._shown(self._tokens)

    def _renewed(self, refused: _Tokens) -> Credentials:
        """Return credentials with another token than one that was refused. Raises as `credentials`."""
        with self._lock:
            if self._tokens == refused:  # else another thread was first
                self._tokens = None  # a failure in between must not leave the old one
                self._tokens = self._refresh(refused) or self._log_in()
            elif self._tokens is None:
                self._tokens = self._log_in()
            return self._shown(self._tokens)

    def _shown(self, tokens: _Tokens) -> Credentials:
        return Credentials(
            {"Authorization": f"Bearer {tokens.access}"},
            (*tokens, self._login["password"]),
            self._names,
            renew=lambda: self._renewed(tokens),
        )

    @property
    def _names(self) -> str:
        return f"{self._prefix}__USERNAME and {self._prefix}__PASSWORD"

    def _refresh(self, tokens: _Tokens) -> _Tokens | None:
        """Exchange the refresh token, which works once; None where it has run out."""
        try:
            return self._ask({"grant_type": "refresh_token", "refresh_token": tokens.refresh}, tokens)
        except (PublishRejected, CredentialsRefused):
            return None

    def _log_in(self) -> _Tokens:
        try:
            return self._ask(self._login, None)
        except PublishRejected as exc:  # PeerTube answers 400 where a password is wrong
            raise CredentialsRefused(f"{exc}; check {self._names}") from exc
        except AssetGone as exc:
            raise PlatformUnavailable(f"{exc}: no PeerTube; check {self._prefix}__API_URL") from exc
        except CredentialsRefused as exc:
            if "two factor" not in str(exc):
                raise
            raise CredentialsRefused(
                f"the user of {self._prefix}__USERNAME has a second factor, which a program cannot give;"
                " name a user without one"
            ) from exc

    def _ask(self, grant: Mapping[str, str], shown: _Tokens | None) -> _Tokens:
        hidden = (self._login["password"], *(shown or ()))
        names = f"{self._names}, and {self._prefix}__API_URL"
        api = ApiClient(self._api_url, Credentials({}, hidden, names), self._prefix)
        try:
            client = api.request("GET", CLIENT_PATH)
            named = {name: json_fields.text(client, name) for name in ("client_id", "client_secret")}
            form = urlencode({**named, **grant}).encode()
            return self._read(api.request("POST", TOKEN_PATH, upload=Upload(form, FORM)))
        finally:
            api.close()

    def _read(self, answer: Mapping[str, Any]) -> _Tokens:
        tokens = _Tokens(json_fields.text(answer, "access_token"), json_fields.text(answer, "refresh_token"))
        if not all(tokens):
            raise PlatformUnavailable(f"POST {TOKEN_PATH}: no tokens; check {self._prefix}__API_URL")
        return tokens


@cache
def grant_of(api_url: str, username: str, password: str, prefix: str) -> PasswordGrant:
    """Return the tokens of a user: the same for all platform objects of this process."""
    return PasswordGrant(api_url, username, password, prefix)
