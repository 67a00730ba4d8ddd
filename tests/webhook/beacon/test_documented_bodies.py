"""What docs/learning.md tells apps to send is what the beacon reads."""

from __future__ import annotations

import json

from tests.support.doc_blocks import blocks_of
from webhook.beacon import batches

BODIES = [json.loads(block.code) for block in blocks_of("docs/learning.md") if block.language == "json"]


def test_the_events_of_an_app_are_read_as_printed() -> None:
    """One viewer saw, played and watched."""
    (body,) = (body for body in BODIES if "events" in body)

    batch = batches.read(json.dumps(body).encode())

    assert [event.kind.name for event in batch.events] == ["IMPRESSION", "PLAY", "QUALITY_PLAY", "WATCH"]
