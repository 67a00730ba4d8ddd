"""Says in words why a host could not be asked."""

from __future__ import annotations

import re

# What the system and OpenSSL put around their sentence: "[Errno 111] Connection refused",
# "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1006)".
_CODE = re.compile(r"^\[[^\]]*\] | \(_ssl\.c:\d+\)$")

# OpenSSL's words for a certificate that nobody signed whom this machine trusts.
_UNTRUSTED = re.compile(r"self-signed certificate|unable to get (local )?issuer certificate")


def reason_of(exc: Exception | None) -> str:
    """Say why a connection failed or broke off, without numbers that only programmers know.

    Args:
        exc: what httpx or httpcore raised; its name is said where it has no sentence.
    """
    said = _CODE.sub("", str(exc)) or type(exc).__name__
    return f"{said}; name your own authority's file in SSL_CERT_FILE" if _UNTRUSTED.search(said) else said
