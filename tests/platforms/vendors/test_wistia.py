"""Wistia: several events in one delivery, a swap under the same id, and an echo of our own write."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.support.platforms.scripted_server import Answer, serving
from tests.support.platforms.simulated_account import JPEG, clip, simulated
from tests.support.platforms.webhook_senders import PAYLOADS, WISTIA
from worker.demo.simulator.vendors.wistia import API_TOKEN
from worker.errors import MalformedPayload, SourceRefused
from worker.platforms.base import AssetState, NewThumbnail, RemoteAsset
from worker.platforms.event import EventKind
from worker.platforms.vendors.wistia import Wistia
from worker.settings.accounts import WistiaAccount

if TYPE_CHECKING:
    from pathlib import Path

ID = "abc123def4"
ORIGINAL = {
    "type": "OriginalFile",
    "url": "http://embed.wistia.com/deliveries/aaa.bin",
    "contentType": "video/quicktime",
    "width": 1920,
    "height": 1080,
    "fileSize": 9000,
}
SMALL = {
    "type": "IphoneVideoFile",
    "url": "http://embed.wistia.com/deliveries/bbb.bin",
    "contentType": "video/mp4",
    "width": 640,
    "height": 360,
}
LARGE = {
    **SMALL,
    "type": "HdMp4VideoFile",
    "url": "https://embed.wistia.com/deliveries/ccc.bin",
    "height": 720,
}
MEDIA: dict[str, Any] = {
    "hashed_id": ID,
    "name": "t",
    "type": "Video",
    "status": "ready",
    "duration": 10.5,
    "thumbnail": {"url": "https://embed-ssl.wistia.com/deliveries/1.jpg"},
    "assets": [ORIGINAL, SMALL, {**LARGE, "width": 1280}],
}


def client(**changes: Any) -> Wistia:
    """Our client of an account."""
    return Wistia("main", WistiaAccount.model_validate({"webhook_secret": "s", "api_token": "t", **changes}))


def asset(**changes: Any) -> RemoteAsset:
    """What we make of a media, with some fields changed."""
    with serving(Answer(json={**MEDIA, **changes})) as server:
        platform = client(api_url=server.url)
        found = platform.asset(ID)
        platform.close()
    assert server.asked == [f"GET /medias/{ID}.json"]
    return found


def test_one_delivery_holds_several_events() -> None:
    """Each has its own id and its own media; what we do not need is taken in too."""
    events = WISTIA.parse((PAYLOADS / "wistia" / "several.json").read_bytes())

    assert [(event.delivery_id, event.kind, event.asset_id) for event in events] == [
        ("e-3", EventKind.OTHER, None),
        ("e-4", EventKind.READY, ID),
        ("e-5", EventKind.DELETED, "zyx987wvu6"),
    ]


def test_an_empty_delivery_asks_for_nothing() -> None:
    """It is no error either."""
    assert WISTIA.parse(b'{"hook": {}, "events": []}') == []


@pytest.mark.parametrize("events", [None, {}, "x"])
def test_a_delivery_without_a_list_is_malformed(events: object) -> None:
    """There is nothing to take in."""
    with pytest.raises(MalformedPayload, match="events"):
        WISTIA.parse(json.dumps({"events": events}).encode())


@pytest.mark.parametrize(
    "bad",
    [
        1,
        "x",
        None,
        {},
        {"uuid": "e-1", "type": "media.ready"},
        {"uuid": "e-1", "type": "media.ready", "payload": {"media": {"id": "../x"}}},
        {"uuid": "e-1", "type": "media.ready", "payload": {"media": {"id": "x" * 501}}},
        {"uuid": "e" * 501, "type": "media.ready", "payload": {"media": {"id": "x"}}},
    ],
)
def test_an_event_that_cannot_be_read_costs_only_itself(bad: object) -> None:
    """The others are taken in, and it is kept with the reason; a delivery that comes again is the same."""
    good = {"uuid": "e-2", "type": "media.ready", "payload": {"media": {"id": ID}}}
    body = json.dumps({"events": [bad, good]}).encode()

    (odd, read), again = WISTIA.parse(body), WISTIA.parse(body)

    assert (read.kind, read.asset_id, read.problem) == (EventKind.READY, ID, "")
    assert (odd.kind, odd.asset_id) == (EventKind.OTHER, None)
    assert "missing" in odd.problem or "not an id" in odd.problem
    assert odd.delivery_id == again[0].delivery_id != read.delivery_id


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("ready", AssetState.READY),
        ("queued", AssetState.PREPARING),
        ("processing", AssetState.PREPARING),
        ("failed", AssetState.FAILED),
    ],
)
def test_a_media_tells_its_state(status: str, state: AssetState) -> None:
    """As the API says it now."""
    assert asset(status=status).state is state


def test_a_swap_is_other_content_under_the_same_id() -> None:
    """The uploaded file is another."""
    swapped = [{**ORIGINAL, "url": "http://embed.wistia.com/deliveries/zzz.bin"}, SMALL]

    assert asset(assets=swapped).fingerprint != asset().fingerprint


def test_our_own_write_comes_back_and_is_no_other_content(tmp_path: Path) -> None:
    """`media.updated` with another thumbnail leads to a look, and the look to nothing."""
    event = WISTIA.event("media.updated")
    with simulated("wistia") as (vendor, ours):
        before = ours.asset(vendor.upload(clip(tmp_path)))
        written = ours.write(before, NewThumbnail(1.0, JPEG))
        after = ours.asset(before.id)

    assert event.kind is EventKind.UPDATED
    assert (after.fingerprint, after.shown) == (before.fingerprint, written)


def test_mp4s_are_read_by_https() -> None:
    """Wistia writes http, which we do not fetch from; the original may be of any kind, and is left alone."""
    source = client().source(asset())

    assert source.scan.url == "https://embed.wistia.com/deliveries/bbb.bin"
    assert source.stills is not None
    assert source.stills.url == "https://embed.wistia.com/deliveries/ccc.bin"


def test_hls_is_read_where_there_are_no_mp4s() -> None:
    """At the address that Wistia documents."""
    scan = client().source(asset(assets=[ORIGINAL])).scan

    assert (scan.is_hls, scan.url) == (True, f"https://fast.wistia.com/embed/medias/{ID}.m3u8")


def test_what_is_no_video_is_refused() -> None:
    """A media may be sound, a picture or a document."""
    with pytest.raises(SourceRefused, match="no video"):
        client().source(replace(asset(), details={**MEDIA, "type": "Audio"}))


@pytest.mark.parametrize(
    "request_of", [{"files": {"picture": JPEG}}, {"files": {"file": b"none"}}, {"json": {}}]
)
def test_a_write_that_wistia_would_refuse_is_refused(tmp_path: Path, request_of: dict[str, Any]) -> None:
    """With 400, in its shape of an error."""
    headers = {"Authorization": f"Bearer {API_TOKEN}"}
    with simulated("wistia") as (vendor, _):
        url = f"{vendor.url}/upload/thumbnail?media_id={vendor.upload(clip(tmp_path))}"
        answer = httpx.post(url, headers=headers, trust_env=False, **request_of)

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
