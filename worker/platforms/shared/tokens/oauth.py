"""Asks an API by access tokens that last for minutes, and are made anew from client credentials.

Source: RFC 6749, section 4.4.
"""

from __future__ import annotations

import time

from worker.errors import PlatformUnavailable
from worker.platforms.shared import json_fields
from worker.platforms.shared.api_client import ApiClient, Upload
from worker.platforms.shared.credentials import Credentials, basic, bearer

FORM = Upload(b"grant_type=client_credentials", "application/x-www-form-urlencoded")
MARGIN_S = 30.0  # a token is not used in its last seconds: a request takes time, and clocks differ
LEAST_LIFETIME_S = 60.0  # of a token whose answer names no lifetime


class ClientCredentials:
    """An id and a secret, and the access token that they were last exchanged for.

    Args:
        base_url: of the server that makes tokens; `POST /access_token` does.
        pair: id and secret.
        prefix: how the account's variables begin, e.g. "BRIGHTCOVE__MAIN".
        to_write: what a write needs, see `Credentials`.
    """

    def __init__(self, base_url: str, pair: tuple[str, str], prefix: str, *, to_write: str = "") -> None:
        self.settings = f"{prefix}__CLIENT_ID and {prefix}__CLIENT_SECRET"
        self._server = ApiClient(base_url, basic(*pair, self.settings), prefix)
        self._to_write = to_write
        self._shown = Credentials({}, pair, self.settings, to_write)
        self._ends_s = 0.0  # of the monotonic clock

    def current(self) -> Credentials:
        """Make credentials of a token that lasts for the next request, a new one where need be.

        Raises:
            CredentialsRefused: id and secret are not taken.
            PlatformUnavailable, RateLimited
        """
        if time.monotonic() >= self._ends_s:
            asked_s = time.monotonic()
            answer = self._server.request("POST", "/access_token", upload=FORM)
            token = json_fields.text(answer, "access_token")
            if not token:
                raise PlatformUnavailable("the answer to a question for an access token holds none")
            lifetime_s = json_fields.finite_number(answer.get("expires_in")) or LEAST_LIFETIME_S
            self._ends_s = asked_s + lifetime_s - MARGIN_S
            self._shown = bearer(token, self.settings)._replace(to_write=self._to_write)
        return self._shown

    def close(self) -> None:
        """Close connections."""
        self._server.close()


class OAuthClient(ApiClient):
    """An API that takes such tokens.

    Args:
        base_url: without a slash at its end.
        tokens: where they come from.
        prefix: how the account's variables begin, e.g. "BRIGHTCOVE__MAIN".
    """

    def __init__(self, base_url: str, tokens: ClientCredentials, prefix: str) -> None:
        super().__init__(base_url, Credentials({}, (), tokens.settings), prefix)
        self._tokens = tokens

    def _exchange(
        self, method: str, path: str, body: object = None, upload: Upload | None = None
    ) -> tuple[bytes, str]:
        self._credentials = self._tokens.current()
        self._client.headers.update(self._credentials.headers)
        return super()._exchange(method, path, body, upload)
