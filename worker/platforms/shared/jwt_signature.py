"""Webhooks that are signed by a token (JWT) whose claims are the body."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

from worker.errors import InvalidSignature, MalformedPayload
from worker.platforms.shared import json_fields
from worker.platforms.shared.signatures import Signature, required_header

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ALGORITHM = "HS256"  # the only one: a token that names another, or none, is refused
_BEARER = "Bearer "
# How long a secret is, is the platform's choice: a warning at each event would change nothing.
warnings.filterwarnings("ignore", message="The HMAC key is", module="jwt")
# The claims are what a platform says: none of them is one of those that RFC 7519 gives a meaning.
_OPTIONS: Any = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


@dataclass(frozen=True)
class JwtOfBody(Signature):
    """A header like `Bearer eyJ...`: a JWT (RFC 7519) whose claims hold every field of the body.

    Not verified with a live account: JW Player's page on it was not to be found again.
    """

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        """Make the header."""
        try:
            claims = json_fields.read_object(body)
        except MalformedPayload:
            claims = {}
        return {self.header: _BEARER + jwt.encode(claims, secret, ALGORITHM)}

    def verify(
        self,
        headers: Mapping[str, str],
        body: bytes,
        secrets: Sequence[str],
        now_s: float,  # noqa: ARG002 - no time is checked: an event that comes again is known by its words
        *,
        setting: str,
    ) -> None:
        """Check the token, and that the body says what it says."""
        token = required_header(headers, self.header).removeprefix(_BEARER)
        claims = [found for secret in secrets if (found := _claims(token, secret)) is not None]
        if not claims:
            raise InvalidSignature(f"the signature does not match; check {setting}")
        if not any(_is_said(body, found) for found in claims):
            raise InvalidSignature("the token is of another body; what it signs is not what was sent")


def _claims(token: str, secret: str) -> dict[str, Any] | None:
    """Read the claims of a token; None where it was not made with this secret."""
    if not secret:  # with which every stranger could sign
        return None
    try:
        return jwt.decode(token, secret, algorithms=[ALGORITHM], options=_OPTIONS)
    # The header is open to everybody, and PyJWT lets some errors of decoders through.
    except (jwt.PyJWTError, ValueError, RecursionError):
        return None


def _is_said(body: bytes, claims: Mapping[str, Any]) -> bool:
    """Tell whether every field of a body stands in the claims with the same value; these may have more."""
    try:
        said = json_fields.read_object(body)
        signed = json_fields.read_object(json.dumps(claims).encode())
    except MalformedPayload:
        return False
    return bool(said) and all(name in signed and signed[name] == said[name] for name in said)
