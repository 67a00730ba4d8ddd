"""Private videos: their files are opened by tokens, which are checked as the vendors check them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask import abort

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALGORITHM = "RS256"  # the only one that Mux, FastPix and Cloudflare Stream take


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key for signing tokens, of which the platform keeps the public half."""

    id: str
    pair: RSAPrivateKey

    @property
    def private_part(self) -> str:
        """Private half as vendors hand it out: base64 of a PEM."""
        pem = self.pair.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        return base64.b64encode(pem).decode()

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Make a token, as a platform does that hands out tokens itself."""
        return jwt.encode({**claims, "kid": self.id}, self.pair, _ALGORITHM, headers={"kid": self.id})


@cache
def signing_key() -> SigningKey:
    """Make the key of all accounts of this process: one takes a tenth of a second."""
    return SigningKey("simulated-signing-key", generate_private_key(public_exponent=65537, key_size=2048))


def require_token(
    token: str, *, key: SigningKey, kid_in: Literal["either", "both"] = "either", **claims: str
) -> dict[str, Any]:
    """Read the claims of a token (a JWT, RFC 7519); refuse the request with 403 where it opens nothing.

    It must be signed with RS256 and our key, name the key by its `kid`, say when it runs out, and not have
    run out; its claims must be those that are asked for here.

    Args:
        token: as it stands in the address; empty where there is none.
        key: that must have signed it.
        kid_in: where the key is named: in the header or among the claims, or in both.
        claims: what it must say.
    """
    try:
        named = {jwt.get_unverified_header(token).get("kid")}
        # What the token is for is compared below, with the other claims.
        options: Any = {"require": ["exp", *claims], "verify_aud": False, "verify_sub": False}
        said = jwt.decode(token, key.pair.public_key(), algorithms=[_ALGORITHM], options=options)
    except jwt.PyJWTError as exc:
        abort(HTTPStatus.FORBIDDEN, f"The video is private, and no valid token is shown: {exc}")
    named.add(said.get("kid"))
    if kid_in == "either":
        named.discard(None)
    if named != {key.id}:
        abort(HTTPStatus.FORBIDDEN, "The token names no signing key (kid), or another one.")
    # More may be claimed than what is asked for here.
    if any(said[name] != value for name, value in claims.items()):
        abort(HTTPStatus.FORBIDDEN, "The token opens another video, or nothing of this kind.")
    return said


def require_cdn_token(step: str, path: str, key: str) -> None:
    """Refuse the request with 403 unless a token of Bunny's CDN opens a path.

    Source: https://docs.bunny.net/cdn/security/token-authentication/advanced (seen 2026-11): HMAC-SHA256 of
    the signed path, the time of expiry, and the other parameters in the order of their names.

    Args:
        step: `bcdn_token=...&expires=...&token_path=...`, decoded.
        path: of the file, within the pull zone.
        key: of the pull zone.
    """
    given = dict(parse_qsl(step))
    token, expires = given.pop("bcdn_token", ""), given.pop("expires", "")
    folder = given.get("token_path", path)
    others = "&".join(f"{name}={given[name]}" for name in sorted(given))
    digest = hmac.digest(key.encode(), f"{folder}{expires}{others}".encode(), hashlib.sha256)
    wanted = f"HS256-{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"
    if not hmac.compare_digest(token.encode(), wanted.encode()):
        abort(HTTPStatus.FORBIDDEN, "The token is missing, or not signed so")
    if not path.startswith(folder) or not expires.isdecimal() or int(expires) <= time.time():
        abort(HTTPStatus.FORBIDDEN, "The token opens another folder, or has run out")
