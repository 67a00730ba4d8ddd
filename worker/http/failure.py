"""Says in words why a host could not be asked."""

from __future__ import annotations

import re

# What the system and OpenSSL put around their sentence: "[Errno 111] Connection refused",
# "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1006)".
_CODE = re.compile(r"^\[[^\]]*\] | \(_ssl\.c:\d+\)$")


def reason_of(exc: Exception | None) -> str:
    """Say why a connection failed or broke off, without numbers that only programmers know.

    Args:
        exc: what httpx or httpcore raised; its name is said where it has no sentence.
    """
    return _CODE.sub("", str(exc)) or type(exc).__name__
