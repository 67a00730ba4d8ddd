"""Shows a platform's API who is asking."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from worker.settings.accounts import TokenAccount


class Credentials(NamedTuple):
    """What shows an API who is asking."""

    headers: Mapping[str, str]  #: of every request
    secrets: tuple[str, ...]  #: in no message
    settings: str  #: the variables to check where they are refused
    to_write: str = ""  #: what a write needs, beside reading; see `Capabilities.write_permission`
    #: Makes others where these run out: asked once for each request that is refused with 401.
    renew: Callable[[], Credentials] | None = None


def basic(user: str, password: str, settings: str) -> Credentials:
    """Make credentials of HTTP's basic authentication (RFC 7617); `settings` names the variables to check."""
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return Credentials({"Authorization": f"Basic {pair}"}, _not_empty(user, password, pair), settings)


def bearer(token: str, settings: str) -> Credentials:
    """Make credentials of one token, as OAuth has it (RFC 6750); `settings` names the variables to check."""
    return Credentials({"Authorization": f"Bearer {token}"}, _not_empty(token), settings)


def of_token(account: TokenAccount, prefix: str) -> Credentials:
    """Make credentials of an account's token, by basic authentication with its id and its secret.

    Args:
        account: whose token it is.
        prefix: how the account's variables begin, e.g. "MUX__MAIN".
    """
    names = f"{prefix}__TOKEN_ID and {prefix}__TOKEN_SECRET"
    return basic(account.token_id, account.token_secret.get_secret_value(), names)


def _not_empty(*secrets: str) -> tuple[str, ...]:
    # An empty secret stands in every message, between any two letters.
    return tuple(filter(None, secrets))
