"""Takes in what servers have counted themselves: `POST /v1/counts`, signed as our own events are.

    {"counts": [{"test": 17, "bucket": 93, "impressions": 120, "plays": 11, "quality_plays": 9,
                 "watch_s": 431.5},
                {"test": 18, "day": "2026-11-29", "views": 1204}]}

Each number of a bucket is what was added since the delivery before; those of a day are of the whole day. It
is answered once it is stored; what is sent again under its `webhook-id` is added once.
"""

from __future__ import annotations

import time
from datetime import date
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
from worker.trials.counting import BucketCount
from worker.trials.slots.told import ToldDay
from worker.trials.sums import Sums

if TYPE_CHECKING:
    from collections.abc import Mapping

    from webhook.bounded import BoundedDatabase
    from worker.settings import Settings

MAX_COUNTS = 2000  # a delivery of all buckets of fifteen tests
FIELDS = frozenset({"test", "bucket", "impressions", "plays", "quality_plays", "watch_s"})
DAY_FIELDS = frozenset({"test", "day", "views", "impressions", "watch_s"})
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
        told, days = read(body)
        with tracing.follow("counts", request.headers.get("traceparent"), "server"):
            delivery_id = signatures.delivery_id(headers)
            add = partial(counting.add, delivery_id=delivery_id, counts=told, days=days)
            is_new = database.in_transaction(add)
        if is_new:
            return answer("recorded", 202, "added")
        return answer("duplicate", 200, "it came before under this webhook-id, and was added then")

    return page


def read(body: bytes) -> tuple[list[BucketCount], list[ToldDay]]:
    """Read what a server has counted: of buckets, and of days.

    Raises:
        MalformedPayload: a field is missing, unknown or wrong; the message names it.
    """
    message = json_fields.read_object(body)
    given = message.get("counts")
    if message.keys() != {"counts"} or not isinstance(given, list) or not 0 < len(given) <= MAX_COUNTS:
        raise MalformedPayload(f"the body must be an object of `counts`, a list of 1 to {MAX_COUNTS}")
    told = [
        _day(item, where) if isinstance(item, dict) and "day" in item else _bucket(item, where)
        for where, item in ((f"counts[{number}]", item) for number, item in enumerate(given))
    ]
    return [one for one in told if isinstance(one, BucketCount)], [
        one for one in told if isinstance(one, ToldDay)
    ]


def _check(item: Any, where: str, known: frozenset[str], needed: set[str]) -> None:
    if not isinstance(item, dict):
        raise MalformedPayload(f"`{where}` is not an object")
    if unknown := sorted(item.keys() - known):
        raise MalformedPayload(f"`{where}` has a field that we do not know: {unknown[0]!r}")
    if missing := sorted(needed - item.keys()):
        raise MalformedPayload(f"`{where}.{missing[0]}` is missing")


def _day(item: dict[str, Any], where: str) -> ToldDay:
    if "bucket" in item:
        raise MalformedPayload(f"`{where}` has both a `bucket` and a `day`: a test has only one of them")
    _check(item, where, DAY_FIELDS, {"test", "day", "views"})
    return ToldDay(
        where,
        _whole(item["test"], f"{where}.test", json_fields.MAX_NUMBER),
        _date(item["day"], f"{where}.day"),
        _whole(item["views"], f"{where}.views", MAX_COUNT),
        _whole(item["impressions"], f"{where}.impressions", MAX_COUNT) if "impressions" in item else None,
        _seconds(item, where) if "watch_s" in item else None,
    )


def _date(value: Any, where: str) -> date:
    try:
        day = date.fromisoformat(value)
    except (TypeError, ValueError):
        day = None
    if day is None or day.isoformat() != value:  # Python takes 20261129, too
        raise MalformedPayload(f"`{where}` must be a day, as 2026-11-29")
    return day


def _bucket(item: Any, where: str) -> BucketCount:
    _check(item, where, FIELDS, {"test", "bucket"})
    if not item.keys() - {"test", "bucket"}:
        raise MalformedPayload(f"`{where}` counts nothing: give at least one of {', '.join(WHOLE)}, watch_s")
    trial_id = _whole(item["test"], f"{where}.test", json_fields.MAX_NUMBER)
    bucket = _whole(item["bucket"], f"{where}.bucket", BUCKETS - 1)
    numbers = {name: _whole(item.get(name, 0), f"{where}.{name}", MAX_COUNT) for name in WHOLE}
    for more, less in FALLING:
        if more in item and numbers[less] > numbers[more]:
            raise MalformedPayload(f"`{where}.{less}` is more than `{more}`")
    return BucketCount(where, trial_id, bucket, Sums(**numbers, watch_s=_seconds(item, where)))


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
