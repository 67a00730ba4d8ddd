"""Sends webhooks as Mux does: signed, in no promised order, and again until somebody takes them."""

from __future__ import annotations

import json
import threading
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx

from worker.platforms.signatures import sign_timestamped
from worker.simulator.journal import Entry

if TYPE_CHECKING:
    from worker.simulator.journal import Journal

TIMEOUT_S = 5.0
FIRST_RETRY_S = 0.1  # Mux starts slower; what matters is that the pauses grow
LONGEST_RETRY_S = 30.0


class Sender:
    """Hands webhooks to one address, each in a thread of its own.

    Args:
        address: where they go.
        secret: signs them.
        journal: gets every attempt.
        closing: set when nothing is to be sent any more.
    """

    def __init__(self, address: str, secret: str, journal: Journal, closing: threading.Event) -> None:
        self._address = address
        self._secret = secret
        self._journal = journal
        self._closing = closing
        self._client = httpx.Client(timeout=TIMEOUT_S, trust_env=False)
        self._outstanding = 0
        self._lock = threading.Lock()

    @property
    def outstanding(self) -> int:
        """How many copies nobody has taken yet."""
        return self._outstanding

    def send(self, event: str, data: dict[str, Any], *, copies: int = 1) -> None:
        """Tell of an event; copies of it carry the same id, as duplicates do."""
        envelope = _envelope(event, data)
        with self._lock:
            self._outstanding += copies
        for _ in range(copies):
            threading.Thread(target=self._deliver, args=(envelope,), daemon=True).start()

    def close(self) -> None:
        """Close connections; what is not delivered by now is not delivered."""
        self._client.close()

    def _deliver(self, envelope: dict[str, Any]) -> None:
        event, data, pause_s = envelope["type"], envelope["data"], FIRST_RETRY_S
        asset_id, detail = data.get("asset_id", data["id"]), {"id": envelope["id"]}
        body = json.dumps(envelope).encode()
        while not self._closing.is_set():
            status = self._attempt(body)
            self._journal.add(
                Entry("delivery", "POST", self._address, status, asset_id, event=event, detail=detail)
            )
            if status is not None and httpx.codes.is_success(status):
                with self._lock:
                    self._outstanding -= 1
                return
            self._closing.wait(pause_s)
            pause_s = min(2 * pause_s, LONGEST_RETRY_S)

    def _attempt(self, body: bytes) -> int | None:
        signature = sign_timestamped(body, self._secret, time.time())
        headers = {"Content-Type": "application/json", "Mux-Signature": signature}
        try:
            return self._client.post(self._address, content=body, headers=headers).status_code
        except (httpx.RequestError, RuntimeError):  # RuntimeError: closed meanwhile
            return None


def _envelope(event: str, data: dict[str, Any]) -> dict[str, Any]:
    subject = "static_rendition" if "static_rendition" in event else "asset"
    return {
        "type": event,
        "id": str(uuid.uuid4()),
        "created_at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "object": {"type": subject, "id": data["id"]},
        "environment": {"name": "Simulated", "id": "simulated"},
        "data": data,
        "attempts": [],
    }
