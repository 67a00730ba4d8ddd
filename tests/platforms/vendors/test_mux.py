"""Mux: what its events mean, what it says about an asset, and how the thumbnail is set."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from tests.support.platforms.mux_server import asset, asset_json, mux
from tests.support.platforms.scripted_server import Answer
from tests.support.platforms.webhook_senders import MUX
from worker.errors import AssetGone, MalformedPayload, PlatformUnavailable, PublishRejected
from worker.platforms.base import AssetState, NewThumbnail, WebhookAddress, WriteBack
from worker.platforms.event import EventKind

ASSET = "/video/v1/assets/assetNEW0001"


@pytest.mark.parametrize(
    ("payload", "kind", "asset_id"),
    [
        ("video.asset.ready", EventKind.READY, "assetNEW0001"),
        ("video.asset.ready.oldest", EventKind.READY, "oldAsset0001"),
        ("video.asset.live_stream_completed", EventKind.READY, "assetLIVE0001"),
        ("video.asset.static_rendition.ready", EventKind.RENDITION_READY, "assetNEW0001"),
        ("video.asset.static_renditions.ready", EventKind.RENDITION_READY, "assetNEW0001"),
        ("video.asset.updated", EventKind.UPDATED, "assetNEW0001"),
        ("video.asset.errored", EventKind.FAILED, "assetNEW0001"),
        ("video.asset.deleted", EventKind.DELETED, "assetNEW0001"),
        ("video.asset.master.ready", EventKind.OTHER, None),
    ],
)
def test_events_are_understood(payload: str, kind: EventKind, asset_id: str | None) -> None:
    """Each is about the asset, also where its own id is that of a rendition."""
    event = MUX.event(payload)

    assert (event.kind, event.asset_id) == (kind, asset_id)
    assert event.delivery_id == MUX.payload(payload)["id"]


OLD = "video.asset.static_rendition.ready"  # of `mp4_support`: SDK types make `id` and `asset_id` optional


@pytest.mark.parametrize("data", [{}, {"id": "rendition1"}, {"asset_id": None}])
def test_a_file_of_the_older_kind_names_its_asset_in_the_envelope(data: dict[str, object]) -> None:
    """Its own id, where there is one, is that of the file."""
    said = {"type": OLD, "id": "e", "object": {"type": "asset", "id": "asset1"}, "data": data}
    (event,) = MUX.parse(json.dumps(said).encode())

    assert (event.kind, event.asset_id) == (EventKind.RENDITION_READY, "asset1")


@pytest.mark.parametrize("about", [None, {}, {"type": "static_rendition", "id": "rendition1"}])
def test_a_delivery_that_names_no_asset_is_taken_and_ignored(about: object) -> None:
    """Refused, it would come again for a day, and tell no more."""
    said = {"type": OLD, "id": "e", "object": about, "data": {"id": "rendition1"}}
    (event,) = MUX.parse(json.dumps(said).encode())

    assert (event.kind, event.asset_id, event.problem) == (EventKind.OTHER, None, "it names no asset")
    assert (event.type, event.delivery_id, event.payload) == (OLD, "e", said)


def test_webhooks_are_listed_with_whether_they_are_enabled() -> None:
    """A disabled one stays in the list."""
    hooks = [{"address": "https://a", "enabled": True}, {"address": "https://b", "enabled": False}, {"id": 1}]
    with mux(Answer(json={"data": hooks})) as (platform, server):
        assert platform.webhooks() == [WebhookAddress("https://a"), WebhookAddress("https://b", False)]

    assert server.asked == ["GET /system/v1/webhooks"]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_token_that_may_not_see_webhooks_tells_nothing_of_them(status: int) -> None:
    """It needs the right to read the system for that, and for nothing else."""
    with mux(Answer(status)) as (platform, _):
        assert platform.webhooks() is None


def test_a_clip_names_its_source() -> None:
    """A clip is an asset of its own, and tells what it was cut from."""
    event = MUX.event("video.asset.ready.clip")

    assert (event.asset_id, event.source_asset_id) == ("assetCLIP0001", "assetNEW0001")
    assert event.title == "t"
    assert event.happened_at == datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)


def test_an_id_that_could_lead_elsewhere_is_malformed() -> None:
    """Ids become parts of addresses at the API."""
    said = b'{"type": "video.asset.ready", "id": "e", "data": {"id": "../system/v1/signing-keys"}}'

    with pytest.raises(MalformedPayload, match="`id`"):
        MUX.parse(said)


def test_an_asset_tells_its_state() -> None:
    """Its duration, title and thumbnail are what the API says now."""
    found = asset(thumbnail_time=12)

    assert (found.state, found.duration_s, found.title) == (AssetState.READY, 23.872, "t")
    assert found.shown == "12.0"
    assert asset().shown is None
    assert asset(status="preparing").state is AssetState.PREPARING
    assert asset(status="errored").state is AssetState.FAILED
    assert asset(status=None).state is AssetState.PREPARING


def test_a_stream_on_air_is_not_ready() -> None:
    """Its recording grows until an event says that it is complete."""
    assert asset(is_live=True).state is AssetState.PREPARING
    assert asset(is_live=False).state is AssetState.READY


def test_what_we_or_a_person_write_does_not_change_the_fingerprint() -> None:
    """Our own thumbnail comes back as an update; it must not start the work again."""
    written = {
        "thumbnail_time": 3.5,
        "meta": {"title": "another"},
        "passthrough": "p",
        "static_renditions": {"files": []},
    }

    assert asset(**written).fingerprint == asset().fingerprint


@pytest.mark.parametrize("created_at", [1790000000, "1790000000", "2026-09-21T14:13:20.000Z"])
def test_a_time_in_any_form_is_the_same_fingerprint(created_at: object) -> None:
    """Mux writes it as a number, as text, and as ISO 8601."""
    assert asset(created_at=created_at).fingerprint == asset().fingerprint


@pytest.mark.parametrize(
    "change",
    [
        {"duration": 23.9},
        {"aspect_ratio": "9:16"},
        {"source_asset_id": "another"},
        {"created_at": "1790000001"},
        {"tracks": [{"type": "video", "max_width": 1280, "max_height": 720}]},
    ],
)
def test_other_content_is_another_fingerprint(change: dict[str, object]) -> None:
    """Whatever the picture depends on."""
    assert asset(**change).fingerprint != asset().fingerprint


def test_an_asset_may_lack_everything_optional() -> None:
    """As in Mux's oldest samples."""
    with mux(Answer(json={"data": {"id": "a", "status": "ready"}})) as (platform, _):
        found = platform.asset("a")

    assert (found.duration_s, found.title, found.shown) == (None, "", None)


def test_an_asset_that_is_gone_is_gone() -> None:
    """404."""
    with mux(Answer(404)) as (platform, server), pytest.raises(AssetGone):
        platform.asset("a")

    assert server.asked == ["GET /video/v1/assets/a"]


def test_a_thumbnail_is_written_as_a_time() -> None:
    """What is returned is what the next look at the asset shows."""
    with mux(Answer(json={"data": asset_json(thumbnail_time=12.67)})) as (platform, server):
        shown = platform.write(asset(), NewThumbnail(12.67, b""))
        later = platform.asset("assetNEW0001").shown

    assert shown == later == "12.67"
    assert server.asked[0] == f"PATCH {ASSET}"
    assert server.journal[0].json == {"thumbnail_time": 12.67}
    assert platform.write_back is WriteBack.TIME


@pytest.mark.parametrize(
    ("time_s", "written"),
    [
        (0.0, 0.0),
        (-0.02, 0.0),
        (1.0333666, 1.034),  # a moment earlier would be the frame before
        (2.007, 2.007),  # 2007.0000000000002 ms in floats
        (23.80, 23.80),
        (23.872, 23.83),  # the duration itself is refused
        (99.0, 23.83),
    ],
)
def test_a_time_lies_within_the_video(time_s: float, written: float) -> None:
    """Mux refuses anything else."""
    with mux(Answer(json={"data": {"thumbnail_time": 1}})) as (platform, server):
        platform.write(asset(), NewThumbnail(time_s, b""))

    assert server.journal[0].json["thumbnail_time"] == pytest.approx(written, abs=5e-4)
    assert 0 <= server.journal[0].json["thumbnail_time"] < 23.872


def test_a_refused_write_says_what_mux_said() -> None:
    """It is not tried again."""
    refusal = {"error": {"type": "invalid_parameters", "messages": ["asset is not ready"]}}

    with mux(Answer(400, json=refusal)) as (platform, _), pytest.raises(PublishRejected, match="not ready"):
        platform.write(asset(), NewThumbnail(1.0, b""))


def test_an_answer_without_a_time_is_no_success() -> None:
    """Nothing was written, so nothing is confirmed."""
    with mux(Answer(json={"data": {}})) as (platform, _), pytest.raises(PlatformUnavailable):
        platform.write(asset(), NewThumbnail(1.0, b""))
