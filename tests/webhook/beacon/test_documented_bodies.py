"""What docs/learning.md tells apps and servers to send is what the beacon reads."""

from __future__ import annotations

import json

from tests.support.doc_blocks import blocks_of
from webhook.beacon import batches, counts
from worker.trials.sums import Sums

BODIES = [json.loads(block.code) for block in blocks_of("docs/learning.md") if block.language == "json"]


def test_the_events_of_an_app_are_read_as_printed() -> None:
    """One viewer saw, played and watched."""
    (body,) = (body for body in BODIES if "events" in body)

    batch = batches.read(json.dumps(body).encode())

    assert [event.kind.name for event in batch.events] == ["IMPRESSION", "PLAY", "QUALITY_PLAY", "WATCH"]


def test_the_sums_of_a_server_are_read_as_printed() -> None:
    """Of one bucket of one test."""
    (body,) = (body for body in BODIES if "counts" in body)

    (told,) = counts.read(json.dumps(body).encode())

    assert (told.trial_id, told.bucket) == (17, 93)
    assert told.sums == Sums(impressions=120, plays=11, quality_plays=9, watch_s=431.5)
