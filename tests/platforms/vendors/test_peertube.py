"""PeerTube: states and files in its words, replaced sources, both pictures of old versions, file tokens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from tests.support.platforms.scripted_server import Answer, serving
from tests.support.platforms.simulated_account import CHOICE, JPEG, NOWHERE, client, clip, fetched, simulated
from tests.support.platforms.webhook_senders import OWN_EVENTS
from worker.demo.simulator.vendors.peertube import PASSWORD, USERNAME, SimulatedPeerTube
from worker.errors import (
    CredentialsRefused,
    MalformedPayload,
    NotReadyYet,
    PlatformUnavailable,
    SourceRefused,
)
from worker.platforms.base import AssetState, NewThumbnail, RemoteAsset
from worker.platforms.event import EventKind
from worker.platforms.shared.tokens.password_grant import grant_of
from worker.platforms.vendors.peertube import PeerTube
from worker.settings import Settings
from worker.settings.accounts import PeerTubeAccount

if TYPE_CHECKING:
    from pathlib import Path

UUID = "9c9de5e8-0a1e-484a-b099-e80766180a6d"
FILES = "https://tube.example.com/static/web-videos"
HLS = "https://tube.example.com/static/streaming-playlists/hls"
VIDEO: dict[str, Any] = {
    "uuid": UUID,
    "name": "Ducks",
    "duration": 62,
    "createdAt": "2026-11-22T00:00:00.000Z",
    "updatedAt": "2026-11-22T01:00:00.000Z",
    "state": {"id": 1, "label": "Published"},
    "privacy": {"id": 1, "label": "Public"},
    "isLive": False,
    "inputFileUpdatedAt": None,
    "thumbnailPath": "/lazy-static/thumbnails/before.jpg",
    "files": [],
    "streamingPlaylists": [],
}


def user(api_url: str) -> PeerTube:
    """Our client of an account with a token."""
    return PeerTube("main", PeerTubeAccount(api_url=api_url, access_token=SecretStr("the-token")))


def asset(**changes: Any) -> RemoteAsset:
    """What we make of a video, with some fields changed."""
    with serving(Answer(json={**VIDEO, **changes})) as server:
        ours = user(server.url)
        found = ours.asset(UUID)
        ours.close()
    assert server.asked == [f"GET /api/v1/videos/{UUID}"]
    assert server.journal[0].headers["Authorization"] == "Bearer the-token"
    return found


def file(px: int, url: str = "", **more: Any) -> dict[str, Any]:
    """A file as PeerTube lists it."""
    size = {"width": px * 16 // 9, "height": px}
    return {"resolution": {"id": px}, "fileUrl": url or f"{FILES}/{px}.mp4", "hasVideo": True, **size, **more}


def playlist(*files: dict[str, Any]) -> dict[str, Any]:
    """An HLS playlist as PeerTube lists it."""
    return {"playlistUrl": f"{HLS}/master.m3u8", "files": list(files)}


class TestState:
    """When it can be looked at."""

    @pytest.mark.parametrize(
        ("state", "expected"),
        [
            (1, AssetState.READY),
            *((number, AssetState.PREPARING) for number in (2, 3, 4, 5, 6, 8, 9, 10, 11, 13, 99)),
            (7, AssetState.FAILED),
            (12, AssetState.FAILED),
            ([], AssetState.PREPARING),
        ],
    )
    def test_is_read_from_its_number(self, state: object, expected: AssetState) -> None:
        """Only a published video is written to: until then, PeerTube still makes pictures of its own."""
        assert asset(state={"id": state}).state is expected

    def test_a_live_stream_is_waited_for(self) -> None:
        """It is published while it runs; its recording may get the same id."""
        assert asset(isLive=True).state is AssetState.PREPARING

    def test_a_replaced_source_is_other_content_under_the_same_id(self) -> None:
        """Though it may last as long as the one before; a new name or picture is none."""
        before = asset().fingerprint

        assert asset(inputFileUpdatedAt="2026-11-23T00:00:00.000Z").fingerprint != before
        assert asset(duration=63).fingerprint != before
        assert asset(name="Geese", updatedAt="2026-11-24T00:00:00.000Z").fingerprint == before
        assert asset(thumbnailPath="/lazy-static/thumbnails/after.jpg").fingerprint == before

    def test_the_simulated_one_replaces_a_source_as_well(self, tmp_path: Path) -> None:
        """And keeps what is shown."""
        with SimulatedPeerTube(NOWHERE) as vendor:
            ours = client(vendor)
            before = ours.asset(vendor.upload(clip(tmp_path)))
            vendor.replace(before.id, clip(tmp_path))
            after = ours.asset(before.id)
            ours.close()

        assert (after.fingerprint != before.fingerprint, after.shown) == (True, before.shown)


class TestFiles:
    """What is read."""

    @pytest.mark.parametrize(
        "changes",
        [
            {"files": [file(1080), file(360), file(144)]},
            {"streamingPlaylists": [playlist(file(360), file(1080), file(144))]},
            {"files": [file(1080)], "streamingPlaylists": [playlist(file(360), file(2160))]},
        ],
    )
    def test_the_smallest_and_the_best_of_both_kinds_are_chosen(self, changes: dict[str, Any]) -> None:
        """Files of a playlist are whole MP4s, too."""
        with simulated("peertube") as (_, ours):
            source = ours.source(asset(**changes))

        assert (source.scan.url, source.scan.is_hls) == (f"{FILES}/360.mp4", False)
        assert source.stills
        assert source.stills.url == f"{FILES}/1080.mp4"

    def test_old_versions_tell_the_resolution_only(self) -> None:
        """Up to 6.0."""
        old = [{"resolution": {"id": px}, "fileUrl": f"{FILES}/{px}.mp4"} for px in (1080, 480, 0)]
        with simulated("peertube") as (_, ours):
            source = ours.source(asset(files=old))

        assert source.scan.url == f"{FILES}/480.mp4"

    def test_hls_is_the_last_resort(self) -> None:
        """Where no file is of a useful size."""
        with simulated("peertube") as (_, ours):
            scan = ours.source(asset(streamingPlaylists=[playlist(file(2160))])).scan

        assert (scan.url, scan.is_hls) == (f"{HLS}/master.m3u8", True)

    def test_a_large_file_is_better_than_none(self) -> None:
        """Where there is no playlist either."""
        with simulated("peertube") as (_, ours):
            scan = ours.source(asset(files=[file(2160)])).scan

        assert (scan.url, scan.is_hls) == (f"{FILES}/2160.mp4", False)

    def test_sound_alone_is_refused(self) -> None:
        """It is not tried for a day."""
        sound = {"resolution": {"id": 0}, "fileUrl": f"{FILES}/0.mp4", "hasVideo": False}
        with simulated("peertube") as (_, ours), pytest.raises(SourceRefused, match="no picture"):
            ours.source(asset(files=[sound]))

    def test_a_video_without_files_is_asked_for_again(self) -> None:
        """A published one may still wait for its first."""
        with simulated("peertube") as (_, ours), pytest.raises(NotReadyYet):
            ours.source(asset())

    def test_a_private_playlist_hands_its_token_on(self) -> None:
        """To the playlists and segments that it names."""
        token = Answer(json={"files": {"token": "t-1", "expires": "2026-11-22T08:00:00Z"}})
        private = {**VIDEO, "privacy": {"id": 3}, "streamingPlaylists": [playlist(file(2160))]}
        with serving(Answer(json=private), token) as server:
            ours = user(server.url)
            scan = ours.source(ours.asset(UUID)).scan
            ours.close()

        assert server.asked[-1] == f"POST /api/v1/videos/{UUID}/token"
        assert scan.url == f"{HLS}/master.m3u8?videoFileToken=t-1&reinjectVideoFileToken=true"

    def test_our_login_is_not_needed_to_fetch_a_private_file(self, tmp_path: Path) -> None:
        """The address has a token for this one video; a stranger without one is refused."""
        with simulated("peertube") as (vendor, ours):
            found = ours.asset(vendor.upload(clip(tmp_path), is_private=True))
            scan = ours.source(found).scan

            assert fetched(ours, found, tmp_path)
            assert scan.headers == {}
            assert httpx.get(scan.url.partition("?")[0], trust_env=False).status_code == 403


class TestPictures:
    """What is written, and what is known of it."""

    def test_is_sent_as_both_pictures(self) -> None:
        """Up to 8.0 the player's is one of its own, which a late runner else makes anew."""
        after = {**VIDEO, "thumbnailPath": "/lazy-static/thumbnails/ours.jpg"}
        with serving(Answer(json=VIDEO), Answer(204), Answer(json=after)) as server:
            ours = user(server.url)
            written = ours.write(ours.asset(UUID), CHOICE)
            ours.close()

        form = server.journal[1]
        assert (form.method, written) == ("PUT", "ours.jpg")
        for name in ("thumbnailfile", "previewfile"):
            assert f'name="{name}"; filename="thumbnail.jpg"'.encode() in form.body
        assert form.body.count(JPEG) == 2

    def test_a_write_without_effect_is_no_success(self) -> None:
        """As where something in between takes the form and drops the file: it is written again later."""
        with serving(Answer(json=VIDEO), Answer(204), Answer(json=VIDEO)) as server:
            ours = user(server.url)
            with pytest.raises(PlatformUnavailable, match="shows the one from before"):
                ours.write(ours.asset(UUID), CHOICE)
            ours.close()

    def test_another_picture_is_told_from_ours(self, tmp_path: Path) -> None:
        """A person's, or one that a runner made late: every one has a file name of its own."""
        with simulated("peertube") as (vendor, ours):
            found = ours.asset(vendor.upload(clip(tmp_path)))
            written = ours.write(found, CHOICE)
            vendor.choose(found.id, 3.0)

            assert ours.asset(found.id).shown not in {None, written, found.shown}

    @pytest.mark.parametrize(
        "said",
        [
            {"thumbnailPath": "/static/thumbnails/a.jpg"},
            {"thumbnailPath": "/lazy-static/thumbnails/a.jpg"},
            {
                "thumbnailPath": None,
                "thumbnails": [
                    {"width": 850, "height": 480, "fileUrl": "https://tube.example.com/b.jpg"},
                    {"width": 280, "height": 157, "fileUrl": "https://cdn.example.com/thumbnails/a.jpg?x=1"},
                ],
            },
        ],
    )
    def test_is_known_by_the_name_of_its_file(self, said: dict[str, Any]) -> None:
        """Which stays where an update of PeerTube moves the folder."""
        assert asset(**said).shown == "a.jpg"

    @pytest.mark.parametrize("part", ["thumbnail", "field", "json"])
    def test_a_write_that_peertube_would_refuse_is_refused(self, tmp_path: Path, part: str) -> None:
        """With 400, in its shape of an error."""
        bodies: dict[str, dict[str, Any]] = {
            "thumbnail": {"files": {"thumbnail": ("a.jpg", JPEG, "image/jpeg")}},
            "field": {"files": {"thumbnailfile": ("a.exe", JPEG, "image/jpeg")}},
            "json": {"json": {"thumbnailfile": "a"}},
        }
        with simulated("peertube") as (vendor, _):
            asset_id = vendor.upload(clip(tmp_path))
            shown = grant_of(vendor.url, USERNAME, PASSWORD, "PEERTUBE__MAIN").credentials().headers
            url = f"{vendor.url}/api/v1/videos/{asset_id}"
            answer = httpx.put(url, headers=shown, trust_env=False, **bodies[part])

        assert answer.status_code == 400
        assert answer.json()["detail"]


class TestNames:
    """How a video is called at `/v1/events`, and how an account is set up."""

    @pytest.mark.parametrize("given", [UUID, UUID.upper()])
    def test_a_plugin_tells_by_the_uuid(self, given: str) -> None:
        """Which the list says, too."""
        data = {"platform": "peertube", "account": "main", "asset_id": given}

        event = said(data)

        assert (event.platform, event.asset_id, event.kind) == ("peertube", UUID, EventKind.READY)

    @pytest.mark.parametrize("other", ["42", "kkGMgK9ZtnKfYAgnEtQxbv", UUID.replace("-", "")])
    def test_other_names_of_the_same_video_are_refused(self, other: str) -> None:
        """Else it would be two assets, and get two pictures."""
        with pytest.raises(MalformedPayload, match="give the video's `uuid`"):
            said({"platform": "peertube", "account": "main", "asset_id": other})

    @pytest.mark.parametrize("given", [{}, {"username": "u"}, {"password": "p"}])
    def test_a_user_or_a_token_has_to_be_named(self, given: dict[str, str]) -> None:
        """The sentence says which variables."""
        with pytest.raises(ValidationError, match="set USERNAME and PASSWORD, or ACCESS_TOKEN"):
            PeerTubeAccount.model_validate({"api_url": "https://tube.example.com", **given})

    def test_the_receiver_needs_no_password(self) -> None:
        """It makes no requests to platforms."""
        account = {"api_url": "https://tube.example.com"}

        found = Settings.model_validate({"account_secrets": "webhooks", "peertube": {"main": account}})

        assert found.peertube["main"].username is None

    def test_a_token_that_ran_out_names_its_variable(self) -> None:
        """Nothing can renew it."""
        with serving(Answer(401, json={"detail": "Token is invalid"})) as server:
            ours = user(server.url)
            with pytest.raises(CredentialsRefused, match=r"Token is invalid.*PEERTUBE__MAIN__ACCESS_TOKEN"):
                ours.write(RemoteAsset(UUID, AssetState.READY, ""), NewThumbnail(1.0, JPEG))
            ours.close()

        assert len(server.asked) == 1


def said(data: dict[str, str]) -> Any:
    """The event that our own systems send about a video that is ready."""
    body = {"type": "asset.ready", "timestamp": "2026-11-22T00:00:00Z", "data": data}
    (event,) = OWN_EVENTS.parse(json.dumps(body).encode())
    return event
