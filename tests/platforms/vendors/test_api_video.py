"""api.video: its thin events, its one-use addresses, and its silence about a time beyond the end."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.support.platforms.scripted_server import Answer, serving
from tests.support.platforms.simulated_account import JPEG, NOWHERE, clip, fetched, simulated
from tests.support.platforms.webhook_senders import API_VIDEO, NEW
from tests.support.service.customer_endpoint import Inbox
from tests.support.waiting import until
from worker.demo.simulator.vendors.api_video import API_KEY, SimulatedApiVideo
from worker.errors import AssetGone, DownloadFailed, SourceRefused
from worker.platforms.base import AssetState, NewThumbnail, RemoteAsset, WriteBack
from worker.platforms.event import EventKind
from worker.platforms.vendors.api_video import ApiVideo, timecode
from worker.settings.accounts import ApiVideoAccount

if TYPE_CHECKING:
    from pathlib import Path

VIDEO = {
    "videoId": "vi1",
    "title": "t",
    "createdAt": "2026-11-22T00:00:00Z",
    "public": True,
    "mp4Support": True,
}


def encoding(*qualities: tuple[str, str], **found: Any) -> dict[str, Any]:
    """How far the encoding is: a type and a status each."""
    metadata = {"duration": 4176, "width": 424, "height": 240, **found}
    return {
        "encoding": {
            "playable": True,
            "qualities": [{"type": kind, "quality": "240p", "status": status} for kind, status in qualities],
            "metadata": metadata,
        }
    }


def asset(video: dict[str, Any], status: dict[str, Any]) -> RemoteAsset:
    """What we make of the API's two answers."""
    with serving(Answer(json=video), Answer(json=status)) as server:
        platform = ApiVideo(
            "main",
            ApiVideoAccount.model_validate({"webhook_secret": NEW, "api_key": "k", "api_url": server.url}),
        )
        found = platform.asset("vi1")
        platform.close()
    assert server.asked == ["GET /videos/vi1", "GET /videos/vi1/status"][: len(server.asked)]
    return found


@pytest.mark.parametrize(
    ("payload", "kind", "asset_id"),
    [
        ("video.encoding.quality.completed.mp4", EventKind.READY, "vi4blUQJFrYWbaG44NChkH11"),
        ("video.encoding.quality.completed.hls", EventKind.RENDITION_READY, "vi0000000000000000000000"),
        ("live-stream.broadcast.started", EventKind.OTHER, None),
    ],
)
def test_events_are_understood(payload: str, kind: EventKind, asset_id: str | None) -> None:
    """The MP4 comes once; a quality of HLS counts only while something waits for it."""
    event = API_VIDEO.event(payload)

    assert (event.kind, event.asset_id) == (kind, asset_id)


def test_each_quality_is_a_delivery_of_its_own() -> None:
    """An upload in 720p sends five webhooks, and a redelivery of one is known."""
    said = API_VIDEO.payload("video.encoding.quality.completed.hls")
    changes = [{}, {"quality": "360p"}, {"encoding": "mp4"}, {"emittedAt": "2021-01-29T15:46:26.217Z"}]

    ids = [API_VIDEO.parse(httpx.Request("POST", NOWHERE, json={**said, **one}).read())[0] for one in changes]

    assert len({event.delivery_id for event in ids}) == len(changes)


@pytest.mark.parametrize(
    ("video", "qualities", "state"),
    [
        ({}, [("hls", "encoded"), ("mp4", "encoding")], AssetState.PREPARING),
        ({}, [("hls", "encoding"), ("mp4", "encoded")], AssetState.READY),
        ({}, [("hls", "failed"), ("mp4", "failed")], AssetState.FAILED),
        ({}, [], AssetState.PREPARING),
        ({"mp4Support": False}, [("hls", "encoded"), ("hls", "waiting")], AssetState.PREPARING),
        ({"mp4Support": False}, [("hls", "encoded"), ("hls", "failed")], AssetState.READY),
    ],
)
def test_a_video_is_ready_once_the_file_that_we_read_is(
    video: dict[str, Any], qualities: list[tuple[str, str]], state: AssetState
) -> None:
    """The MP4, or all of HLS where there will be no MP4."""
    assert asset({**VIDEO, **video}, encoding(*qualities)).state is state


def test_a_discarded_video_is_gone() -> None:
    """It can be restored for 90 days, and nobody is told of either."""
    with pytest.raises(AssetGone, match="discarded"):
        asset({**VIDEO, "discarded": True}, encoding())


def test_a_new_title_is_no_other_content() -> None:
    """Another length is."""
    ready = encoding(("mp4", "encoded"))
    first, renamed = asset(VIDEO, ready), asset({**VIDEO, "title": "new"}, ready)

    assert first.fingerprint == renamed.fingerprint
    assert first.fingerprint != asset(VIDEO, encoding(("mp4", "encoded"), duration=12)).fingerprint


def test_hls_is_read_where_there_is_no_mp4() -> None:
    """But not that of a private video: a playlist is several requests, and its token opens one."""
    assets = {"hls": "https://vod.api.video/vod/vi1/hls/manifest.m3u8"}
    public = asset({**VIDEO, "assets": assets}, encoding())
    private = asset({**VIDEO, "assets": assets, "public": False}, encoding())
    with simulated("api_video") as (_, ours):
        assert ours.source(public).scan.is_hls
        with pytest.raises(SourceRefused, match="set its mp4Support"):
            ours.source(private)
        with pytest.raises(SourceRefused, match="neither"):
            ours.source(asset(VIDEO, encoding()))


def test_a_private_video_is_read_in_one_request_and_each_look_gets_an_address(tmp_path: Path) -> None:
    """Its token is used up by the first request, even by one that breaks off."""
    with simulated("api_video") as (vendor, ours):
        asset_id = vendor.upload(clip(tmp_path))
        vendor.library.change(asset_id, is_private=True)
        found = ours.asset(asset_id)

        assert ours.source(found).scan.is_one_use
        assert fetched(ours, found, tmp_path)
        with pytest.raises(DownloadFailed):
            fetched(ours, found, tmp_path)
        assert fetched(ours, ours.asset(asset_id), tmp_path)

    files = [entry for entry in vendor.journal.entries("request") if "/token/" in entry.path]
    assert [entry.status for entry in files] == [200, 403, 200]


@pytest.mark.parametrize(
    ("time_s", "written"),
    [
        (0.0, "00:00:00.00"),
        (-1.0, "00:00:00.00"),
        (4.1, "00:00:04.10"),
        (4.101, "00:00:04.11"),  # a moment earlier would be the frame before
        (3671.5, "01:01:11.50"),
        (4175.99, "01:09:35.95"),  # one frame before the end of 4,176 s
        (9999.0, "01:09:35.95"),
    ],
)
def test_a_time_is_written_as_a_timecode_within_the_video(time_s: float, written: str) -> None:
    """Beyond the end, api.video shows the first frame and says nothing."""
    assert timecode(asset(VIDEO, encoding()), time_s) == written


def test_a_time_beyond_the_end_does_not_become_the_first_frame(tmp_path: Path) -> None:
    """The simulation does what the vendor does, and we do not let it come to that."""
    with simulated("api_video", write_time=True) as (vendor, ours):
        found = ours.asset(vendor.upload(clip(tmp_path)))
        ours.write(found, NewThumbnail(99.0, JPEG))
        ours_s = vendor.thumbnail_time(found.id)
        url = f"{vendor.url}/videos/{found.id}/thumbnail"
        httpx.patch(url, json={"timecode": "00:01:39.00"}, auth=(API_KEY, ""), trust_env=False)

        assert ours.write_back is WriteBack.TIME
        assert ours_s == pytest.approx(9.95)
        assert vendor.thumbnail_time(found.id) == 0.0


@pytest.mark.parametrize(
    "request_of",
    [
        {"json": {"timecode": "1:2"}},
        {"json": {"timecode": "00:00:01", "poster": "x"}},
        {"json": {"time": 3}},
        {"content": b'{"timecode": "00:00:01"}'},
    ],
)
def test_a_write_that_api_video_would_refuse_is_refused(tmp_path: Path, request_of: dict[str, Any]) -> None:
    """With 400, in its shape of an error."""
    with simulated("api_video") as (vendor, _):
        url = f"{vendor.url}/videos/{vendor.upload(clip(tmp_path))}/thumbnail"
        answer = httpx.patch(url, auth=(API_KEY, ""), trust_env=False, **request_of)

    assert (answer.status_code, answer.json()["status"]) == (400, 400)
    assert answer.json()["title"]


def test_a_webhook_is_tried_three_times_more_and_then_lost(tmp_path: Path) -> None:
    """So a receiver that is down for ten seconds misses it, and only a list of videos tells."""
    with Inbox.serving() as inbox, SimulatedApiVideo(inbox.url) as vendor:
        inbox.answers = list(itertools.repeat(503, 8))
        vendor.upload(clip(tmp_path))
        until(vendor.is_heard, 10.0)

    assert len(inbox.deliveries) == 2 * (1 + 3)
    assert ApiVideo.capabilities.needs_reconcile
