"""Bunny Stream: two meanings of one number, deliveries without an id, and files that are guarded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.support.platforms.scripted_server import Answer, serving
from tests.support.platforms.simulated_account import CONTENT, JPEG, clip, fetched, simulated
from tests.support.platforms.webhook_senders import BUNNY, BUNNY_LIBRARY, NEW, NOW_S
from worker.demo.simulator.vendors.bunny import API_KEY
from worker.errors import DownloadFailed, InvalidSignature, MalformedPayload
from worker.platforms.base import AssetState, NewThumbnail, RemoteAsset
from worker.platforms.event import EventKind
from worker.platforms.vendors.bunny import Bunny, VideoStatus, WebhookStatus, cdn_token
from worker.settings.accounts import BunnyAccount

if TYPE_CHECKING:
    from pathlib import Path

GUID = "657bb740-a71b-4529-a012-528021c31a92"
VIDEO = {
    "guid": GUID,
    "title": "t",
    "status": 4,
    "length": 12,
    "width": 1920,
    "height": 1080,
    "dateUploaded": "2026-11-22T00:00:00",
    "originalHash": "AA",
    "availableResolutions": "240p,360p,720p,1080p",
    "hasMP4Fallback": True,
    "thumbnailFileName": "thumbnail.jpg",
}


def library(**changes: Any) -> Bunny:
    """Our client of a library."""
    return Bunny("main", BunnyAccount.model_validate({"webhook_secret": "s", **BUNNY_LIBRARY, **changes}))


def asset(**changes: Any) -> RemoteAsset:
    """What we make of a video, with some fields changed."""
    with serving(Answer(json={**VIDEO, **changes})) as server:
        platform = library(api_url=server.url)
        found = platform.asset(GUID)
        platform.close()
    assert server.asked == [f"GET /library/133/videos/{GUID}"]
    assert server.journal[0].headers["AccessKey"] == "the-api-key"
    return found


@pytest.mark.parametrize(
    ("payload", "kind", "words"),
    [
        ("finished", EventKind.READY, "finished"),
        ("resolution-finished", EventKind.RENDITION_READY, "resolution_finished"),
        ("failed", EventKind.FAILED, "failed"),
        ("encoding", EventKind.OTHER, "encoding"),
    ],
)
def test_events_are_understood(payload: str, kind: EventKind, words: str) -> None:
    """The number has a name in `thumbs events`."""
    event = BUNNY.event(payload)

    assert (event.kind, event.type) == (kind, words)


def test_a_number_means_one_thing_in_a_webhook_and_another_in_the_api() -> None:
    """3 is the end of the work in the one, and the middle of it in the other."""
    assert BUNNY.event("finished").kind is EventKind.READY
    assert asset(status=3).state is AssetState.PREPARING
    assert asset(status=4).state is AssetState.READY
    assert asset(status=5).state is asset(status=6).state is AssetState.FAILED
    assert asset(status=7).state is AssetState.PREPARING
    assert asset(status=8).state is AssetState.READY
    assert asset(status=99).state is asset(status=None).state is AssetState.PREPARING
    assert VideoStatus.TRANSCODING.value == WebhookStatus.FINISHED


def test_the_same_bytes_may_be_another_encoding() -> None:
    """Nothing tells a redelivery from it, so neither is dropped; the fingerprint says whether it is new."""
    body = json.dumps(BUNNY.payload("finished")).encode()

    first, second = BUNNY.parse(body)[0], BUNNY.parse(body)[0]

    assert first.delivery_id != second.delivery_id
    assert asset(encodeProgress=100).fingerprint == asset(encodeProgress=3).fingerprint
    assert asset(originalHash="BB").fingerprint != asset().fingerprint


def test_a_way_of_signing_that_is_not_known_is_not_the_secrets_fault() -> None:
    """Nobody is to look for another secret then; what the vendor sends today is taken."""
    body = b"{}"
    version, algorithm = "X-BunnyStream-Signature-Version", "X-BunnyStream-Signature-Algorithm"
    today = {version: "v1", algorithm: "hmac-sha256", **BUNNY.sign(body, NEW, NOW_S)}

    BUNNY.verify(today, body)
    for name, said in [(version, "v2"), (algorithm, "ed25519")]:
        with pytest.raises(InvalidSignature, match=f"{said}.*update this service") as caught:
            BUNNY.verify({**today, name: said}, body)
        assert "WEBHOOK_SECRET" not in str(caught.value)


@pytest.mark.parametrize("status", [None, "3", True, 3.5, [3]])
def test_a_status_that_is_no_number_is_malformed(status: object) -> None:
    """`true` is none either."""
    with pytest.raises(MalformedPayload, match="Status"):
        BUNNY.parse(json.dumps({"VideoGuid": GUID, "Status": status}).encode())


def test_the_files_of_useful_size_are_read() -> None:
    """The small one to judge, the large one for the pictures."""
    source = library().source(asset())

    assert source.scan.url == f"https://vz-1.b-cdn.net/{GUID}/play_360p.mp4"
    assert source.stills is not None
    assert source.stills.url == f"https://vz-1.b-cdn.net/{GUID}/play_1080p.mp4"


@pytest.mark.parametrize("change", [{"hasMP4Fallback": False}, {"availableResolutions": None}])
def test_hls_is_read_where_there_are_no_files(change: dict[str, Any]) -> None:
    """The fallback has to be on before an upload."""
    scan = library().source(asset(**change)).scan

    assert (scan.is_hls, scan.url) == (True, f"https://vz-1.b-cdn.net/{GUID}/playlist.m3u8")


def test_a_folder_is_opened_by_a_token_as_bunny_makes_it() -> None:
    """A vector of the vendor's own tests."""
    token = "HS256-uVZvT3SbEoVKYJyDJgbcsDmSFf73cv-uNUVaJiKWpbQ"  # noqa: S105 - of a published example

    assert cdn_token("SecurityKey", "/abc", 1598024587) == (
        f"bcdn_token={token}&token_path=%2Fabc&expires=1598024587"
    )


def test_guarded_files_are_asked_for_with_a_token_before_the_path() -> None:
    """So that the segments of a playlist have it too."""
    url = library(cdn_token_key="k").source(asset()).scan.url  # noqa: S106 - opens nothing

    assert url.startswith("https://vz-1.b-cdn.net/bcdn_token=HS256-")
    assert f"token_path=%2F{GUID}%2F&expires=" in url
    assert url.endswith(f"/{GUID}/play_360p.mp4")


def test_blocked_direct_access_is_waited_out_or_opened_by_a_referer(tmp_path: Path) -> None:
    """403 from the pull zone is no verdict on the video: the operator can set what is missing."""
    with simulated("bunny") as (vendor, ours):
        vendor.is_direct_access_blocked = True  # type: ignore[attr-defined]
        found = ours.asset(vendor.upload(clip(tmp_path)))
        with pytest.raises(DownloadFailed, match="403"):
            fetched(ours, found, tmp_path)
    with simulated("bunny", referer="https://example.com") as (vendor, ours):
        vendor.is_direct_access_blocked = True  # type: ignore[attr-defined]
        found = ours.asset(vendor.upload(clip(tmp_path)))

        assert fetched(ours, found, tmp_path) == CONTENT


def test_a_thumbnail_of_somebody_else_has_a_name_of_its_own(tmp_path: Path) -> None:
    """So it is noticed; that of Bunny has always the same name."""
    assert asset().shown is None
    assert asset(thumbnailFileName="thumbnail_3.jpg").shown == "thumbnail_3.jpg"
    with simulated("bunny") as (vendor, ours):
        found = ours.asset(vendor.upload(clip(tmp_path)))
        mine = ours.write(found, NewThumbnail(1.0, JPEG))
        theirs = ours.write(found, NewThumbnail(1.0, JPEG))

        assert mine != theirs


@pytest.mark.parametrize(
    "request_of", [{"content": b"no picture"}, {"json": {"a": 1}}, {"files": {"file": JPEG}}, {}]
)
def test_a_write_that_bunny_would_refuse_is_refused(tmp_path: Path, request_of: dict[str, Any]) -> None:
    """With 400, in its shape of an error."""
    raw = {"Content-Type": "application/octet-stream"} if "content" in request_of else {}
    with simulated("bunny") as (vendor, _):
        url = f"{vendor.url}/library/133/videos/{vendor.upload(clip(tmp_path))}/thumbnail"
        answer = httpx.post(url, headers={"AccessKey": API_KEY, **raw}, trust_env=False, **request_of)

    assert (answer.status_code, answer.json()["success"]) == (400, False)
