"""Mux: which file of an asset is read, with or without a token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.platforms import signing_keys
from tests.support.platforms.mux_server import account, asset
from worker.errors import SettingsInvalid, SourceRefused
from worker.platforms.base import Rendition
from worker.platforms.vendors.mux import Mux

if TYPE_CHECKING:
    from worker.platforms.base import Source

SIGNED_ONLY = [{"id": "playSIGNED0001", "policy": "signed"}]
HLS = Rendition("https://stream.mux.com/playPUBLIC0001.m3u8", is_hls=True, hosts=("*.mux.com",))


def source(**changes: Any) -> Source:
    """Where an asset is read."""
    return Mux("main", account()).source(asset(**changes))


def file(name: str, width: int, height: int, **more: Any) -> dict[str, Any]:
    """A static rendition."""
    return {"name": name, "ext": "mp4", "width": width, "height": height, "status": "ready", **more}


def test_hls_is_read_where_there_is_no_file() -> None:
    """With both of its uses: a small variant to scan, a good one for the pictures."""
    found = source()

    assert found.scan == HLS
    assert found.stills == HLS


def test_ready_files_of_a_useful_size_are_read() -> None:
    """The smallest of at least 360 lines to judge frames on, the largest up to 1080 for the pictures."""
    files = [
        file("low.mp4", 426, 240),
        file("480p.mp4", 854, 480),
        file("720p.mp4", 1280, 720),
        file("1080p.mp4", 1920, 1080),
        file("highest.mp4", 3840, 2160),
        file("360p.mp4", 640, 360, status="preparing"),
        file("audio.m4a", 640, 400, ext="m4a"),
    ]

    found = source(static_renditions={"files": files})

    assert found.scan.url == "https://stream.mux.com/playPUBLIC0001/480p.mp4"
    assert found.stills is not None
    assert found.stills.url == "https://stream.mux.com/playPUBLIC0001/1080p.mp4"
    assert not found.scan.is_hls


def test_one_file_serves_both_uses() -> None:
    """It is fetched once."""
    found = source(static_renditions={"files": [file("highest.mp4", 1280, 720)]})

    assert found.scan.url == "https://stream.mux.com/playPUBLIC0001/highest.mp4"
    assert found.stills is None


def test_a_tall_file_counts_by_its_shorter_side() -> None:
    """1080 x 1920 is not too large."""
    found = source(static_renditions={"files": [file("1080p.mp4", 1080, 1920)]})

    assert found.scan.url.endswith("/1080p.mp4")


@pytest.mark.parametrize("size", [(3840, 2160), (320, 180)])
def test_a_file_of_no_useful_size_gives_way_to_hls(size: tuple[int, int]) -> None:
    """Far too large to fetch for a look at its frames, or too small to judge them."""
    assert source(static_renditions={"files": [file("highest.mp4", *size)]}).scan == HLS


def test_of_a_small_video_a_small_file_is_read() -> None:
    """There is nothing larger to wait for."""
    small = {"type": "video", "max_width": 320, "max_height": 180}

    found = source(tracks=[small], static_renditions={"files": [file("highest.mp4", 320, 180)]})

    assert found.scan.url.endswith("/highest.mp4")


@pytest.mark.parametrize(("status", "is_file"), [("ready", True), ("preparing", False)])
def test_the_older_kind_of_files_share_one_status(status: str, is_file: bool) -> None:
    """Of `mp4_support`; the files themselves have none."""
    older = {"name": "medium.mp4", "ext": "mp4", "width": 1280, "height": 720}

    found = source(static_renditions={"status": status, "files": [older]})

    assert found.scan.is_hls is not is_file


def test_a_signed_video_is_read_with_a_token() -> None:
    """Signed with the account's key, for this playback id and for video only."""
    account_with_key = account(
        signing_key_id=signing_keys.KEY_ID, signing_private_key=signing_keys.private_key()
    )

    found = Mux("main", account_with_key).source(asset(playback_ids=SIGNED_ONLY))

    address, _, token = found.scan.url.partition("?token=")
    assert address == "https://stream.mux.com/playSIGNED0001.m3u8"
    claims = signing_keys.opened(token, "v")
    assert (claims["sub"], claims["kid"]) == ("playSIGNED0001", signing_keys.KEY_ID)


def test_a_public_playback_id_needs_no_key() -> None:
    """It is preferred wherever there is one."""
    both = [*SIGNED_ONLY, {"id": "playPUBLIC0001", "policy": "public"}]

    assert source(playback_ids=both).scan == HLS


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"playback_ids": SIGNED_ONLY}, "MUX__MAIN__SIGNING_KEY_ID and MUX__MAIN__SIGNING_PRIVATE_KEY"),
        ({"playback_ids": None}, "no public or signed playback id"),
        ({"playback_ids": [{"id": "p", "policy": "drm"}]}, "no public or signed playback id"),
        ({"tracks": [{"type": "audio"}]}, "sound only"),
    ],
)
def test_what_cannot_be_read_says_why(change: dict[str, object], reason: str) -> None:
    """And what to do about it."""
    with pytest.raises(SourceRefused, match=reason):
        source(**change)


def test_a_broken_signing_key_names_its_setting() -> None:
    """And does not show it."""
    broken = signing_keys.private_key()[:400] + signing_keys.private_key()[-400:]
    platform = Mux("main", account(signing_key_id="k", signing_private_key=broken))

    with pytest.raises(SettingsInvalid, match=r"^MUX__MAIN__SIGNING_PRIVATE_KEY: not the base64") as caught:
        platform.source(asset(playback_ids=SIGNED_ONLY))
    assert broken not in str(caught.value)
