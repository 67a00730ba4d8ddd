"""The four ways of signing, against vectors that the vendors published or that were computed apart."""

from __future__ import annotations

import base64
import hmac
import json
import re
from pathlib import Path

import pytest

from worker.errors import InvalidSignature
from worker.platforms.shared.signatures import (
    Base64,
    Hex,
    Signature,
    Timestamped,
    sign_standard,
    verify_standard,
)

VECTORS = json.loads((Path(__file__).parent / "signature_vectors.json").read_text())
BODY = b'{"type":"x"}'
NOW_S = 1_790_000_000.0
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


MUX, FASTPIX = Timestamped("mux-signature"), Base64("FastPix-Signature")
SCHEMES: dict[str, Signature] = {
    "mux": MUX,
    "cloudflare": Timestamped("Webhook-Signature", time_field="time", signature_field="sig1"),
    "fastpix": FASTPIX,
    "apivideo": Hex("X-Api-Video-Signature"),
    "bunny": Hex("X-BunnyStream-Signature"),
    "wistia": Hex("X-Wistia-Signature"),
}


def check(scheme: str, headers: dict[str, str], body: bytes, secrets: list[str], now_s: float) -> None:
    """Verify by the scheme's name."""
    if scheme == "standard-webhooks":
        verify_standard(headers, body, secrets, now_s, setting="S")
    else:
        SCHEMES[scheme].verify(headers, body, secrets, now_s, setting="S")


def signed_at_s(headers: dict[str, str]) -> float:
    """When a vector was signed; 0 where it does not say."""
    text = headers.get("webhook-timestamp") or ",".join(headers.values())
    found = re.search(r"(?:^|,)(?:t=|time=|(?=\d{10}$))(\d+)", text)
    return float(found[1]) if found else 0.0


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_a_known_signature_is_accepted_and_no_other_body(vector: dict[str, object]) -> None:
    """Each vector verifies as it is; one more byte in the body does not."""
    scheme, headers, body = str(vector["scheme"]), vector["headers"], str(vector["body"]).encode()
    assert isinstance(headers, dict)
    now_s, secrets = signed_at_s(headers), [str(vector["secret"])]

    check(scheme, headers, body, secrets, now_s)

    with pytest.raises(InvalidSignature, match="check S"):
        check(scheme, headers, body + b" ", secrets, now_s)


def test_what_we_sign_is_what_the_vendors_sign() -> None:
    """Our own senders, the simulator and a customer's code, make the very same headers."""
    vector = {vector["name"]: vector for vector in VECTORS}
    mux, fastpix, standard = vector["mux-ready"], vector["fastpix-ready"], vector["stdwh-svix"]

    assert MUX.sign(mux["body"].encode(), mux["secret"], NOW_S) == mux["headers"]
    assert FASTPIX.sign(fastpix["body"].encode(), fastpix["secret"]) == fastpix["headers"]
    assert (
        sign_standard(
            standard["body"].encode(), standard["secret"], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330
        )
        == standard["headers"]
    )


@pytest.mark.parametrize("empty", ["", "whsec_"])
def test_an_empty_secret_lets_nobody_in(empty: str) -> None:
    """With an empty key anybody could sign; such a secret matches nothing, and the message says why."""
    hint = r"check S \(it is empty, or not base64\)"
    forged = base64.b64encode(hmac.digest(b"", b"e.1790000000." + BODY, "sha256")).decode()
    standard = {
        "webhook-id": "e",
        "webhook-timestamp": "1790000000",
        "webhook-signature": f"v1,{forged}",
    }

    with pytest.raises(InvalidSignature, match=hint):
        verify_standard(standard, BODY, [empty], NOW_S, setting="S")

    forged = base64.b64encode(hmac.digest(b"", BODY, "sha256")).decode()
    with pytest.raises(InvalidSignature, match=hint):
        FASTPIX.verify({"FastPix-Signature": forged}, BODY, [empty], NOW_S, setting="S")


def test_an_empty_secret_of_mux_lets_nobody_in() -> None:
    """As for the others."""
    headers = MUX.sign(BODY, "", NOW_S)

    with pytest.raises(InvalidSignature, match="it is empty"):
        MUX.verify(headers, BODY, [""], NOW_S, setting="S")


def test_no_secret_lets_nobody_in() -> None:
    """Where nothing is configured, nothing verifies."""
    headers = sign_standard(BODY, KEY, "e", NOW_S)

    with pytest.raises(InvalidSignature, match="check S"):
        check("standard-webhooks", headers, BODY, [], NOW_S)


def test_a_secret_that_is_not_base64_does_not_shut_out_the_other() -> None:
    """A slip in the previous secret must not lose events that the new one signed."""
    headers = FASTPIX.sign(BODY, KEY)

    FASTPIX.verify(headers, BODY, [KEY, "no base64!"], NOW_S, setting="S")

    with pytest.raises(InvalidSignature, match="not base64"):
        FASTPIX.verify(headers, BODY, ["no base64!"], NOW_S, setting="S")


@pytest.mark.parametrize(
    "sent", ["", "x", "-1", "1_790_000_000", "\N{FULLWIDTH DIGIT ONE}790000000", "9" * 5000]
)
def test_a_time_that_is_no_plain_number_is_refused(sent: str) -> None:
    """Even where the secret's owner signed it: Python would read some of these as numbers."""
    digest = hmac.digest(KEY.encode(), f"{sent}.".encode() + BODY, "sha256").hex()

    with pytest.raises(InvalidSignature, match="clock"):
        MUX.verify({"mux-signature": f"t={sent},v1={digest}"}, BODY, [KEY], NOW_S, setting="S")


@pytest.mark.parametrize(("late_s", "is_accepted"), [(-301, False), (-300, True), (300, True), (301, False)])
def test_five_minutes_either_way_are_tolerated(late_s: int, is_accepted: bool) -> None:
    """Old deliveries cannot be replayed, and clocks may differ a little."""
    headers = MUX.sign(BODY, KEY, NOW_S - late_s)

    if is_accepted:
        MUX.verify(headers, BODY, [KEY], NOW_S, setting="S")
    else:
        with pytest.raises(InvalidSignature, match="300 s"):
            MUX.verify(headers, BODY, [KEY], NOW_S, setting="S")
