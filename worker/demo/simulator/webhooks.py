"""Sends webhooks as platforms do: signed, in no promised order, and again until somebody takes them."""

from __future__ import annotations

import itertools
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import httpx

from worker.demo.simulator.journal import JournalEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from worker.demo.simulator.journal import Journal

TIMEOUT_S = 5.0
FIRST_RETRY_S = 0.1  # platforms start slower; what matters is that the pauses grow
LONGEST_RETRY_S = 30.0


class Notice(NamedTuple):
    """One webhook; its redeliveries and copies are the same bytes."""

    event: str  #: what the journal calls it
    asset_id: str
    body: bytes
    id: str = ""  #: of the delivery, where the platform gives one


class Sender:
    """Hands webhooks to one address, each in a thread of its own.

    Args:
        address: where they go.
        sign: makes the headers of a body, at every attempt anew.
        journal: gets every attempt.
        closing: set when nothing is to be sent any more.
        retries: after so many a webhook is dropped; None: never.
    """

    def __init__(
        self,
        address: str,
        sign: Callable[[bytes], Mapping[str, str]],
        journal: Journal,
        closing: threading.Event,
        retries: int | None,
    ) -> None:
        self._address = address
        self._sign = sign
        self._journal = journal
        self._closing = closing
        self._retries = retries
        self._client = httpx.Client(timeout=TIMEOUT_S, trust_env=False)
        self._outstanding = 0
        self._lock = threading.Lock()

    @property
    def outstanding(self) -> int:
        """How many copies are still on their way."""
        return self._outstanding

    def send(self, notice: Notice, *, copies: int = 1) -> None:
        """Tell of an event."""
        with self._lock:
            self._outstanding += copies
        for _ in range(copies):
            threading.Thread(target=self._deliver, args=(notice,), daemon=True).start()

    def close(self) -> None:
        """Close connections; what is not delivered by now is not delivered."""
        self._client.close()

    def _deliver(self, notice: Notice) -> None:
        pause_s = FIRST_RETRY_S
        for attempt in itertools.count():
            if self._closing.is_set():
                return
            status = self._attempt(notice.body)
            entry = JournalEntry(
                "delivery", "POST", self._address, status, notice.asset_id, event=notice.event
            )
            self._journal.add(replace(entry, detail={"id": notice.id}))
            is_taken = status is not None and httpx.codes.is_success(status)
            if is_taken or attempt == self._retries:
                with self._lock:
                    self._outstanding -= 1
                return
            self._closing.wait(pause_s)
            pause_s = min(2 * pause_s, LONGEST_RETRY_S)

    def _attempt(self, body: bytes) -> int | None:
        headers = {"Content-Type": "application/json", **self._sign(body)}
        try:
            return self._client.post(self._address, content=body, headers=headers).status_code
        except (httpx.RequestError, RuntimeError):  # RuntimeError: closed meanwhile
            return None
