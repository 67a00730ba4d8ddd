"""Sends webhooks as platforms do: signed, in no promised order, and again until the receiver takes them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

import httpx
from tenacity import (
    Retrying,
    retry_if_result,
    sleep_using_event,
    stop_after_attempt,
    stop_never,
    wait_exponential,
)

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


class WebhookSender:
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
        self._deliveries: list[threading.Thread] = []

    @property
    def is_idle(self) -> bool:
        """True when every webhook was taken or dropped."""
        return not any(delivery.is_alive() for delivery in self._deliveries)

    def send(self, notice: Notice, *, copies: int = 1) -> None:
        """Tell of an event."""
        for _ in range(copies):
            delivery = threading.Thread(target=self._deliver, args=(notice,), daemon=True)
            delivery.start()
            self._deliveries.append(delivery)

    def close(self) -> None:
        """Close connections; what is not delivered by now is not delivered."""
        self._client.close()

    def _deliver(self, notice: Notice) -> None:
        retrying = Retrying(
            retry=retry_if_result(lambda is_over: not is_over),
            stop=stop_never if self._retries is None else stop_after_attempt(1 + self._retries),
            wait=wait_exponential(multiplier=FIRST_RETRY_S, max=LONGEST_RETRY_S),
            sleep=sleep_using_event(self._closing),
            retry_error_callback=lambda _: None,  # a webhook that is dropped is no error here
        )
        retrying(self._attempt, notice)

    def _attempt(self, notice: Notice) -> bool:
        """Send a webhook once; tell whether it need not be sent again."""
        if self._closing.is_set():
            return True
        status = self._post(notice.body)
        self._journal.add(
            JournalEntry(
                "delivery",
                "POST",
                self._address,
                status,
                notice.asset_id,
                event=notice.event,
                detail={"id": notice.id},
            )
        )
        return status is not None and httpx.codes.is_success(status)

    def _post(self, body: bytes) -> int | None:
        """Send bytes, signed at this moment; return the answer's status, or None where there is none."""
        headers = {"Content-Type": "application/json", **self._sign(body)}
        try:
            return self._client.post(self._address, content=body, headers=headers).status_code
        # A refused connection is as good as no answer: the webhook is sent again.
        except (httpx.RequestError, RuntimeError):  # RuntimeError: closed meanwhile
            return None
