"""Gets access tokens for an id and a secret, as OAuth's client credentials grant has it.

Source: RFC 6749, section 4.4.
"""

from __future__ import annotations

import time
from functools import cache

from worker.errors import PlatformUnavailable
from worker.platforms.shared import json_fields
from worker.platforms.shared.api_client import ApiClient, Upload
from worker.platforms.shared.credentials import basic
from worker.platforms.shared.tokens.grant import TokenGrant, Tokens

FORM = Upload(b"grant_type=client_credentials", "application/x-www-form-urlencoded")
LEAST_LIFETIME_S = 60.0  # of a token whose answer names no lifetime


class ClientCredentials(TokenGrant):
    """The access token of one program.

    Args:
        base_url: of the server that makes tokens; `POST /access_token` does.
        pair: id and secret.
        prefix: how the account's variables begin, e.g. "BRIGHTCOVE__MAIN".
    """

    def __init__(self, base_url: str, pair: tuple[str, str], prefix: str) -> None:
        super().__init__(pair, f"{prefix}__CLIENT_ID and {prefix}__CLIENT_SECRET")
        self._base_url = base_url
        self._pair = pair
        self._prefix = prefix

    def _log_in(self) -> Tokens:
        server = ApiClient(self._base_url, basic(*self._pair, self._settings), self._prefix)
        asked_s = time.monotonic()
        try:
            answer = server.request("POST", "/access_token", upload=FORM)
        finally:
            server.close()
        token = json_fields.text(answer, "access_token")
        if not token:
            raise PlatformUnavailable("the answer to a question for an access token holds none")
        lifetime_s = json_fields.finite_number(answer.get("expires_in")) or LEAST_LIFETIME_S
        return Tokens(token, ends_s=asked_s + lifetime_s)


@cache
def client_credentials_of(
    base_url: str, client_id: str, client_secret: str, prefix: str
) -> ClientCredentials:
    """Return the tokens of a program: the same for all platform objects of this process."""
    return ClientCredentials(base_url, (client_id, client_secret), prefix)
