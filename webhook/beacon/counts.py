"""Takes in what servers have counted themselves: `POST /v1/counts`, signed as our own events are.

    {"counts": [{"test": 17, "bucket": 93, "impressions": 120, "plays": 11, "quality_plays": 9,
                 "watch_s": 431.5}]}

Each number is what was added since the delivery before. It is answered once it is stored; what is sent again
under its `webhook-id` is added once.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, g, request

from webhook.answers import answer
from webhook.bodies import whole_body
from webhook.limits import MAX_BODY_BYTES
from worker import tracing
from worker.errors import MalformedPayload
from worker.inbox import own_events
from worker.platforms.shared import json_fields, signatures
from worker.trials import counting
from worker.trials.assignment import BUCKETS
from worker.trials.counting import Told
from worker.trials.sums import Sums

if TYPE_CHECKING:
    from collections.abc import Mapping

    from webhook.bounded import BoundedDatabase
    from worker.settings import Settings

MAX_COUNTS = 2000  # a delivery of all buckets of fifteen tests
FIELDS = frozenset({"test", "bucket", "impressions", "plays", "quality_plays", "watch_s"})
WHOLE = ("impressions", "plays", "quality_plays")
MAX_COUNT = 1_000_000_000
# Each must not be more than the one before it, where both are given.
FALLING = (("impressions", "plays"), ("plays", "quality_plays"))


def counts_page(settings: Settings, database: BoundedDatabase) -> Blueprint:
    """Make the route that servers send their counts to."""
    page = Blueprint("counts", __name__)

    @page.post("/v1/counts")
    def counts() -> Response:
        g.platform = "own"
        headers, body = dict(request.headers), whole_body(MAX_BODY_BYTES)
        own_events.verify(headers, body, settings, time.time())
        told = read(body)
        with tracing.follow("counts", request.headers.get("traceparent"), "server"):
            delivery_id = signatures.delivery_id(headers)
            is_new = database.in_transaction(partial(counting.add, delivery_id=delivery_id, counts=told))
        if is_new:
            return answer("recorded", 202, "added")
        return answer("duplicate", 200, "it came before under this webhook-id, and was added then")

    return page


def read(body: bytes) -> list[Told]:
    """Read what a server has counted.

    Raises:
        MalformedPayload: a field is missing, unknown or wrong; the message names it.
    """
    message = json_fields.read_object(body)
    given = message.get("counts")
    if message.keys() != {"counts"} or not isinstance(given, list) or not 0 < len(given) <= MAX_COUNTS:
        raise MalformedPayload(f"the body must be an object of `counts`, a list of 1 to {MAX_COUNTS}")
    return [_told(item, f"counts[{number}]") for number, item in enumerate(given)]


def _told(item: Any, where: str) -> Told:
    if not isinstance(item, dict):
        raise MalformedPayload(f"`{where}` is not an object")
    if unknown := sorted(item.keys() - FIELDS):
        raise MalformedPayload(f"`{where}` has a field that we do not know: {unknown[0]!r}")
    if missing := sorted({"test", "bucket"} - item.keys()):
        raise MalformedPayload(f"`{where}.{missing[0]}` is missing")
    if not item.keys() - {"test", "bucket"}:
        raise MalformedPayload(f"`{where}` counts nothing: give at least one of {', '.join(WHOLE)}, watch_s")
    trial_id = _whole(item["test"], f"{where}.test", json_fields.MAX_NUMBER)
    bucket = _whole(item["bucket"], f"{where}.bucket", BUCKETS - 1)
    numbers = {name: _whole(item.get(name, 0), f"{where}.{name}", MAX_COUNT) for name in WHOLE}
    for more, less in FALLING:
        if more in item and numbers[less] > numbers[more]:
            raise MalformedPayload(f"`{where}.{less}` is more than `{more}`")
    return Told(where, trial_id, bucket, Sums(**numbers, watch_s=_seconds(item, where)))


def _whole(value: Any, where: str, most: int) -> int:
    # Not by isinstance: in Python True is the number 1.
    if type(value) is not int or not 0 <= value <= most:
        raise MalformedPayload(f"`{where}` must be a whole number from 0 to {most}")
    return value


def _seconds(item: Mapping[str, Any], where: str) -> float:
    value = item.get("watch_s", 0.0)
    if type(value) not in {int, float} or not 0 <= value <= MAX_COUNT:
        raise MalformedPayload(f"`{where}.watch_s` must be a number of seconds from 0 to {MAX_COUNT}")
    return float(value)
