"""People read why a host could not be asked, and no number of an error."""

from __future__ import annotations

import httpx
import pytest

from worker.http.failure import reason_of


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("[Errno 111] Connection refused", "Connection refused"),
        ("[Errno -2] Name or service not known", "Name or service not known"),
        (
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: it expired (_ssl.c:1006)",
            "certificate verify failed: it expired",
        ),
        ("timed out", "timed out"),
        ("", "ConnectError"),
    ],
)
def test_the_sentence_stays_and_the_numbers_go(said: str, reason: str) -> None:
    """Nothing said at all leaves the kind of the failure."""
    assert reason_of(httpx.ConnectError(said)) == reason


@pytest.mark.parametrize("said", ["self-signed certificate", "unable to get local issuer certificate"])
def test_who_has_an_authority_of_their_own_reads_how_it_is_trusted(said: str) -> None:
    """OpenSSL only says that it knows nobody who vouches for the host."""
    error = httpx.ConnectError(
        f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {said} (_ssl.c:1006)"
    )
    assert reason_of(error) == (
        f"certificate verify failed: {said}; name your own authority's file in SSL_CERT_FILE"
    )
