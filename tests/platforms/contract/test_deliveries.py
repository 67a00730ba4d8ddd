"""What is recorded of deliveries that have no id of their own, or several events in one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support.platforms.webhook_senders import (
    API_VIDEO,
    BUNNY,
    CLOUDFLARE,
    PAYLOADS,
    WISTIA,
    Sender,
    settings,
)
from tests.support.service import builders
from worker.database import transaction
from worker.database.inbox import WebhookEvent
from worker.database.models import Asset, Job
from worker.inbox import record
from worker.inbox.record import DeliveryOutcome

if TYPE_CHECKING:
    from sqlalchemy import Engine


def recorded(engine: Engine, sender: Sender, payload: str) -> list[DeliveryOutcome]:
    """Take one delivery in, as the receiver does, and say what became of its events."""
    events = sender.parse((PAYLOADS / sender.name / f"{payload}.json").read_bytes())
    with transaction(engine) as session:
        return [receipt.outcome for receipt in record.record(session, events, settings())]


def test_the_same_bytes_of_bunny_are_two_looks_and_one_run(engine: Engine) -> None:
    """A second encoding says exactly what the first did, so it must not be dropped as a redelivery."""
    assert recorded(engine, BUNNY, "finished") == [DeliveryOutcome.RECORDED]
    assert recorded(engine, BUNNY, "finished") == [DeliveryOutcome.RECORDED]

    assert len(builders.every(engine, WebhookEvent)) == 2
    assert len(builders.every(engine, Job)) == 1


def test_a_redelivery_of_cloudflare_is_known_though_it_has_no_id(engine: Engine) -> None:
    """It says when the video changed, and that is the same."""
    assert recorded(engine, CLOUDFLARE, "ready") == [DeliveryOutcome.RECORDED]
    assert recorded(engine, CLOUDFLARE, "ready") == [DeliveryOutcome.DUPLICATE]
    assert recorded(engine, CLOUDFLARE, "error") == [DeliveryOutcome.IGNORED]


def test_a_retry_of_api_video_is_known_though_it_has_no_id(engine: Engine) -> None:
    """It comes three times at most, and says what was encoded, and when."""
    assert recorded(engine, API_VIDEO, "video.encoding.quality.completed.mp4") == [DeliveryOutcome.RECORDED]
    assert recorded(engine, API_VIDEO, "video.encoding.quality.completed.mp4") == [DeliveryOutcome.DUPLICATE]
    assert recorded(engine, API_VIDEO, "video.encoding.quality.completed.hls") == [DeliveryOutcome.RECORDED]


def test_each_event_of_one_delivery_counts(engine: Engine) -> None:
    """About one media or several; a delivery that comes again is known as a whole."""
    assert recorded(engine, WISTIA, "several") == [
        DeliveryOutcome.IGNORED,
        DeliveryOutcome.RECORDED,
        DeliveryOutcome.RECORDED,
    ]
    assert recorded(engine, WISTIA, "several") == [DeliveryOutcome.DUPLICATE] * 3

    deleted = {asset.external_id: asset.deleted_at is not None for asset in builders.every(engine, Asset)}
    assert deleted == {"abc123def4": False, "zyx987wvu6": True}


def test_what_cannot_be_used_is_kept_with_the_reason(engine: Engine) -> None:
    """And `thumbs events` tells it."""
    said = {"events": [{"uuid": "e-9", "type": "media.ready", "payload": {}}]}
    with transaction(engine) as session:
        (receipt,) = record.record(session, WISTIA.parse(json.dumps(said).encode()), settings())

    kept = builders.only(engine, WebhookEvent)
    assert receipt.outcome is DeliveryOutcome.IGNORED
    assert (kept.type, kept.detail) == ("media.ready", "`id` is missing, or not a text")
    assert kept.payload == said["events"][0]
    assert builders.every(engine, Job) == []
