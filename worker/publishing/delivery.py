"""Sends something to a system of the customer's own, by an address that a setting names."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx

from worker import tracing
from worker.errors import PlatformUnavailable, PublishRejected
from worker.http.client import BoundedClient
from worker.http.failure import reason_of
from worker.http.retry_after import retry_after_s

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT_S = 15.0  # of silence; a whole exchange may last 30 s; the standard suggests 15 to 30


def deliver(setting: str, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Send a body once, and read of the answer no more than whether it was taken.

    Args:
        setting: the variable that holds the address, for the sentence about a failure.
        method: of HTTP.
        url: where to.
        body: what to send.
        headers: with its type.

    Raises:
        PlatformUnavailable: it did not answer with 2xx; try later.
        PublishRejected: it answered with 410, which says that it wants nothing more.
    """
    traced = {"traceparent": tracing.traceparent(), **headers}
    try:
        # The body of the answer says nothing that we need, and could be endless.
        with (
            BoundedClient(timeout_s=TIMEOUT_S) as client,
            client.stream(method, url, content=body, headers=traced) as answer,
        ):
            status = answer.status_code
    except httpx.RequestError as exc:
        raise PlatformUnavailable(f"{setting}: no whole answer ({reason_of(exc)})") from exc
    if status == HTTPStatus.GONE:
        raise PublishRejected(f"{setting} answers 410: it wants no more; set another, or none")
    if not httpx.codes.is_success(status):
        raise PlatformUnavailable(f"{setting} answers {status}; see that system's log", retry_after_s(answer))
