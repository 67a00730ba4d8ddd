"""What platforms store is not always what was sent, and comes over time."""

from __future__ import annotations

import struct
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.support.platforms.simulated_account import CONTENT, JPEG, NOWHERE, client, clip, fetched, simulated
from tests.support.service.customer_endpoint import Inbox
from tests.support.waiting import until
from worker.demo.simulator.vendors.bunny import (
    JIT_PLAYLISTS_CREATED,
    JIT_SEGMENTING,
    SimulatedBunny,
)
from worker.demo.simulator.vendors.cloudflare import ACCOUNT_ID, API_TOKEN
from worker.platforms.base import AssetState, NewThumbnail
from worker.platforms.vendors.bunny import VideoStatus, WebhookStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SOON_S = 10.0
FRAME_S = 1 / 25  # of the clip


def float32(share: float) -> float:
    """Store a number in four bytes."""
    stored: float = struct.unpack("f", struct.pack("f", share))[0]
    return stored


@pytest.mark.parametrize(
    "stored",
    [float, float32, lambda share: round(share, 6), lambda share: round(share, 3)],
    ids=["as it is", "in four bytes", "with 6 decimals", "with 3 decimals"],
)
@pytest.mark.parametrize("time_s", [0.04, 4.2, 4.321, 9.96])
def test_cloudflare_may_round_what_it_stores(
    stored: Callable[[float], float], time_s: float, tmp_path: Path
) -> None:
    """It shows the frame that was meant: the write has worked, and is known for ours from then on."""
    with simulated("cloudflare") as (vendor, ours):
        vendor.stored_share = stored  # type: ignore[attr-defined]
        asset = ours.asset(vendor.upload(clip(tmp_path)))

        written = ours.write(asset, NewThumbnail(time_s, JPEG))

        # When exactly the last frame begins, Cloudflare does not say.
        assert -0.002 < (vendor.thumbnail_time(asset.id) or 0.0) - time_s < FRAME_S
        assert ours.asset(asset.id).shown == written


def test_a_file_token_of_peertube_runs_out(tmp_path: Path) -> None:
    """After eight hours; whoever keeps an address for longer has to ask again."""
    with simulated("peertube") as (vendor, ours):
        asset = ours.asset(vendor.upload(clip(tmp_path), is_private=True))
        kept = ours.source(asset).scan.url
        vendor.file_token_lifetime_s = 0.0  # type: ignore[attr-defined]
        late = ours.source(asset).scan.url
        statuses = [httpx.get(url, trust_env=False).status_code for url in (kept, late)]

    assert statuses == [HTTPStatus.OK, HTTPStatus.FORBIDDEN]


def test_cloudflare_takes_the_uid_of_its_official_client(tmp_path: Path) -> None:
    """StreamEditParams has it, beside what is to be changed."""
    with simulated("cloudflare") as (vendor, _):
        asset_id = vendor.upload(clip(tmp_path))

        def edited(body: dict[str, Any]) -> int:
            url = f"{vendor.url}/client/v4/accounts/{ACCOUNT_ID}/stream/{asset_id}"
            shown = {"Authorization": f"Bearer {API_TOKEN}"}
            return httpx.post(url, json=body, headers=shown, trust_env=False).status_code

        assert edited({"uid": asset_id, "thumbnailTimestampPct": 0.5}) == HTTPStatus.OK
        assert edited({"uuid": asset_id, "thumbnailTimestampPct": 0.5}) == HTTPStatus.BAD_REQUEST
        assert vendor.thumbnail_time(asset_id) == 5.0


COURSES = {
    "all at once": [1, 2, 3, 4],
    "when somebody watches": [1, 2, JIT_SEGMENTING, JIT_PLAYLISTS_CREATED, 4],
    "in vain": [1, 2, 3, 5],
}


@pytest.mark.parametrize("course", COURSES)
def test_a_video_of_bunny_is_encoded_over_time(course: str, tmp_path: Path) -> None:
    """Each status is shown and told; whenever our side calls it ready, its file can be read."""
    with Inbox.serving() as inbox, SimulatedBunny(inbox.url) as vendor:
        ours = client(vendor)
        asset_id = vendor.begin(clip(tmp_path))
        assert ours.asset(asset_id).state is AssetState.PREPARING
        for status in COURSES[course]:
            vendor.advance(asset_id, status)
            found = ours.asset(asset_id)
            assert found.details["status"] == status
            if found.state is AssetState.READY:
                assert fetched(ours, found, tmp_path) == CONTENT
        until(vendor.is_heard, SOON_S)
        told = {event.type for _, body in inbox.deliveries for event in ours.parse({}, body)}
        ours.close()

    over = WebhookStatus.FAILED if course == "in vain" else WebhookStatus.FINISHED
    assert found.state is (AssetState.FAILED if course == "in vain" else AssetState.READY)
    assert told >= {name.lower() for name in ("QUEUED", "PROCESSING", over.name)}


def test_a_file_of_bunny_is_not_there_too_early(tmp_path: Path) -> None:
    """Whoever takes the video for ready gets nothing."""
    with SimulatedBunny(NOWHERE) as vendor:
        asset_id = vendor.begin(clip(tmp_path))
        url = f"{vendor.url}/stream/{asset_id}/play_720p.mp4"
        vendor.advance(asset_id, int(VideoStatus.TRANSCODING))
        early = httpx.get(url, trust_env=False).status_code
        vendor.advance(asset_id, int(VideoStatus.FINISHED))

        assert (early, httpx.get(url, trust_env=False).status_code) == (HTTPStatus.NOT_FOUND, HTTPStatus.OK)
