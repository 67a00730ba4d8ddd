"""Tokens that open private videos: JWTs, signed with the account's own key."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any

import jwt

from worker.errors import SettingsInvalid, SourceRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.settings.accounts import TokenAccount

# Longer than a job takes with all its time used up, so that no transfer ends half-way.
LIFETIME_S = 6 * 3600


def sign_claims(account: TokenAccount, claims: Mapping[str, Any], prefix: str) -> str:
    """Sign claims with RS256 (a JWT, RFC 7519), and add when they run out.

    Args:
        account: whose key to use.
        claims: as the platform asks for them.
        prefix: how the account's variables begin, e.g. "MUX__MAIN".

    Raises:
        SourceRefused: the account has no signing key.
        SettingsInvalid: the key cannot be used.
    """
    names = f"{prefix}__SIGNING_KEY_ID and {prefix}__SIGNING_PRIVATE_KEY"
    if account.signing_key_id is None or account.signing_private_key is None:
        raise SourceRefused(f"the video is private; set {names} to let us read it")
    key_id = account.signing_key_id
    # The key's id stands twice: Mux documents it among the claims, FastPix there and in the header.
    claims = {**claims, "kid": key_id, "exp": int(time.time()) + LIFETIME_S}
    try:
        key = base64.b64decode(account.signing_private_key.get_secret_value(), validate=True)
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": key_id})
    except (ValueError, TypeError, jwt.PyJWTError) as exc:
        raise SettingsInvalid(f"{prefix}__SIGNING_PRIVATE_KEY: not the base64 of an RSA key in PEM") from exc
