"""Reads what a browser tells of viewers, and finds in it what no viewer can have done.

    {"v": 1, "id": "<uuid of this batch>",
     "events": [[test, bucket, "i"], [test, bucket, "p"], [test, bucket, "q"], [test, bucket, "w", 31.5]]}

i: half of the picture was visible for 1 s; p: a play; q: a quality play, 10 s or a quarter of a shorter
video; w: seconds that were watched, told once, at the end. Which variant it was follows from the bucket.
"""

from __future__ import annotations

import json
import re
from enum import StrEnum
from typing import Any, NamedTuple

from webhook.beacon.limits import MAX_EVENTS, MAX_WATCH_S
from worker.errors import MalformedPayload
from worker.trials.assignment import BUCKETS

VERSION = 1
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SHORT, _LONG = 3, 4  # what an event has; the seconds are the fourth


class ViewerEventKind(StrEnum):
    """What a viewer did."""

    IMPRESSION = "i"
    PLAY = "p"
    QUALITY_PLAY = "q"
    WATCH = "w"


#: What each counts as in the metrics.
WORDS = {
    ViewerEventKind.IMPRESSION: "impression",
    ViewerEventKind.PLAY: "play",
    ViewerEventKind.QUALITY_PLAY: "quality_play",
    ViewerEventKind.WATCH: "watch",
}
#: What a viewer did before.
BEFORE = {
    ViewerEventKind.PLAY: ViewerEventKind.IMPRESSION,
    ViewerEventKind.QUALITY_PLAY: ViewerEventKind.PLAY,
    ViewerEventKind.WATCH: ViewerEventKind.PLAY,
}
_SHORT_KINDS = {kind.value: kind for kind in ViewerEventKind if kind is not ViewerEventKind.WATCH}


class Dropped(StrEnum):
    """Why an event is not counted."""

    BOT = "bot"  #: by its user agent
    FLOOD = "flood"  #: too many batches of one address
    DUPLICATE = "duplicate"  #: a batch that came before
    UNKNOWN = "unknown"  #: of no test that runs
    ORDER = "order"  #: a play before its impression, and the like
    REPEATED = "repeated"  #: twice of one view
    BUCKETS = "buckets"  #: of several viewers, where a browser has one
    SECONDS = "seconds"  #: that nobody can have watched
    FULL = "full"  #: more waits for the database than fits


class ViewerEvent(NamedTuple):
    """What the viewers of one bucket did once."""

    trial_id: int
    bucket: int
    kind: ViewerEventKind
    watch_s: float = 0.0


class Batch(NamedTuple):
    """What one request tells."""

    id: str
    events: list[ViewerEvent]


def read(body: bytes) -> Batch:
    """Read a batch.

    Raises:
        MalformedPayload: it is no JSON, or not of our form; the message says what is wrong.
    """
    try:
        said = json.loads(body)
    except ValueError as exc:
        raise MalformedPayload("the body is not JSON in UTF-8") from exc
    if not isinstance(said, dict) or said.keys() != {"v", "id", "events"}:
        raise MalformedPayload("a batch is an object of `v`, `id` and `events`, and of nothing else")
    if said["v"] is True or said["v"] != VERSION:
        raise MalformedPayload(f"`v` must be {VERSION}")
    name, events = said["id"], said["events"]
    if not isinstance(name, str) or not _UUID.fullmatch(name.lower()):
        raise MalformedPayload("`id` must be a UUID, another one for each batch")
    if not isinstance(events, list) or len(events) > MAX_EVENTS:
        raise MalformedPayload(f"`events` must be a list of up to {MAX_EVENTS}")
    return Batch(name.lower(), [_event(number, event) for number, event in enumerate(events)])


def _event(number: int, said: Any) -> ViewerEvent:
    if not isinstance(said, list) or not _SHORT <= len(said) <= _LONG:
        raise MalformedPayload(f"`events[{number}]` must be [test, bucket, kind], or with seconds")
    trial_id, bucket, word, *rest = said
    # Not by isinstance: in Python True is the number 1.
    if type(trial_id) is not int:
        raise MalformedPayload(f"`events[{number}]`: the test is the number that the manifest has as its id")
    if type(bucket) is not int or not 0 <= bucket < BUCKETS:
        raise MalformedPayload(f"`events[{number}]`: a bucket is a whole number from 0 to {BUCKETS - 1}")
    if not rest and isinstance(word, str) and (kind := _SHORT_KINDS.get(word)):
        return ViewerEvent(trial_id, bucket, kind)
    if rest and word == ViewerEventKind.WATCH and type(rest[0]) in {int, float}:
        return ViewerEvent(trial_id, bucket, ViewerEventKind.WATCH, rest[0])
    raise MalformedPayload(f'`events[{number}]` ends with "i", "p" or "q", or with "w" and seconds')


def doubts(events: list[ViewerEvent]) -> list[Dropped | None]:
    """Say of each event of a batch why no viewer can have done it; None where one can.

    A batch is of one browser, which has one bucket in each test and tells of one view. What is not in the
    batch may have been told in one before: nobody is recognised, so `worker.trials.counting` compares the
    sums of the bucket instead.
    """
    told = {(event.trial_id, event.kind) for event in events}
    bucket_of: dict[int, int] = {}
    done: set[tuple[int, ViewerEventKind]] = set()
    found = []
    for event in events:
        doubt = _doubt(event, told, bucket_of, done)
        if doubt is None:
            done.add((event.trial_id, event.kind))
        found.append(doubt)
    return found


def _doubt(
    event: ViewerEvent,
    told: set[tuple[int, ViewerEventKind]],
    bucket_of: dict[int, int],
    done: set[tuple[int, ViewerEventKind]],
) -> Dropped | None:
    if bucket_of.setdefault(event.trial_id, event.bucket) != event.bucket:
        return Dropped.BUCKETS
    if (event.trial_id, event.kind) in done:
        return Dropped.REPEATED
    if not 0 <= event.watch_s <= MAX_WATCH_S:  # nor NaN
        return Dropped.SECONDS
    before = BEFORE.get(event.kind)
    if before and (event.trial_id, before) in told and (event.trial_id, before) not in done:
        return Dropped.ORDER
    return None
