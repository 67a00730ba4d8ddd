"""A signing key as platforms hand it out, and the other half of it."""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

KEY_ID = "key0001"


@cache
def key() -> RSAPrivateKey:
    """The key, with both halves."""
    return generate_private_key(public_exponent=65537, key_size=2048)


def private_key() -> str:
    """Base64 of a PEM."""
    pem = key().private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return base64.b64encode(pem).decode()


def opened(token: str, audience: str) -> dict[str, Any]:
    """The claims of a token; raises where it is not signed with the key, or has run out."""
    assert jwt.get_unverified_header(token)["kid"] == KEY_ID
    claims: dict[str, Any] = jwt.decode(
        token, key().public_key(), algorithms=["RS256"], audience=audience, options={"require": ["exp"]}
    )
    return claims
