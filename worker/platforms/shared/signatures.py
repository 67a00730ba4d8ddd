"""How webhooks are signed: four schemes, all HMAC-SHA256 over the raw bytes, and a token without one.

A vendor's file names its scheme and its header by a `Signature`; Standard Webhooks has three headers, and
signs the event's id too. Every live secret is tried against every signature, in constant time. What is
malformed is an InvalidSignature, never another error: the receiver's address is open to everybody.
"""

from __future__ import annotations

import base64
import hmac
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from worker.errors import HeaderMissing, InvalidSignature

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

# A delivery is signed anew at every attempt, so this need only cover clocks that disagree and slow networks.
# Standard Webhooks and Mux both say five minutes.
TOLERANCE_S = 300.0

#: The header as which the receiver hands over a token that stands in the query of its address.
QUERY_TOKEN = "X-Query-Token"  # noqa: S105 - the name of a header

_SECONDS = re.compile(r"[0-9]{1,12}")
_STANDARD_PREFIX = "whsec_"


def header(headers: Mapping[str, str], name: str) -> str:
    """Find the value of a header, in any case of its name; empty where it is missing."""
    return next((value for key, value in headers.items() if key.lower() == name.lower()), "")


def required_header(headers: Mapping[str, str], *names: str) -> str:
    """Find the value of the first of these headers that is there.

    Raises:
        HeaderMissing: there is none, or it is empty; the message names the first.
    """
    found = next(filter(None, (header(headers, name) for name in names)), None)
    if found is None:
        raise HeaderMissing(f"the request is not signed: the header {names[0]} is missing")
    return found


def delivery_id(headers: Mapping[str, str]) -> str:
    """Find the id of a message of Standard Webhooks. Raises HeaderMissing."""
    return _standard_header(headers, "id")


@dataclass(frozen=True)
class Signature(ABC):
    """How a vendor signs its webhooks: the header, and what stands in it."""

    header: str  #: its name, in any case
    is_time_signed: ClassVar[bool] = False  #: else only the event's id stops a replay
    is_body_signed: ClassVar[bool] = True  #: else who reads one request can write others

    @abstractmethod
    def verify(
        self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now_s: float, *, setting: str
    ) -> None:
        """Check the header of a request.

        Args:
            headers: of the request, names in any case.
            body: as received.
            secrets: all that are live.
            now_s: seconds since 1970.
            setting: the variable to check where the signature does not match.

        Raises:
            InvalidSignature: missing, malformed, not made with one of `secrets`, or, where the time is
                signed, not made near `now_s`.
        """


@dataclass(frozen=True)
class Timestamped(Signature):
    """A header like `t=1790000000,v1=4e17fb...`: hex, over the time and the body.

    Source: https://www.mux.com/docs/core/verify-webhook-signatures and, with other names,
    https://developers.cloudflare.com/stream/manage-video-library/using-webhooks
    """

    time_field: str = "t"
    signature_field: str = "v1"
    is_time_signed: ClassVar[bool] = True

    def sign(self, body: bytes, secret: str, now_s: float) -> dict[str, str]:
        """Make the header, as the vendor does at every attempt anew."""
        sent = str(int(now_s))
        return {self.header: f"{self.time_field}={sent},{self.signature_field}={_timed(secret, sent, body)}"}

    def verify(
        self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now_s: float, *, setting: str
    ) -> None:
        """Check the header; several signatures may be there, as while the vendor rotates its secret."""
        items = [item.strip().partition("=") for item in required_header(headers, self.header).split(",")]
        sent = next((found for name, _, found in items if name == self.time_field), "")
        given = [found for name, _, found in items if name == self.signature_field]
        _require_match(given, secrets, lambda secret: _timed(secret, sent, body), setting)
        _require_recent(sent, now_s)


@dataclass(frozen=True)
class _OverBody(Signature):
    """One value over the body alone. It holds no time: an old request can be sent again."""

    #: Headers in which a vendor names the scheme, and what they say of this one; a missing one is no other.
    scheme: Mapping[str, str] = field(default_factory=dict)

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        """Make the header."""
        return {self.header: self._value(body, secret)}

    def verify(
        self,
        headers: Mapping[str, str],
        body: bytes,
        secrets: Sequence[str],
        now_s: float,  # noqa: ARG002 - no time is signed
        *,
        setting: str,
    ) -> None:
        """Check the header, and those of the scheme first: another one is no fault of the secret."""
        for name, known in self.scheme.items():
            said = header(headers, name).strip()
            if said and said.lower() != known:
                raise InvalidSignature(
                    f"signed in a way that this version cannot check ({name}: {said[:40]!r}, and {known!r} is"
                    " known); update this service"
                )
        given = [required_header(headers, self.header).strip()]
        _require_match(given, secrets, lambda secret: self._value(body, secret), setting)

    @staticmethod
    @abstractmethod
    def _value(body: bytes, secret: str) -> str: ...


class Hex(_OverBody):
    """Hex; the key is the secret as it is written.

    Source: https://docs.api.video/reference/create-and-manage-webhooks, and the same at Bunny and Wistia
    """

    @staticmethod
    def _value(body: bytes, secret: str) -> str:
        return hmac.digest(secret.encode(), body, "sha256").hex()


class Base64(_OverBody):
    """Base64; the key is the secret, decoded from base64.

    Source: https://github.com/FastPix/node-sdk, src/sdk/webhooks.ts
    """

    @staticmethod
    def _value(body: bytes, secret: str) -> str:
        return _base64_hmac(base64.b64decode(secret, validate=True), body)


@dataclass(frozen=True)
class SharedToken(Signature):
    """A secret that is sent as it is. It covers neither the body nor a time, so only TLS protects it.

    Who sets a token alone sends it alone (AIStor) or after the word `Bearer` (MinIO): both are taken, and
    where another word belongs before it, that is part of the secret.

    Source: https://docs.min.io/aistor/reference/aistor-server/settings/notifications/webhook-service/ and
    https://github.com/minio/minio, internal/event/target/webhook.go
    """

    is_body_signed: ClassVar[bool] = False

    def sign(self, secret: str) -> dict[str, str]:
        """Make the header, as MinIO does."""
        return {self.header: f"Bearer {secret}"}

    def verify(
        self,
        headers: Mapping[str, str],
        body: bytes,  # noqa: ARG002 - it is not signed
        secrets: Sequence[str],
        now_s: float,  # noqa: ARG002 - no time is sent
        *,
        setting: str,
    ) -> None:
        """Compare the header."""
        given = header(headers, self.header)
        _require_match([given, given.removeprefix("Bearer ")], secrets, str, setting)


def sign_standard(
    body: bytes, secret: str, delivery_id: str, now_s: float, *, previous: str | None = None
) -> dict[str, str]:
    """Make the three headers of Standard Webhooks; `secret` looks like `whsec_...`.

    While it is being rotated, the previous one signs too: a receiver takes a message if it knows one.

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

    Svix, from which the standard comes, calls the headers `svix-id` and so on; these are taken as well.

    Raises:
        HeaderMissing: one of the three is not there.
        InvalidSignature: malformed, not made with one of `secrets`, or not made near `now_s`.
    """
    given_id, sent = delivery_id(headers), _standard_header(headers, "timestamp")
    signatures = [item.partition(",") for item in _standard_header(headers, "signature").split()]
    given = [found for version, _, found in signatures if version == "v1"]
    _require_match(given, secrets, lambda secret: _standard(secret, given_id, sent, body), setting)
    _require_recent(sent, now_s)


def _standard_header(headers: Mapping[str, str], name: str) -> str:
    return required_header(headers, f"webhook-{name}", f"svix-{name}")


def _timed(secret: str, sent: str, body: bytes) -> str:
    return hmac.digest(secret.encode(), _bytes(sent) + b"." + body, "sha256").hex()


def _standard(secret: str, delivery_id: str, sent: str, body: bytes) -> str:
    # Without `validate`, letters that are no base64 are dropped, and a mangled secret becomes a shorter key.
    key = base64.b64decode(secret.removeprefix(_STANDARD_PREFIX), validate=True)
    return _base64_hmac(key, _bytes(f"{delivery_id}.{sent}.") + body)


def _base64_hmac(key: bytes, message: bytes) -> str:
    if not key:
        raise ValueError("with an empty key, every stranger could sign")
    return base64.b64encode(hmac.digest(key, message, "sha256")).decode()


def _require_match(
    given: Iterable[str], secrets: Sequence[str], expected_with: Callable[[str], str], setting: str
) -> None:
    candidates = [_bytes(signature) for signature in given if signature]
    if not candidates:
        raise InvalidSignature("the request is not signed, or its signature cannot be read")
    expected = [_expected(expected_with, secret) for secret in secrets]
    # All pairs are compared, also after a match, so that the time taken does not tell which secret was right.
    matches = [hmac.compare_digest(want, got) for want in expected if want for got in candidates]
    if not any(matches):
        unreadable = "" if all(expected) else " (it is empty, or not base64)"
        raise InvalidSignature(f"the signature does not match; check {setting}{unreadable}")


def _expected(expected_with: Callable[[str], str], secret: str) -> bytes | None:
    """Sign with one secret; None where the secret itself is wrong, so that another one can still match."""
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
