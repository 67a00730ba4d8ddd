"""The id of an object in a bucket is its key, with slashes and spaces; whatever takes ids takes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.platforms import webhook_senders
from tests.support.platforms.storage import notification
from tests.support.service import builders
from tests.support.service.commands import answer
from worker.database.inbox import WebhookEvent
from worker.errors import MalformedPayload
from worker.inbox import own_events
from worker.platforms import platform_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.service.commands import Run

KEY = "2026/summer days/a+b ü.mp4"
LONGEST_KEY = "k" * 1020 + ".mp4"


def told(engine: Engine, name: str, key: str) -> None:
    """Record what storage says of an object."""
    events = platform_of("s3", "main", webhook_senders.settings()).parse({}, notification(name, key))
    builders.record(engine, *events)


@pytest.mark.parametrize("word", [f"s3/main/{KEY}", KEY])
def test_commands_take_it(engine: Engine, thumbs: Run, word: str) -> None:
    """With its platform, or alone."""
    told(engine, "s3:ObjectCreated:Put", KEY)

    assert answer(thumbs("show", word, "--json"))["asset"] == f"s3/main/{KEY}"


def test_the_longest_key_of_all_is_taken(engine: Engine) -> None:
    """Storage allows 1,024 bytes."""
    told(engine, "s3:ObjectCreated:Put", LONGEST_KEY)

    assert builders.asset(engine).external_id == LONGEST_KEY


def test_own_events_may_name_it_but_no_such_id_of_another_platform() -> None:
    """There it could not stand in an address."""
    settings = webhook_senders.settings()

    def parsed(platform: str) -> str | None:
        data = {"platform": platform, "account": "main", "asset_id": KEY}
        body = json.dumps({"type": "asset.ready", "data": data}).encode()
        return own_events.parse({"webhook-id": "e"}, body, settings)[0].asset_id

    assert parsed("s3") == KEY
    with pytest.raises(MalformedPayload, match="not an id"):
        parsed("mux")


def test_what_names_an_erased_object_goes_with_it_however_it_is_spelled(engine: Engine, thumbs: Run) -> None:
    """Keys are encoded in notifications; before the object was erased, and after."""
    told(engine, "s3:ObjectCreated:Put", KEY)
    told(engine, "s3:ObjectAccessed:Get", KEY)
    told(engine, "s3:ObjectAccessed:Get", "another.mp4")

    answer(thumbs("erase", f"s3/main/{KEY}", "--yes", "--json"))
    told(engine, "s3:ObjectAccessed:Get", KEY)

    others = [event for event in builders.every(engine, WebhookEvent) if event.kind == "other"]
    keys = [event.payload and event.payload["s3"]["object"]["key"] for event in others]
    assert keys == ["another.mp4", {}]
