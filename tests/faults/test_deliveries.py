"""Webhooks that come twice, late, forged, in storms, or while the receiver dies."""

from __future__ import annotations

import json
import random
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import func, select

from tests.support.faults import processes
from tests.support.faults.videos import moment_is_of
from tests.support.waiting import until
from worker.database import transaction
from worker.database.inbox import WebhookEvent
from worker.database.models import Asset, JobLog
from worker.database.states import JobReason
from worker.demo.simulator.platform import WEBHOOK_SECRET
from worker.platforms.shared.signatures import Timestamped

if TYPE_CHECKING:
    from tests.support.faults.system import System
    from worker.demo.simulator import Media

SIGNATURE = Timestamped("Mux-Signature")
STORM_S = 10.0
EDITS = 1000


def envelope(asset_id: str, *, at: datetime, event: str = "video.asset.ready") -> bytes:
    """Return the body of a webhook about something that happened at a time."""
    said: dict[str, Any] = {
        "type": event,
        "id": str(uuid.uuid4()),
        "created_at": at.isoformat().replace("+00:00", "Z"),
        "object": {"type": "asset", "id": asset_id},
        "data": {"id": asset_id, "status": "ready"},
    }
    return json.dumps(said).encode()


def post(system: System, body: bytes, *, secret: str = WEBHOOK_SECRET, **headers: str) -> int:
    """Send a webhook, signed unless there is a header for that, and return the code of the answer."""
    given = {**SIGNATURE.sign(body, secret, time.time()), **headers}
    address = f"http://127.0.0.1:{system.port}/webhooks/mux/main"
    return httpx.post(address, content=body, headers=given, timeout=15, trust_env=False).status_code


def events_of(system: System, asset_id: str, event: str = "video.asset.ready") -> int:
    """Count the rows of the inbox about an asset."""
    rows = select(func.count()).select_from(WebhookEvent).join(Asset, Asset.id == WebhookEvent.asset_id)
    with transaction(system.engine) as session:
        return session.scalar(rows.where(Asset.external_id == asset_id, WebhookEvent.type == event)) or 0


def test_duplicates_are_one_event(system: System, media: Media) -> None:
    """Case 1: five copies at once, one row, one generation, one write."""
    asset_id = system.platform.upload(media, copies=5)

    assert system.settle() == []
    assert events_of(system, asset_id) == 1
    assert system.asset(asset_id).generation == 1
    assert len(system.platform.journal.entries("write", asset_id=asset_id)) == 1


@pytest.mark.faults
def test_the_newest_content_wins_in_whatever_order_events_come(
    system: System, media: Media, other_media: Media
) -> None:
    """Case 2: shuffled, some with equal times, and none is dropped."""
    asset_id = system.platform.upload(media)
    assert system.settle() == []
    system.platform.replace(asset_id, other_media)
    now = datetime.now(UTC)
    times = [now - timedelta(seconds=second // 2) for second in range(20)]
    random.Random(2).shuffle(times)  # noqa: S311 - no secret

    codes = [post(system, envelope(asset_id, at=at)) for at in times]

    assert codes == [202] * 20
    assert system.settle() == []
    assert moment_is_of(other_media, system.platform.thumbnail_time(asset_id) or 0.0)


def test_a_deleted_video_stays_deleted(system: System, media: Media) -> None:
    """Case 2: an event from before the delete comes after it."""
    asset_id = system.platform.upload(media)
    assert system.settle() == []
    before = datetime.now(UTC) - timedelta(seconds=1)
    system.platform.delete(asset_id)
    until(lambda: system.asset(asset_id).deleted_at, 20)

    assert post(system, envelope(asset_id, at=before)) == 200
    assert system.settle() == []
    assert system.asset(asset_id).deleted_at is not None


def test_what_is_forged_or_replayed_leaves_nothing(system: System) -> None:
    """Case 3: 401, and no row."""
    body = envelope("forged", at=datetime.now(UTC))
    reordered = json.dumps(dict(reversed(json.loads(body).items()))).encode()
    good = SIGNATURE.sign(body, WEBHOOK_SECRET, time.time())
    codes = {
        post(system, body, secret="another"),  # noqa: S106 - made up
        post(system, reordered, **good),
        post(system, body, **SIGNATURE.sign(body, WEBHOOK_SECRET, time.time() - 600)),
        post(system, body, **SIGNATURE.sign(body, WEBHOOK_SECRET, time.time() + 600)),
        post(system, body, **{"Mux-Signature": "garbage,,=;t="}),
        post(system, b"\xff\xfe" + body, **good),
    }

    assert codes == {401}
    assert system.settle() == []
    assert events_of(system, "forged") == 0


@pytest.mark.faults
def test_a_secret_is_rotated_without_a_lost_event(system: System, media: Media) -> None:
    """Case 3: both work during the overlap; the old one does not afterwards."""
    receiver, name = system.programs["receiver"], "MUX__MAIN__WEBHOOK_SECRET"
    asset_id = system.platform.upload(media)
    receiver.stop()
    receiver.start(**{name: "the new one", f"{name}_PREVIOUS": WEBHOOK_SECRET})
    receiver.wait_until_ready()
    during = [
        post(system, envelope(asset_id, at=datetime.now(UTC)), secret=secret)
        for secret in (WEBHOOK_SECRET, "the new one")
    ]
    receiver.stop()
    receiver.start(**{f"{name}_PREVIOUS": ""})
    receiver.wait_until_ready()
    afterwards = post(system, envelope(asset_id, at=datetime.now(UTC)))
    receiver.stop()
    receiver.start(**{name: WEBHOOK_SECRET})

    assert (during, afterwards) == ([202, 202], 401)


@pytest.mark.parametrize(
    "is_committed",
    [pytest.param(False, id="before the commit"), pytest.param(True, id="after the commit")],
)
def test_a_receiver_that_dies_loses_and_doubles_nothing(
    system: System, media: Media, *, is_committed: bool
) -> None:
    """Case 9: no answer was given, so the platform sends the event again."""
    trap = system.way("receiver", "database").set_trap(b"COMMIT", is_forwarded=is_committed)
    asset_id = system.platform.upload(media)
    assert trap.sprung.wait(20)
    until(lambda: not is_committed or events_of(system, asset_id), 20)
    processes.kill_all(system.programs["receiver"])

    assert system.settle() == []
    assert events_of(system, asset_id) == 1
    assert system.asset(asset_id).generation == 1


@pytest.mark.faults
def test_a_request_to_look_again_may_be_made_at_any_time_and_twice(system: System, media: Media) -> None:
    """Case 28: twice while it runs is one run more; twice when it is done is one more; all is on record."""
    trap = system.hold("scan")
    asset_id = system.platform.upload(media)
    assert trap.sprung.wait(20)
    for _ in range(2):
        system.command("requeue", asset_id, "--why", "race")
    system.way("analyze", "database").drop()
    assert system.settle() == []
    while_running = asked_for(system, asset_id)
    processes.freeze(system.programs["dispatcher"])
    for _ in range(2):
        system.command("requeue", asset_id, "--why", "race")
    processes.thaw(system.programs["dispatcher"])

    assert system.settle() == []
    assert (while_running, asked_for(system, asset_id)) == (1, 2)
    with transaction(system.engine) as session:
        notes = select(func.count()).select_from(JobLog).where(JobLog.note.contains("race"))
        assert session.scalar(notes) == 4


def asked_for(system: System, asset_id: str) -> int:
    """Count the runs that an operator asked for."""
    return sum(job.reason == JobReason.REQUEUE for job in system.jobs(asset_id))


@pytest.mark.faults
def test_edits_of_many_videos_do_not_mix(system: System, videos: list[Media]) -> None:
    """Case 26: ten edits of each of twenty videos; each shows its own last content."""
    assets = [system.platform.upload(videos[0]) for _ in range(20)]
    last = {}
    for number in range(10):
        for position, asset_id in enumerate(assets):
            last[asset_id] = videos[(number + position) % len(videos)]
            system.platform.replace(asset_id, last[asset_id])

    assert system.settle() == []
    for asset_id, media in last.items():
        assert moment_is_of(media, system.platform.thumbnail_time(asset_id) or 0.0)
