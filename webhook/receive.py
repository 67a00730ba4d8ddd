"""Takes webhooks in: verify the bytes as received, read them, commit, and only then say so."""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import TYPE_CHECKING

from flask import Blueprint, Response, g, request

from webhook.answers import answer
from webhook.bodies import whole_body
from webhook.limits import MAX_BODY_BYTES
from worker import metrics, tracing
from worker.inbox import own_events, record
from worker.inbox.own_deliveries import record_own
from worker.inbox.record import DeliveryOutcome
from worker.platforms import platform_of
from worker.platforms.shared.signatures import QUERY_TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from webhook.bounded import BoundedDatabase
    from worker.inbox.record import Receipt
    from worker.platforms.event import Event
    from worker.settings import Settings

# A delivery may hold several events; it is answered with the first of these that holds for one of them.
REASONS = {
    DeliveryOutcome.RECORDED: "recorded",
    DeliveryOutcome.DUPLICATE: "taken in before",
    DeliveryOutcome.IGNORED: "ignored",
}

log = logging.getLogger(__name__)


def webhook_pages(settings: Settings, database: BoundedDatabase) -> Blueprint:
    """Make the two routes that events are sent to."""
    pages = Blueprint("receive", __name__)
    pages.after_request(_count)

    @pages.post("/webhooks/<name>/<account>")
    def webhook(name: str, account: str) -> Response:
        platform = platform_of(name, account, settings)
        g.platform, g.account = name, account
        body = whole_body(MAX_BODY_BYTES)
        # Before the signature: a platform may try an address out before it has a secret to sign with.
        if platform.is_probe(body):
            return answer("probe", 200, "webhooks can be sent here")
        headers = _headers()
        platform.verify(headers, body, time.time())
        with tracing.follow("webhook", None, "server", platform=name, account=account):
            return _record(platform.parse(headers, body), record.record)

    @pages.post("/v1/events")
    def event() -> Response:
        g.platform = "own"
        headers, body = dict(request.headers), whole_body(MAX_BODY_BYTES)
        own_events.verify(headers, body, settings, time.time())
        # Of a sender that has shown who it is, so that no stranger can choose ids.
        with tracing.follow("webhook", request.headers.get("traceparent"), "server", platform=g.platform):
            return _record(own_events.parse(headers, body, settings), record_own)

    def _record(events: Sequence[Event], recorder: Callable[..., list[Receipt]]) -> Response:
        receipts = database.in_transaction(partial(recorder, events=events, settings=settings))
        _tell(events, receipts)
        # One answer for all of them: 202 where at least one is new.
        outcomes = {receipt.outcome for receipt in receipts} or {DeliveryOutcome.IGNORED}
        outcome = next(outcome for outcome in REASONS if outcome in outcomes)
        said = dict.fromkeys(one.reason for one in receipts if one.outcome is outcome and one.reason)
        reason = "; ".join([REASONS[outcome], *said])
        return answer(outcome, 202 if outcome is DeliveryOutcome.RECORDED else 200, reason)

    return pages


def _headers() -> dict[str, str]:
    """Read the headers; a token that stands in the address, `?token=...`, becomes one of them.

    Some platforms sign nothing, and send no header of ours: what shows who they are stands in the address.
    """
    token = request.args.get("token")
    return dict(request.headers) | ({} if token is None else {QUERY_TOKEN: token})


def _count(response: Response) -> Response:
    metrics.WEBHOOK_REQUESTS.labels(g.platform, g.account, g.outcome, str(response.status_code)).inc()
    metrics.WEBHOOK_ACK_SECONDS.labels(g.platform).observe(time.perf_counter() - g.started_at_s)
    return response


def _tell(events: Sequence[Event], receipts: Sequence[Receipt]) -> None:
    for event, receipt in zip(events, receipts, strict=True):
        metrics.EVENTS.labels(event.platform, event.account, receipt.outcome).inc()
        if event.problem:
            log.warning("a verified event of %s cannot be used: %s", event.platform, event.problem)
        log.info(
            "%s: %s",
            event.type,
            receipt.outcome,
            extra={
                "event_id": receipt.event_id,
                "platform": event.platform,
                "account": event.account,
                "asset": event.asset_id,
                "delivery": event.delivery_id,
            },
        )
