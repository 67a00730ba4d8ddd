"""How webhooks are signed: four schemes, all HMAC-SHA256 over the raw bytes.

Every live secret is tried against every signature, in constant time. Whatever is malformed is an
InvalidSignature, never another error: the sender's address is open to everybody.
"""

from __future__ import annotations

import base64
import hmac
import re
from typing import TYPE_CHECKING, NamedTuple

from worker.errors import InvalidSignature

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

# A delivery is signed anew at every attempt, so this need only cover clocks that disagree and slow networks.
# Standard Webhooks and Mux both say five minutes.
TOLERANCE_S = 300.0

_SECONDS = re.compile(r"[0-9]{1,12}")
_STANDARD_PREFIX = "whsec_"


def header(headers: Mapping[str, str], name: str) -> str:
    """The value of a header, whatever the case of its name; empty where it is missing."""
    return next((value for key, value in headers.items() if key.lower() == name.lower()), "")


class Fields(NamedTuple):
    """What the parts of a header are called."""

    time: str
    signature: str


MUX_FIELDS = Fields("t", "v1")
CLOUDFLARE_FIELDS = Fields("time", "sig1")


def sign_timestamped(body: bytes, secret: str, now_s: float, fields: Fields = MUX_FIELDS) -> str:
    """A header like `t=1790000000,v1=4e17fb...`: hex, over the time and the body.

    Source: https://www.mux.com/docs/core/verify-webhook-signatures and, with other names,
    https://developers.cloudflare.com/stream/manage-video-library/using-webhooks
    """
    sent = str(int(now_s))
    return f"{fields.time}={sent},{fields.signature}={_timestamped(secret.encode(), sent, body)}"


def verify_timestamped(
    value: str,
    body: bytes,
    secrets: Sequence[str],
    now_s: float,
    *,
    setting: str,
    fields: Fields = MUX_FIELDS,
) -> None:
    """Check a header that `sign_timestamped` describes; several signatures may be there.

    Raises:
        InvalidSignature: missing, malformed, not made with one of `secrets`, or not made near `now_s`.
    """
    items = [item.strip().partition("=") for item in value.split(",")]
    sent = next((found for name, _, found in items if name == fields.time), "")
    given = [found for name, _, found in items if name == fields.signature]
    _require_match(given, secrets, lambda secret: _timestamped(secret.encode(), sent, body), setting)
    _require_recent(sent, now_s)


def _timestamped(key: bytes, sent: str, body: bytes) -> str:
    return hmac.digest(key, _bytes(sent) + b"." + body, "sha256").hex()


def sign_hex(body: bytes, secret: str) -> str:
    """One hex value over the body alone; the key is the secret as it is written.

    Source: https://docs.api.video/reference/create-and-manage-webhooks, and the same at Bunny and Wistia
    """
    return hmac.digest(secret.encode(), body, "sha256").hex()


def verify_hex(value: str, body: bytes, secrets: Sequence[str], *, setting: str) -> None:
    """Check a header that `sign_hex` describes. It holds no time: an old request can be sent again.

    Raises:
        InvalidSignature: missing, malformed, or not made with one of `secrets`.
    """
    _require_match([value.strip()], secrets, lambda secret: sign_hex(body, secret), setting)


def sign_base64(body: bytes, secret: str) -> str:
    """One base64 value over the body alone; the key is the secret, decoded from base64.

    Source: https://github.com/FastPix/node-sdk, src/sdk/webhooks.ts
    """
    return _base64_hmac(base64.b64decode(secret, validate=True), body)


def verify_base64(value: str, body: bytes, secrets: Sequence[str], *, setting: str) -> None:
    """Check a header that `sign_base64` describes. It holds no time: only the event's id stops a replay.

    Raises:
        InvalidSignature: missing, malformed, or not made with one of `secrets`.
    """
    _require_match([value.strip()], secrets, lambda secret: sign_base64(body, secret), setting)


def sign_standard(
    body: bytes, secret: str, delivery_id: str, now_s: float, *, previous: str | None = None
) -> dict[str, str]:
    """The three headers of Standard Webhooks; `secret` looks like `whsec_...`.

    While it is being rotated, the previous one signs too: whoever knows one of them believes the message.

    Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    """
    sent = str(int(now_s))
    signatures = [_standard(one, delivery_id, sent, body) for one in (secret, previous) if one]
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": sent,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def verify_standard(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now_s: float, *, setting: str
) -> None:
    """Check the headers that `sign_standard` describes; several signatures may be there, of any version.

    Raises:
        InvalidSignature: missing, malformed, not made with one of `secrets`, or not made near `now_s`.
    """
    delivery_id, sent = header(headers, "webhook-id"), header(headers, "webhook-timestamp")
    if not delivery_id:
        raise InvalidSignature("the header webhook-id is missing")
    signatures = [item.partition(",") for item in header(headers, "webhook-signature").split()]
    given = [found for version, _, found in signatures if version == "v1"]
    _require_match(given, secrets, lambda secret: _standard(secret, delivery_id, sent, body), setting)
    _require_recent(sent, now_s)


def _standard(secret: str, delivery_id: str, sent: str, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(_STANDARD_PREFIX), validate=True)
    return _base64_hmac(key, _bytes(f"{delivery_id}.{sent}.") + body)


def _base64_hmac(key: bytes, message: bytes) -> str:
    if not key:
        raise ValueError("with an empty key, anybody could sign")
    return base64.b64encode(hmac.digest(key, message, "sha256")).decode()


def _require_match(
    given: Iterable[str], secrets: Sequence[str], expected_with: Callable[[str], str], setting: str
) -> None:
    candidates = [_bytes(signature) for signature in given if signature]
    if not candidates:
        raise InvalidSignature("the request is not signed, or its signature cannot be read")
    expected = [_expected(expected_with, secret) for secret in secrets]
    matches = [hmac.compare_digest(want, got) for want in expected if want for got in candidates]
    if not any(matches):
        unreadable = "" if all(expected) else " (it is empty, or not base64)"
        raise InvalidSignature(f"the signature does not match; check {setting}{unreadable}")


def _expected(expected_with: Callable[[str], str], secret: str) -> bytes | None:
    """None where the secret itself is wrong, so that another one can still match."""
    try:
        return expected_with(secret).encode() if secret else None
    except ValueError:
        return None


def _require_recent(sent: str, now_s: float) -> None:
    # Looked at last: only a time that the secret's owner signed is worth reading.
    if not _SECONDS.fullmatch(sent) or abs(now_s - int(sent)) > TOLERANCE_S:
        raise InvalidSignature(
            f"signed more than {TOLERANCE_S:.0f} s ago, or ahead; check this machine's clock"
        )


def _bytes(value: str) -> bytes:
    # Half a surrogate pair must not become another error than a signature that does not match.
    return value.encode(errors="replace")
