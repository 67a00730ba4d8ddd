"""Brightcove: a token in the address, access tokens that run out, and a job that fetches our picture."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.platforms.scripted_server import Answer, serving
from tests.support.platforms.simulated_account import CHOICE, JPEG, clip, simulated
from tests.support.platforms.simulated_account import client as client_of
from tests.support.platforms.webhook_senders import BRIGHTCOVE, BRIGHTCOVE_ACCOUNT
from worker.demo.simulator.vendors import brightcove as simulator
from worker.demo.simulator.vendors.brightcove import SimulatedBrightcove
from worker.errors import PlatformUnavailable, SourceRefused
from worker.platforms.base import AssetState, NewThumbnail, RemoteAsset
from worker.platforms.event import EventKind
from worker.platforms.shared.tokens import grant
from worker.platforms.vendors import brightcove
from worker.platforms.vendors.brightcove import Brightcove
from worker.settings.accounts import BrightcoveAccount

if TYPE_CHECKING:
    from pathlib import Path

ID = "6356304892112"
TOKEN = Answer(json={"access_token": "a", "expires_in": 300})
VIDEO: dict[str, Any] = {
    "id": ID,
    "name": "Ducks",
    "state": "ACTIVE",
    "complete": True,
    "duration": 10_500,
    "digital_master_id": "m1",
    "updated_at": "2026-11-29T10:00:00Z",
    "images": {"poster": {"asset_id": "p1", "src": "https://cf.example.com/p1.jpg?x=1"}},
}
MP4 = {"container": "MP4", "src": "https://cdn.example.com/a.mp4", "width": 1280, "height": 720}
HLS = {"type": "application/x-mpegURL", "src": "https://cdn.example.com/a.m3u8"}


def asked_of(*answers: Answer) -> Any:
    """Serve one account, its tokens first."""
    return serving(TOKEN, *answers)


def client(url: str) -> Brightcove:
    """Our client of an account whose three APIs are one server."""
    urls = {"api_url": url, "ingest_url": url, "oauth_url": url}
    account = BrightcoveAccount.model_validate({"webhook_secret": "s", **BRIGHTCOVE_ACCOUNT, **urls})
    return Brightcove("main", account)


def asset(**changes: Any) -> RemoteAsset:
    """What we make of a video, with some fields changed."""
    with asked_of(Answer(json={**VIDEO, **changes})) as server:
        platform = client(server.url)
        found = platform.asset(ID)
        platform.close()
    return found


def source(*sources: dict[str, Any]) -> Any:
    """What is read where these are listed."""
    with asked_of(Answer(json=[*sources])) as server:
        platform = client(server.url)
        try:
            return platform.source(RemoteAsset(ID, AssetState.READY, "f"))
        finally:
            platform.close()


def test_a_notification_tells_what_was_done_and_when() -> None:
    """In milliseconds since 1970; the same one again is the same, a later version is another."""
    updated, deleted = BRIGHTCOVE.event("change.updated"), BRIGHTCOVE.event("change.deleted")

    assert (updated.kind, deleted.kind) == (EventKind.UPDATED, EventKind.DELETED)
    assert updated.asset_id == ID
    assert updated.happened_at == datetime(2024, 7, 2, 14, 33, 25, 71_000, UTC)
    assert updated.delivery_id == BRIGHTCOVE.event("change.updated").delivery_id != deleted.delivery_id


def test_a_video_is_ready_once_it_is_complete() -> None:
    """And its own page says what it is called, and what is shown."""
    ready = asset()

    assert (ready.state, ready.duration_s, ready.title, ready.shown) == (
        AssetState.READY,
        10.5,
        "Ducks",
        "p1",
    )
    assert asset(complete=False).state is AssetState.PREPARING
    assert asset(images={}).shown is None


def test_another_master_is_another_content() -> None:
    """A new poster, or a later change of anything else, is not."""
    assert asset(digital_master_id="m2").fingerprint != asset().fingerprint
    later = {"updated_at": "2026-11-30T10:00:00Z", "images": {}, "state": "INACTIVE"}
    assert asset(**later).fingerprint == asset().fingerprint


def test_files_that_can_be_read_are_chosen() -> None:
    """An MP4 before HLS; DASH and what is encrypted are left out."""
    dash = {"type": "application/dash+xml", "src": "https://cdn.example.com/a.mpd"}
    locked = {**MP4, "src": "https://cdn.example.com/locked.mp4", "key_systems": {"com.widevine.alpha": {}}}

    assert source(dash, locked, HLS, MP4).scan.url == MP4["src"]
    assert (source(dash, locked, HLS).scan.url, source(HLS).scan.is_hls) == (HLS["src"], True)
    with pytest.raises(SourceRefused, match="encryption"):
        source(dash, locked)


def test_an_access_token_is_made_anew_where_it_runs_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One serves for minutes, and a write that waits outlives it; none is used in its last seconds."""
    with simulated("brightcove") as (vendor, ours):
        assert isinstance(vendor, SimulatedBrightcove)
        asset_id = vendor.upload(clip(tmp_path))
        ours.asset(asset_id)
        vendor.expire_tokens()

        assert ours.asset(asset_id).id == asset_id
        assert vendor.tokens_made == 2

        monkeypatch.setattr(grant, "MARGIN_S", 301.0)
        with closing(client_of(vendor)) as another:
            another.asset(asset_id)
        assert vendor.tokens_made == 3


@pytest.mark.parametrize("role", ["poster", "thumbnail"])
def test_a_person_may_change_either_picture(role: str) -> None:
    """Both are ours after a write, so another one of either is theirs."""
    ours = {"poster": {"asset_id": "p1"}, "thumbnail": {"asset_id": "t1"}}

    assert asset(images=ours).shown == "p1 t1"
    assert asset(images={**ours, role: {"asset_id": "x"}}).shown != "p1 t1"
    assert asset(images={"poster": {"asset_id": "p1"}}).shown == "p1"


def test_a_write_counts_once_both_pictures_are_others() -> None:
    """Else the one that comes later would be taken for a person's."""
    before = {"poster": {"asset_id": "p1"}, "thumbnail": {"asset_id": "t1"}}
    half = {**before, "poster": {"asset_id": "p2"}}
    whole = {**half, "thumbnail": {"asset_id": "t2"}}
    found = asset(images=before)
    done = [Answer(json=[]), Answer(json={"id": "j"}), Answer(json={"state": "finished"})]
    looks = [Answer(json={**VIDEO, "images": images}) for images in (before, half, whole)]
    with asked_of(*done, *looks) as server:
        platform = client(server.url)
        written = platform.write(found, CHOICE)
        platform.close()

    assert written == "p2 t2"


def test_all_objects_of_a_process_share_an_access_token(tmp_path: Path) -> None:
    """A platform object lives for one job, and a write has two APIs."""
    with simulated("brightcove") as (vendor, ours):
        assert isinstance(vendor, SimulatedBrightcove)
        asset_id = vendor.upload(clip(tmp_path))
        ours.write(ours.asset(asset_id), CHOICE)
        for _ in range(3):
            with closing(client_of(vendor)) as another:
                another.asset(asset_id)

        assert vendor.tokens_made == 1


def test_the_picture_is_fetched_from_its_address(tmp_path: Path) -> None:
    """By the platform; the write is over once the job is, and says what is shown."""
    with simulated("brightcove") as (vendor, ours), serving(Answer(raw=JPEG)) as receiver:
        assert isinstance(vendor, SimulatedBrightcove)
        vendor.fetch = simulator.fetch
        found = ours.asset(vendor.upload(clip(tmp_path)))

        written = ours.write(found, NewThumbnail(4.2, JPEG, f"{receiver.url}/thumbnails/ab.jpg"))
        looks = [one.path for one in vendor.journal.entries("request") if "ingest_jobs/" in (one.path or "")]

        assert receiver.asked == ["GET /thumbnails/ab.jpg"]
        assert written == ours.asset(found.id).shown != found.shown
        assert vendor.known(found.id).image == JPEG
    assert len(looks) == 2  # the first finds it at work


def test_a_picture_that_cannot_be_fetched_names_the_setting(tmp_path: Path) -> None:
    """And tries again, since the receiver may be down; the signature of the address stays secret."""
    with simulated("brightcove") as (vendor, ours):
        assert isinstance(vendor, SimulatedBrightcove)
        vendor.fetch = simulator.fetch
        found = ours.asset(vendor.upload(clip(tmp_path)))
        url = "http://127.0.0.1:9/thumbnails/ab.jpg?expires=1&signature=abcdefghijklmnopqrst"
        with pytest.raises(PlatformUnavailable, match=r"from 127\.0\.0\.1, .*check PUBLIC_URL") as caught:
            ours.write(found, NewThumbnail(4.2, JPEG, url))

    assert "could not be downloaded" in str(caught.value)
    assert "abcdefghij" not in str(caught.value)


def test_a_write_waits_for_a_job_that_is_at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else an earlier picture could come after it; one that was never ended keeps nothing away."""
    monkeypatch.setattr(brightcove, "INGEST_LIMIT_S", 0.4)
    with simulated("brightcove") as (vendor, ours):
        assert isinstance(vendor, SimulatedBrightcove)
        busy, stuck = (ours.asset(vendor.upload(clip(tmp_path))) for _ in range(2))
        vendor.begin_job(busy.id, datetime.now(UTC))
        vendor.begin_job(stuck.id, datetime.now(UTC) - timedelta(hours=2))

        with pytest.raises(PlatformUnavailable, match="an ingest job of video"):
            ours.write(busy, CHOICE)
        ours.write(stuck, CHOICE)

        assert [one.asset_id for one in vendor.journal.entries("write")] == [stuck.id]


def test_an_address_with_another_token_is_not_ours() -> None:
    """And the token of it is not shown; with ours, the address is the one to compare."""
    ends = ["?token=simulated-webhook-secret", "?token=another", ""]
    with simulated("brightcove") as (vendor, ours):
        found = []
        for end in ends:
            vendor.webhooks_to = f"https://thumbs.example.com/webhooks/brightcove/main{end}"
            (address,) = ours.webhooks() or []
            found.append(address.url.removeprefix("https://thumbs.example.com/webhooks/brightcove/main"))

    assert found == ["", "?token=...", ""]


def test_subscriptions_of_odd_shape_are_no_accident() -> None:
    """Anything may be missing from an answer."""
    with asked_of(Answer(json=[{"events": 7}, {"endpoint": "https://a.example.com"}])) as server:
        platform = client(server.url)

        assert platform.webhooks() == []
        platform.close()


def test_what_is_no_list_of_jobs_says_so() -> None:
    """With the setting to check."""
    with asked_of(Answer(raw=json.dumps({"a": 1}).encode())) as server:
        platform = client(server.url)
        with pytest.raises(PlatformUnavailable, match="BRIGHTCOVE__MAIN__API_URL"):
            platform.write(RemoteAsset(ID, AssetState.READY, "f"), CHOICE)
        platform.close()
