"""Addresses that open without a token for a while, as platforms write them into their answers."""

from __future__ import annotations

import hmac
import secrets
import time
from http import HTTPStatus

from flask import abort, request


class SignedAddresses:
    """Signs paths, and checks the signature of the present request.

    Args:
        lifetime_s: how long an address opens.
    """

    def __init__(self, lifetime_s: float) -> None:
        self.lifetime_s = lifetime_s
        self._key = secrets.token_bytes(32)

    def sign(self, path: str) -> str:
        """Write the end of an address, from the `?` on."""
        expires_s = int(time.time() + self.lifetime_s)
        return f"?exp={expires_s}&signature={self._signature(path, str(expires_s))}"

    def require(self) -> None:
        """Refuse the present request with 403 unless its address is signed, and has not run out."""
        expires, signature = request.args.get("exp", ""), request.args.get("signature", "")
        if not hmac.compare_digest(signature.encode(), self._signature(request.path, expires).encode()):
            abort(HTTPStatus.FORBIDDEN, "The address is not signed so")
        if int(expires) <= time.time():
            abort(HTTPStatus.FORBIDDEN, "The address has run out")

    def _signature(self, path: str, expires: str) -> str:
        return hmac.digest(self._key, f"{path} {expires}".encode(), "sha256").hex()
