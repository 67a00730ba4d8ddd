"""What senders of our own events are told: nothing that is ignored looks as if it had been taken in."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.support.service import builders, deliveries
from tests.support.service.deliveries import EVENTS_SECRET, Delivery
from worker.database import transaction
from worker.database.inbox import WebhookEvent
from worker.database.models import Asset
from worker.inbox import erasure
from worker.platforms.shared import signatures

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Engine

    from tests.webhook.conftest import Post

MORNING, NOON, EVENING = (f"2026-11-01T{hour:02}:00:00Z" for hour in (6, 12, 18))
EDIT = {"edit": {"kind": "trimmed", "kept": [{"start_s": 1, "end_s": 2}]}}


def about(event: str, at: str | None, delivery: str | None = None, **data: object) -> Delivery:
    """Return an event about one asset of Mux, under an id of its own unless one is given."""
    said = {"type": event, "data": {"platform": "mux", "account": "main", "asset_id": "a1", **data}}
    body = json.dumps(said if at is None else {**said, "timestamp": at}).encode()
    return deliveries.own_bytes(body, delivery=delivery or f"evt_{uuid.uuid4()}")


@pytest.mark.parametrize(
    ("delivery", "remedy"),
    [
        (about("asset.ready", NOON), "send a later `timestamp`"),
        (about("asset.edited", MORNING, **EDIT), "send a later `timestamp`"),
        (about("asset.ready", None), "send a `timestamp` that is later"),
        (about("asset.deleted", MORNING), "there is nothing to do"),
    ],
)
def test_what_happened_before_a_deletion_is_ignored_and_says_so(
    post: Post, delivery: Delivery, remedy: str
) -> None:
    """With the time that it has to be later than."""
    post(about("asset.ready", MORNING))
    assert post(about("asset.deleted", NOON)).status_code == 202

    answer = post(delivery)

    assert (answer.status_code, answer.json["outcome"]) == (200, "ignored")
    assert answer.json["reason"] == f"ignored; the asset was deleted at {NOON}; {remedy}"


def test_what_happened_before_an_erasure_says_what_brings_it_back(post: Post, engine: Engine) -> None:
    """Only that it is ready; an edit does not."""
    post(about("asset.ready", MORNING))
    with transaction(engine) as session:
        erasure.erase(session, session.get_one(Asset, 1, with_for_update=True), "me", "")

    answer = post(about("asset.edited", EVENING, **EDIT))

    assert answer.json["outcome"] == "ignored"
    assert answer.json["reason"].endswith("only asset.ready with a later `timestamp` brings it back")


def test_an_old_edit_after_a_newer_one_says_what_is_not_taken_over(post: Post) -> None:
    """The video is looked at, but the ranges are those of an earlier one."""
    post(about("asset.ready", NOON))

    answer = post(about("asset.edited", MORNING, **EDIT))

    assert (answer.status_code, answer.json["outcome"]) == (202, "recorded")
    assert f"something newer was told at {NOON}" in answer.json["reason"]


def test_an_event_that_tells_nothing_late_has_nothing_to_say(post: Post) -> None:
    """It asks for a look, and gets it."""
    post(about("asset.ready", NOON))

    assert post(about("asset.ready", MORNING)).json["reason"] == "recorded"


def test_a_type_that_is_unknown_is_ignored_and_named(post: Post) -> None:
    """With those that there are: it may be misspelt."""
    answer = post(about("asset.redy", NOON))

    assert (answer.status_code, answer.json["outcome"]) == (200, "ignored")
    assert "no event type 'asset.redy'; there are asset.ready, asset.edited" in answer.json["reason"]


@pytest.mark.parametrize("timestamp", ["<now>", "yesterday", "", [], True])
def test_a_timestamp_that_is_no_time_is_refused(post: Post, timestamp: object) -> None:
    """Without one, the order of events would be lost without a word."""
    body = json.dumps(
        {"type": "asset.ready", "timestamp": timestamp, "data": {"asset_id": "x", "media_url": "y"}}
    )

    answer = post(deliveries.own_bytes(body.encode(), delivery=f"evt_{uuid.uuid4()}"))

    assert answer.status_code == 400


@pytest.mark.parametrize(
    "second",
    [
        about("asset.ready", NOON, "evt_0001", asset_id="a2"),
        about("asset.ready", EVENING, "evt_0001"),
        deliveries.own_bytes(json.dumps({"type": "x", "data": {}}).encode(), "evt_0001"),
    ],
    ids=["another asset", "another time", "another kind, which is kept elsewhere"],
)
def test_another_event_under_a_known_id_is_refused(post: Post, engine: Engine, second: Delivery) -> None:
    """An id that was copied from an example would swallow it; nothing of it is kept."""
    post(about("asset.ready", NOON, "evt_0001"))

    answer = post(second)

    assert (answer.status_code, answer.json["outcome"]) == (409, "conflict")
    assert "give each event an id of its own" in answer.json["reason"]
    assert builders.only(engine, WebhookEvent).delivery_id == "events:evt_0001"
    assert builders.only(engine, Asset).external_id == "a1"


def test_the_same_event_again_is_welcome_and_says_what_became_of_it(post: Post) -> None:
    """As a sender repeats what it got no answer to."""
    post(about("asset.deleted", NOON))
    ignored = about("asset.ready", MORNING)
    ready = about("asset.ready", EVENING)
    for delivery in (ignored, ready):
        post(delivery)

    again, once_more = post(ignored), post(ready)

    assert (again.status_code, again.json["outcome"]) == (200, "duplicate")
    assert f"and was ignored: the asset was deleted at {NOON}" in again.json["reason"]
    assert (once_more.status_code, once_more.json["outcome"]) == (200, "duplicate")
    assert "ignored" not in once_more.json["reason"]


def test_svix_calls_the_headers_by_its_own_name(post: Post, engine: Engine) -> None:
    """The most used sender of this format."""
    delivery = about("asset.ready", NOON, "evt_svix")
    headers = {name.replace("webhook-", "svix-"): value for name, value in delivery.headers.items()}

    assert post(Delivery(delivery.path, headers, delivery.body)).status_code == 202
    assert builders.only(engine, WebhookEvent).delivery_id == "events:evt_svix"
    assert post(delivery).json["outcome"] == "duplicate"


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_header_that_is_missing_is_named(post: Post, name: str) -> None:
    """A sender that forgets it need not guess about secrets and clocks."""
    delivery = about("asset.ready", NOON)

    answer = post(Delivery(delivery.path, {**delivery.headers, name: ""}, delivery.body))

    assert answer.status_code == 401
    assert answer.json["reason"] == f"the request is not signed: the header {name} is missing"


def test_a_platforms_header_that_is_missing_is_named(client: FlaskClient) -> None:
    """The same for webhooks of platforms."""
    answer = client.post("/webhooks/mux/main", data=deliveries.mux().body)

    assert answer.status_code == 401
    assert "the header mux-signature is missing" in answer.json["reason"].lower()


def test_a_wrong_signature_tells_a_stranger_nothing(post: Post) -> None:
    """Neither which secret is in use, nor what the clock says."""
    headers = signatures.sign_standard(b"{}", EVENTS_SECRET[:-4] + "AAAA", "evt_1", time.time())

    assert "does not match these bytes" in post(Delivery("/v1/events", headers, b"{}")).json["reason"]
