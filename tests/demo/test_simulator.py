"""The simulated platform is as strict as Mux, and breaks as it is told to."""

from __future__ import annotations

import json
import socket
import struct
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.support.service.customer_endpoint import Inbox
from worker.demo.simulator import InjectedFault, Media, SimulatedMux
from worker.demo.simulator.platform import TOKEN, WEBHOOK_SECRET
from worker.errors import AssetGone, CredentialsRefused, PlatformUnavailable, PublishRejected
from worker.platforms.base import AssetState, NewThumbnail
from worker.platforms.vendors.mux import Mux
from worker.settings.accounts import MuxAccount

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOON_S = 10.0
CALLERS = 25
RESET = struct.pack("ii", 1, 0)  # of a connection when it is closed, with what is still under way


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """Serve an address for webhooks."""
    with Inbox.serving() as inbox:
        yield inbox


@pytest.fixture
def platform(inbox: Inbox, tmp_path: Path) -> Iterator[SimulatedMux]:
    """Serve the platform."""
    with SimulatedMux(inbox.url, journal_file=tmp_path / "journal.jsonl") as platform:
        yield platform


@pytest.fixture
def media(tmp_path: Path) -> Media:
    """Return a file that the platform need not understand."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(bytes(range(256)) * 40)
    return Media(path, duration_s=10.0, width_px=1280, height_px=720, frame_rate=25.0)


@pytest.fixture
def mux(platform: SimulatedMux) -> Iterator[Mux]:
    """Return our side of the protocol, with the settings that the platform hands out."""
    mux = Mux("main", account(platform))
    yield mux
    mux.close()


def account(platform: SimulatedMux, **changed: str) -> MuxAccount:
    """Return the account that `settings` describes, but for some fields."""
    prefix = "MUX__MAIN__"
    fields = {name.removeprefix(prefix).lower(): value for name, value in platform.settings("main").items()}
    return MuxAccount.model_validate({**fields, **changed})


def choice(time_s: float) -> NewThumbnail:
    """Return what the publish worker would write."""
    return NewThumbnail(time_s, b"")


def test_our_client_reads_an_asset_its_file_and_sets_its_thumbnail(
    platform: SimulatedMux, mux: Mux, media: Media
) -> None:
    """The loop of the demo, without the service around it."""
    asset_id = platform.upload(media, title="Ducks")

    asset = mux.asset(asset_id)
    file = httpx.get(mux.source(asset).scan.url, headers={"Range": "bytes=10-19"}, trust_env=False)
    shown = mux.write(asset, choice(4.2))

    assert (asset.state, asset.title, asset.duration_s, asset.shown) == (
        AssetState.READY,
        "Ducks",
        10.0,
        None,
    )
    assert (file.status_code, file.content) == (206, bytes(range(10, 20)))
    assert mux.asset(asset_id).shown == shown
    assert [entry.thumbnail_time for entry in platform.journal.entries("write")] == [4.2]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b'{"thumbnail_time": 10.0}', {}),
        (b'{"thumbnail_time": -0.1}', {}),
        (b'{"thumbnail_time": "4"}', {}),
        (b'{"thumbnail_time": true}', {}),
        (b'{"thumbnail_time": NaN}', {}),
        (b'{"thumbnail_time": null}', {}),
        (b'{"thumbnail_time": 4, "poster": "x"}', {}),
        (b"{}", {}),
        (b"[]", {}),
        (b"{", {}),
        (b"", {}),
        (b'{"thumbnail_time": 4}', {"Content-Type": "text/plain"}),
    ],
)
def test_a_write_that_mux_would_refuse_is_refused(
    platform: SimulatedMux, media: Media, body: bytes, headers: dict[str, str]
) -> None:
    """With 400 and Mux's shape of an error, and nothing changed."""
    asset_id = platform.upload(media)

    answer = httpx.patch(
        f"{platform.url}/video/v1/assets/{asset_id}",
        content=body,
        headers={"Content-Type": "application/json", **headers},
        auth=TOKEN,
        trust_env=False,
    )

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_parameters"
    assert answer.json()["error"]["messages"]
    assert platform.thumbnail_time(asset_id) is None
    assert not platform.journal.entries("write")


def test_a_wrong_token_reads_and_writes_nothing(platform: SimulatedMux, media: Media) -> None:
    """As at Mux, whatever is asked for."""
    asset_id = platform.upload(media)
    stranger = Mux("main", account(platform, token_secret="wrong"))  # noqa: S106 - that is the point

    with pytest.raises(CredentialsRefused):
        stranger.asset(asset_id)
    stranger.close()


def test_a_deleted_asset_is_gone(platform: SimulatedMux, mux: Mux, media: Media) -> None:
    """It is found no more, and the webhook says so."""
    asset_id = platform.upload(media)
    asset = mux.asset(asset_id)

    platform.delete(asset_id)

    with pytest.raises(AssetGone):
        mux.write(asset, choice(1.0))
    assert platform.journal.wait_for(lambda journal: "video.asset.deleted" in delivered(journal), SOON_S)


def delivered(journal: object) -> list[str | None]:
    """Return the types of the webhooks that somebody took."""
    return [entry.event for entry in journal.entries("delivery") if entry.status == 200]  # type: ignore[attr-defined]


def test_webhooks_are_signed_and_read_by_our_side(
    platform: SimulatedMux, inbox: Inbox, mux: Mux, media: Media
) -> None:
    """Verified and parsed by the very code of the receiver."""
    asset_id = platform.upload(media, title="Ducks")
    assert platform.journal.wait_for(lambda journal: len(delivered(journal)) == 1, SOON_S)
    ((headers, body),) = inbox.deliveries

    mux.verify(headers, body, time.time())
    (event,) = mux.parse(headers, body)

    assert (event.type, event.asset_id, event.title) == ("video.asset.ready", asset_id, "Ducks")
    assert WEBHOOK_SECRET.encode() not in body


def test_a_webhook_that_is_not_taken_comes_again_with_the_same_id(
    platform: SimulatedMux, inbox: Inbox, media: Media
) -> None:
    """Until it is answered with 2xx."""
    inbox.answers = [503, 500]

    platform.upload(media)

    assert platform.journal.wait_for(lambda journal: len(delivered(journal)) == 1, SOON_S)
    assert [entry.status for entry in platform.journal.entries("delivery")] == [503, 500, 200]
    assert len({json.loads(body)["id"] for _, body in inbox.deliveries}) == 1


def test_copies_of_a_webhook_carry_one_id(platform: SimulatedMux, inbox: Inbox, media: Media) -> None:
    """Mux may deliver twice what was answered well."""
    platform.upload(media, copies=3)

    assert platform.journal.wait_for(lambda journal: len(delivered(journal)) == 3, SOON_S)
    assert len({json.loads(body)["id"] for _, body in inbox.deliveries}) == 1


def test_our_own_write_comes_back_as_an_update(platform: SimulatedMux, mux: Mux, media: Media) -> None:
    """The echo that must not start a new run."""
    asset_id = platform.upload(media)

    mux.write(mux.asset(asset_id), choice(2.0))

    assert platform.journal.wait_for(lambda journal: "video.asset.updated" in delivered(journal), SOON_S)


def test_a_trim_is_a_new_asset_that_names_its_source(platform: SimulatedMux, mux: Mux, media: Media) -> None:
    """The only way in which a platform of this kind can tell of an edit."""
    asset_id = platform.upload(media, title="Ducks")

    clip = mux.asset(platform.trim(asset_id, media))

    assert clip.id != asset_id
    assert clip.details["source_asset_id"] == asset_id


def test_planned_answers_come_in_order_and_then_it_is_healthy(
    platform: SimulatedMux, mux: Mux, media: Media
) -> None:
    """A 500, then a 429 that says how long to wait, then the write."""
    asset = mux.asset(platform.upload(media))
    platform.faults.plan(InjectedFault(status=500), method="PATCH")
    platform.faults.plan(InjectedFault(status=429, retry_after="7"), method="PATCH")

    with pytest.raises(PlatformUnavailable) as first:
        mux.write(asset, choice(1.0))
    with pytest.raises(PlatformUnavailable) as second:
        mux.write(asset, choice(1.0))
    mux.write(asset, choice(1.0))

    assert (first.value.retry_after_s, second.value.retry_after_s) == (None, 7.0)
    assert len(platform.journal.entries("write")) == 1


def test_a_cut_connection_writes_nothing(platform: SimulatedMux, mux: Mux, media: Media) -> None:
    """The request was lost."""
    asset = mux.asset(platform.upload(media))
    platform.faults.plan(InjectedFault(is_cut=True), method="PATCH")

    with pytest.raises(PlatformUnavailable):
        mux.write(asset, choice(1.0))

    assert platform.thumbnail_time(asset.id) is None


def test_a_lost_reply_has_written(platform: SimulatedMux, mux: Mux, media: Media) -> None:
    """The answer was lost: the caller cannot know, and the platform shows the new thumbnail."""
    asset = mux.asset(platform.upload(media))
    platform.faults.plan(InjectedFault(is_reply_lost=True), method="PATCH")

    with pytest.raises(PlatformUnavailable):
        mux.write(asset, choice(1.0))

    assert platform.thumbnail_time(asset.id) == 1.0


def test_a_platform_that_hangs_hangs_until_it_is_closed(inbox: Inbox, media: Media) -> None:
    """A planned delay can be as long as a run."""
    with ThreadPoolExecutor() as pool:
        with SimulatedMux(inbox.url) as platform:
            asset_id = platform.upload(media)
            platform.faults.plan(InjectedFault(delay_s=3600.0), path=asset_id)
            url = f"{platform.url}/video/v1/assets/{asset_id}"
            hanging = pool.submit(httpx.get, url, auth=TOKEN, trust_env=False, timeout=None)
            assert platform.journal.wait_for(lambda journal: bool(journal.entries("fault")), SOON_S)
            assert not hanging.done()

        assert hanging.exception(SOON_S) is None


def test_a_file_is_closed_where_the_caller_goes_away(inbox: Inbox, media: Media) -> None:
    """As players do all the time; the server itself closes none then."""
    always = warnings.catch_warnings(record=True, action="always")
    with always as warned, SimulatedMux(inbox.url) as platform:
        mux = Mux("main", account(platform))
        asset = mux.asset(platform.upload(media, title="Ducks"))
        address = httpx.URL(mux.source(asset).scan.url)
        mux.close()
        for number in range(CALLERS):
            with socket.create_connection((address.host, address.port)) as caller:
                caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                caller.sendall(b"GET %b HTTP/1.1\r\nHost: mux\r\n\r\n" % address.raw_path)
                time.sleep(number % 5 * 0.002)

    assert [str(warning.message) for warning in warned] == []


def test_the_journal_is_kept_as_lines_of_json(
    platform: SimulatedMux, mux: Mux, media: Media, tmp_path: Path
) -> None:
    """For who looks at a run afterwards."""
    asset = mux.asset(platform.upload(media))
    platform.faults.plan(InjectedFault(status=400), method="PATCH")
    with pytest.raises(PublishRejected):
        mux.write(asset, choice(1.0))
    mux.write(asset, choice(1.0))

    lines = [json.loads(line) for line in (tmp_path / "journal.jsonl").read_text().splitlines()]

    assert [line["status"] for line in lines if line["method"] == "PATCH"] == [400, 200]
    assert [line["thumbnail_time"] for line in lines if line["kind"] == "write"] == [1.0]
