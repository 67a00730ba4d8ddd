"""Signed requests as the platforms send them, and the settings that go with them."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from worker.platforms.shared import signatures
from worker.settings import Settings
from worker.settings.accounts import FastPixAccount, MuxAccount

MUX_SECRET = "mux-webhook-secret"  # noqa: S105 - signs what this file makes up
MUX_OLD_SECRET = "mux-webhook-secret-of-last-year"  # noqa: S105 - the same
FASTPIX_SECRET = "ZGVtby1zZWNyZXQ="  # noqa: S105 - the same
EVENTS_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the specification's example

TOKEN = {"token_id": "id", "token_secret": "token-secret"}
ACCOUNTS: dict[str, Any] = {
    "mux": {"main": MuxAccount(webhook_secret=MUX_SECRET, webhook_secret_previous=MUX_OLD_SECRET, **TOKEN)},
    "fastpix": {"main": FastPixAccount(webhook_secret=FASTPIX_SECRET, **TOKEN)},
    "events_secret": EVENTS_SECRET,
}
#: The same, for a process.
ENVIRONMENT = {
    "MUX__MAIN__WEBHOOK_SECRET": MUX_SECRET,
    "MUX__MAIN__TOKEN_ID": "id",
    "MUX__MAIN__TOKEN_SECRET": "token-secret",
    "EVENTS_SECRET": EVENTS_SECRET,
}

_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Delivery:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    def with_body(self, body: bytes) -> Delivery:
        """Change the body, and leave the signature."""
        return replace(self, body=body)

    def with_headers(self, **headers: str) -> Delivery:
        """Add headers; underscores in their names become dashes."""
        added = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **added})


def make_settings(**values: Any) -> Settings:
    """Return settings that know these secrets, and nothing of the environment."""
    return Settings(**{**ACCOUNTS, **values})


def mux(
    event: str = "video.asset.ready",
    *,
    asset: str = "a1",
    delivery: str | None = None,
    secret: str = MUX_SECRET,
    sent_s: float = 0.0,
    **data: Any,
) -> Delivery:
    """Return an event of Mux; `sent_s` is added to the present time."""
    said = {
        "type": event,
        "id": delivery or f"mux-{next(_NUMBERS)}",
        "created_at": "2026-11-01T12:00:00Z",
        "data": {"id": asset, "status": "ready", **data},
    }
    return mux_bytes(json.dumps(said).encode(), secret=secret, sent_s=sent_s)


def mux_bytes(body: bytes, *, secret: str = MUX_SECRET, sent_s: float = 0.0) -> Delivery:
    """Return any bytes, signed as Mux signs."""
    headers = signatures.Timestamped("mux-signature").sign(body, secret, time.time() + sent_s)
    return Delivery("/webhooks/mux/main", headers, body)


def fastpix(event: str = "video.media.ready", *, asset: str = "m1") -> Delivery:
    """Return an event of FastPix."""
    said = {
        "type": event,
        "id": f"fastpix-{next(_NUMBERS)}",
        "object": {"type": "media", "id": asset},
        "createdAt": "2026-05-11T20:42:16.361817248Z",
        "data": {"id": asset, "status": "Ready"},
    }
    return fastpix_bytes(json.dumps(said).encode())


def fastpix_bytes(body: bytes) -> Delivery:
    """Return any bytes, signed as FastPix signs."""
    headers = signatures.Base64("FastPix-Signature").sign(body, FASTPIX_SECRET)
    return Delivery("/webhooks/fastpix/main", headers, body)


def own(event: str = "asset.edited", *, asset: str = "a1", **data: Any) -> Delivery:
    """Return an event of the customer's own system, about an asset of Mux."""
    about = {"platform": "mux", "account": "main", "asset_id": asset, "edit": {"kind": "reordered"}, **data}
    said = {"type": event, "timestamp": "2026-11-01T12:00:00Z", "data": about}
    return own_bytes(json.dumps(said).encode())


def own_bytes(body: bytes, delivery: str | None = None) -> Delivery:
    """Return any bytes, signed as Standard Webhooks says, under an id of their own unless one is given."""
    delivery_id = delivery or f"msg-{next(_NUMBERS)}"
    headers = signatures.sign_standard(body, EVENTS_SECRET, delivery_id, time.time())
    return Delivery("/v1/events", headers, body)


def question(asset: str, *, secret: str = EVENTS_SECRET, sent_s: float = 0.0) -> Delivery:
    """Return a question about an asset, as in "mux/main/a1"; `sent_s` is added to the present time."""
    path = f"/v1/assets/{asset}"
    asked = f"GET {unquote(path)}".encode()
    headers = signatures.sign_standard(asked, secret, f"ask-{next(_NUMBERS)}", time.time() + sent_s)
    return Delivery(path, headers, b"")
