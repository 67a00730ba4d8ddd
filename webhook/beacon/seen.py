"""Takes in what browsers tell: `POST /v1/seen` is answered at once, and nothing waits for a database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request
from werkzeug.exceptions import UnsupportedMediaType

from webhook import answers
from webhook.beacon import batches
from webhook.beacon.batches import Batch, Dropped
from webhook.beacon.bots import is_bot
from webhook.beacon.callers import Callers
from webhook.beacon.duplicates import RecentIds
from webhook.beacon.limits import MAX_SEEN_BYTES
from webhook.bodies import whole_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from webhook.beacon.totals import Totals
    from worker.settings import Settings

# `sendBeacon` sends text without asking the server first, and may not send JSON so.
TYPES = frozenset({"text/plain", "application/json"})


def seen_page(settings: Settings, totals: Totals, is_running: Callable[[int], bool]) -> Blueprint:
    """Make the route that browsers tell what was seen.

    Args:
        settings: whose proxies are to be trusted.
        totals: what is counted goes there.
        is_running: tells whether there is a test of this id that runs.
    """
    page = Blueprint("seen", __name__)
    answers.refuse_quietly(page)
    doorkeeper = _Doorkeeper(Callers(settings.trusted_proxies), RecentIds())

    @page.post("/v1/seen")
    def seen() -> Response:
        if request.mimetype not in TYPES:
            raise UnsupportedMediaType("send text/plain or application/json")
        batch = batches.read(whole_body(MAX_SEEN_BYTES))
        if why := doorkeeper.refusal(batch):
            totals.note(batch.events, why)
        elif (kept := _believable(batch, totals, is_running)).events:
            totals.take(kept)
        return Response(status=204)

    @page.after_request
    def open_to_all(response: Response) -> Response:
        """Let pages of any site read the answer, which says nothing but whether the form was right."""
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Cache-Control"] = "no-store"
        return response

    return page


@dataclass(frozen=True, slots=True)
class _Doorkeeper:
    """Tells whose batches are not counted at all."""

    callers: Callers
    recent: RecentIds

    def refusal(self, batch: Batch) -> Dropped | None:
        """Say why the batch of this request is dropped; None where it is not."""
        # First what costs nothing: an invented user agent takes time to look through.
        if self.callers.is_flood(request.remote_addr or "", request.headers.get("X-Forwarded-For", "")):
            return Dropped.FLOOD
        if is_bot(request.headers.get("User-Agent", "")):
            return Dropped.BOT
        return None if self.recent.is_new(batch.id) else Dropped.DUPLICATE


def _believable(batch: Batch, totals: Totals, is_running: Callable[[int], bool]) -> Batch:
    """Leave out what is of no test, and what no viewer can have done."""
    ours = [event for event in batch.events if is_running(event.trial_id)]
    if len(ours) < len(batch.events):
        totals.note((event for event in batch.events if not is_running(event.trial_id)), Dropped.UNKNOWN)
    kept = []
    for event, why in zip(ours, batches.doubts(ours), strict=True):
        if why is None:
            kept.append(event)
        else:
            totals.note([event], why)
    return Batch(batch.id, kept)
