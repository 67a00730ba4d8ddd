"""Vimeo: no webhook, links that run out, three steps to a thumbnail, and a token that stays at home."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr

from tests.support.platforms.scripted_server import Answer, serving
from tests.support.platforms.simulated_account import JPEG, clip, simulated
from tests.support.platforms.webhook_senders import OWN_EVENTS
from worker.demo.simulator.vendors.vimeo import ACCESS_TOKEN
from worker.errors import PlatformUnavailable, SourceRefused
from worker.platforms.base import AssetState, NewThumbnail, RemoteAsset, WriteBack
from worker.platforms.event import EventKind
from worker.platforms.vendors.vimeo import MEDIA_TYPE, Vimeo
from worker.settings.accounts import VimeoAccount

if TYPE_CHECKING:
    from pathlib import Path

VIDEO: dict[str, Any] = {
    "uri": "/videos/258684937",
    "name": "t",
    "duration": 62,
    "width": 1920,
    "height": 1080,
    "created_time": "2026-11-22T00:00:00+00:00",
    "transcode": {"status": "complete"},
    "metadata": {"connections": {"versions": {"current_uri": "/videos/258684937/versions/1"}}},
}
FILES = [
    {
        "quality": "sd",
        "width": 640,
        "height": 360,
        "link": "https://player.vimeo.com/progressive/360.mp4?s=1",
    },
    {
        "quality": "hd",
        "width": 1920,
        "height": 1080,
        "link": "https://player.vimeo.com/progressive/1080.mp4?s=2",
    },
    {"quality": "hls", "link": "https://player.vimeo.com/external/1.m3u8?s=3"},
]


def client(api_url: str) -> Vimeo:
    """Our client of an account."""
    return Vimeo("main", VimeoAccount(access_token=SecretStr("the-token"), api_url=api_url))


def asset(**changes: Any) -> RemoteAsset:
    """What we make of a video, with some fields changed."""
    with serving(Answer(json={**VIDEO, **changes})) as server:
        platform = client(server.url)
        found = platform.asset("258684937")
        platform.close()
    assert server.journal[0].path.startswith("/videos/258684937?fields=uri,name,duration")
    assert server.journal[0].headers["Accept"] == MEDIA_TYPE
    return found


def test_somebody_else_tells_that_a_video_is_ready() -> None:
    """By our own events, about the account at Vimeo."""
    data = {"platform": "vimeo", "account": "main", "asset_id": "258684937"}
    said = {"type": "asset.ready", "timestamp": "2026-11-22T00:00:00Z", "data": data}

    (event,) = OWN_EVENTS.parse(json.dumps(said).encode())

    assert (event.platform, event.asset_id, event.kind) == ("vimeo", "258684937", EventKind.READY)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("complete", AssetState.READY),
        ("in_progress", AssetState.PREPARING),
        ("error", AssetState.FAILED),
        ("new word", AssetState.PREPARING),
    ],
)
def test_the_transcoding_is_the_state(status: str, state: AssetState) -> None:
    """While it goes on, the job asks again."""
    assert asset(transcode={"status": status}).state is state


def test_a_new_version_is_other_content_under_the_same_id() -> None:
    """A new name is not."""
    newer = {"connections": {"versions": {"current_uri": "/videos/258684937/versions/2"}}}

    assert asset(metadata=newer).fingerprint != asset().fingerprint
    assert asset(name="new").fingerprint == asset().fingerprint


def test_files_are_read_and_else_hls() -> None:
    """The links of one look; the next look gets others."""
    with simulated("vimeo") as (_, ours):
        both = ours.source(asset(files=FILES))
        streamed = ours.source(asset(files=FILES[2:]))
        only_large = ours.source(asset(files=[{**FILES[1], "height": 2160, "width": 3840}]))

    assert (both.scan.url, both.stills and both.stills.url) == (FILES[0]["link"], FILES[1]["link"])
    assert (streamed.scan.is_hls, streamed.scan.url) == (True, FILES[2]["link"])
    assert (only_large.scan.is_hls, only_large.scan.url) == (False, FILES[1]["link"])


def test_a_plan_without_files_is_named() -> None:
    """It is not tried for a day."""
    with simulated("vimeo") as (_, ours), pytest.raises(SourceRefused, match="scope video_files"):
        ours.source(asset(files=[], download=None))


def test_a_thumbnail_takes_three_steps_and_the_token_only_two_of_them(tmp_path: Path) -> None:
    """The storage is another host: the simulation refuses whoever shows it a token."""
    with simulated("vimeo") as (vendor, ours):
        found = ours.asset(vendor.upload(clip(tmp_path)))
        ours.write(found, NewThumbnail(1.0, JPEG))

    steps = [entry for entry in vendor.journal.entries("request") if entry.method != "GET"]
    assert [(entry.method, entry.status) for entry in steps] == [("POST", 201), ("PUT", 200), ("PATCH", 200)]
    assert len(vendor.journal.entries("write")) == 1


@pytest.mark.parametrize("made", [{}, {"uri": "/a"}, {"uri": "/a", "link": "file:///etc/passwd"}])
def test_an_answer_without_an_address_is_no_success(made: dict[str, str]) -> None:
    """Nothing is sent anywhere then."""
    with serving(Answer(201, json=made)) as server:
        platform = client(server.url)
        with pytest.raises(PlatformUnavailable, match="where to send"):
            platform.write(asset(), NewThumbnail(1.0, JPEG))
        platform.close()

    assert len(server.asked) == 1


def test_a_signed_address_is_in_no_message() -> None:
    """It opens the storage for whoever reads the log."""
    with serving(Answer()) as nobody:
        gone = nobody.url
    made = {"uri": "/videos/1/pictures/2", "link": f"{gone}/p?signature=sesame"}
    with serving(Answer(201, json=made)) as server:
        platform = client(server.url)
        with pytest.raises(PlatformUnavailable) as caught:
            platform.write(asset(), NewThumbnail(1.0, JPEG))
        platform.close()

    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize(("time_s", "written"), [(-1.0, 0.0), (4.2, 4.2), (1.0333666, 1.034), (99.0, 9.958)])
def test_a_time_can_be_written_instead(tmp_path: Path, time_s: float, written: float) -> None:
    """In one step, within the video."""
    with simulated("vimeo", write_time=True) as (vendor, ours):
        found = ours.asset(vendor.upload(clip(tmp_path)))
        ours.write(found, NewThumbnail(time_s, JPEG))

        assert ours.write_back is WriteBack.TIME
        assert vendor.thumbnail_time(found.id) == pytest.approx(written, abs=1e-3)


@pytest.mark.parametrize("body", [{"time": 10.0}, {"time": "4"}, {"time": 4, "poster": 1}])
def test_a_write_that_vimeo_would_refuse_is_refused(tmp_path: Path, body: dict[str, Any]) -> None:
    """With 400, in its shape of an error."""
    headers = {"Authorization": f"Bearer {ACCESS_TOKEN}", "Accept": MEDIA_TYPE}
    with simulated("vimeo") as (vendor, _):
        url = f"{vendor.url}/videos/{vendor.upload(clip(tmp_path))}/pictures"
        answer = httpx.post(url, json=body, headers=headers, trust_env=False)

    assert answer.status_code == 400
    assert answer.json()["developer_message"]
