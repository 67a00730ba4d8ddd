"""The loop with every simulated platform: a webhook comes, we look, read the file, and write back."""

from __future__ import annotations

import re
import time
from contextlib import closing
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from tests.support.platforms.simulated_account import CHOICE, CONTENT, JPEG, client, clip, fetched, simulated
from tests.support.service.customer_endpoint import Inbox
from tests.support.waiting import until
from worker.demo.simulator import SIMULATED, InjectedFault
from worker.errors import AssetGone, CredentialsRefused, PlatformUnavailable, PublishRejected
from worker.platforms import PLATFORMS
from worker.platforms.base import AssetState, ForeignThumbnails, NewThumbnail, WriteBack
from worker.platforms.event import EventKind
from worker.platforms.shared.signatures import QUERY_TOKEN
from worker.settings.accounts import ACCOUNTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOON_S = 10.0


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """Serve an address for webhooks."""
    with Inbox.serving() as inbox:
        yield inbox


@pytest.fixture(params=sorted(SIMULATED))
def name(request: pytest.FixtureRequest) -> str:
    """Return the name of each platform, one after another."""
    return str(request.param)


def test_every_platform_is_simulated() -> None:
    """Else its loop runs in no test, and in no demo."""
    assert SIMULATED.keys() == PLATFORMS.keys()


def test_a_video_is_read_and_its_thumbnail_written(name: str, tmp_path: Path) -> None:
    """And what is shown from then on is what the write said."""
    with simulated(name) as (vendor, ours):
        asset_id = vendor.upload(clip(tmp_path), title="Ducks")

        before = ours.asset(asset_id)
        content = fetched(ours, before, tmp_path)
        written = ours.write(before, CHOICE)
        after = ours.asset(asset_id)
        shown = vendor.known(asset_id)

    assert (before.state, before.title) == (AssetState.READY, "Ducks")
    assert (before.shown is None) == (
        ours.capabilities.foreign_thumbnails is not ForeignThumbnails.ONCE_WRITTEN
    )
    assert content == CONTENT
    assert after.shown == written
    assert (written is not None) == (ours.capabilities.foreign_thumbnails is not ForeignThumbnails.NEVER)
    assert written is None or written != before.shown
    assert after.fingerprint == before.fingerprint
    if ours.write_back in {WriteBack.IMAGE, WriteBack.URL}:
        assert (shown.image, shown.thumbnail_time) == (JPEG, None)
    else:
        assert shown.thumbnail_time == pytest.approx(4.2 + ours.capabilities.into_frame_s, abs=1e-3)


def test_writing_twice_is_harmless(name: str, tmp_path: Path) -> None:
    """As after a crash between the write and the note of it."""
    with simulated(name) as (vendor, ours):
        asset = ours.asset(vendor.upload(clip(tmp_path)))
        ours.write(asset, CHOICE)

        assert ours.write(asset, CHOICE) == ours.asset(asset.id).shown


def test_its_webhook_asks_for_a_look(name: str, inbox: Inbox, tmp_path: Path) -> None:
    """Verified and parsed by the very code of the receiver, with nothing but the account's settings."""
    with simulated(name, inbox.url) as (vendor, ours):
        asset_id = vendor.upload(clip(tmp_path))
        until(vendor.is_heard, SOON_S)

        for sent in inbox.requests:
            query = dict(parse_qsl(urlsplit(sent.path).query))
            # As the receiver reads it.
            token = {QUERY_TOKEN: query["token"]} if query else {}
            ours.verify({**sent.headers, **token}, sent.body, time.time())
        events = [event for headers, body in inbox.deliveries for event in ours.parse(headers, body)]

    told = {(event.asset_id, event.kind) for event in events}
    assert ((asset_id, EventKind.READY) in told) == (EventKind.READY in ours.capabilities.events)


def test_a_wrong_secret_reads_nothing(name: str, tmp_path: Path) -> None:
    """And the message names the variable to check."""
    with simulated(name) as (vendor, _):
        asset_id = vendor.upload(clip(tmp_path))
        (secret,) = ACCOUNTS[name].api_secrets
        with (
            closing(client(vendor, **{secret: "wrong"})) as stranger,
            pytest.raises(CredentialsRefused, match=f"{name.upper()}__MAIN__{secret.upper()}") as caught,
        ):
            stranger.asset(asset_id)

    assert "wrong" not in str(caught.value)


def test_a_refused_write_says_what_a_write_needs(name: str, tmp_path: Path) -> None:
    """A token that reads well may not write, so the right that is missing is not one for reading."""
    with simulated(name) as (vendor, ours):
        asset = ours.asset(vendor.upload(clip(tmp_path)))
        needed = re.escape(f"a write needs {ours.capabilities.write_permission}")
        for method in ("POST", "PATCH", "PUT"):
            vendor.faults.plan(InjectedFault(status=403), method=method)
        with pytest.raises(CredentialsRefused, match=needed):
            ours.write(asset, CHOICE)
        vendor.faults.clear()
        vendor.faults.plan(InjectedFault(status=403))
        with pytest.raises(CredentialsRefused) as caught:
            ours.asset(asset.id)

    assert "write" not in str(caught.value)


def test_a_deleted_video_is_gone(name: str, tmp_path: Path) -> None:
    """For reading and for writing."""
    with simulated(name) as (vendor, ours):
        asset = ours.asset(vendor.upload(clip(tmp_path)))
        vendor.delete(asset.id)

        with pytest.raises(AssetGone):
            ours.asset(asset.id)
        with pytest.raises(AssetGone):
            ours.write(asset, CHOICE)


@pytest.mark.parametrize("private", ["api_video", "cloudflare", "fastpix", "mux", "peertube"])
def test_a_private_video_is_read_with_a_token_only(private: str, tmp_path: Path) -> None:
    """The same address without one is refused; and a token opens no other video."""
    with simulated(private) as (vendor, ours):
        asset_id, other_id = (vendor.upload(clip(tmp_path), is_private=True) for _ in range(2))
        video, other = vendor.known(asset_id), vendor.known(other_id)
        signed = ours.source(ours.asset(asset_id)).scan.url
        bare = f"{vendor.url}/stream/{video.id if private == 'cloudflare' else video.playback_id}/"
        elsewhere = signed.replace(video.playback_id, other.playback_id)

        assert fetched(ours, ours.asset(asset_id), tmp_path) == CONTENT
        assert status_of(bare + signed.partition("?")[0].rpartition("/")[2]) == HTTPStatus.FORBIDDEN
        assert private in {"api_video", "cloudflare"} or status_of(elsewhere) == HTTPStatus.FORBIDDEN


def status_of(url: str) -> int:
    """Ask for a file as a stranger does."""
    return httpx.get(url, trust_env=False).status_code


LIMITED = [name for name, one in sorted(PLATFORMS.items()) if one.capabilities.max_image_bytes]


@pytest.mark.parametrize("limited", LIMITED)
def test_a_picture_that_is_too_large_is_not_sent(limited: str, tmp_path: Path) -> None:
    """The platform would refuse it, after all of it was sent."""
    limit = PLATFORMS[limited].capabilities.max_image_bytes or 0
    with simulated(limited) as (vendor, ours):
        asset = ours.asset(vendor.upload(clip(tmp_path)))
        with pytest.raises(PublishRejected, match=f"takes {limit}"):
            ours.write(asset, NewThumbnail(4.2, JPEG.ljust(limit + 1)))

        assert vendor.journal.entries("write") == []


def test_a_busy_platform_says_how_long_to_wait(name: str, tmp_path: Path) -> None:
    """429, whatever is asked."""
    with simulated(name) as (vendor, ours):
        asset_id = vendor.upload(clip(tmp_path))
        vendor.faults.plan(InjectedFault(status=429, retry_after="7"))
        with pytest.raises(PlatformUnavailable) as caught:
            ours.asset(asset_id)

    assert caught.value.retry_after_s == 7.0
