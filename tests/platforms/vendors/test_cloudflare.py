"""Cloudflare Stream: a webhook without an id, two spellings, downloads to wait for, shares of a duration."""

from __future__ import annotations

import json
import math
import struct
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.support.platforms.scripted_server import Answer, serving
from tests.support.platforms.simulated_account import JPEG, clip, simulated
from tests.support.platforms.webhook_senders import CLOUDFLARE, NOW_S, settings
from worker.demo.simulator.vendors.cloudflare import API_TOKEN
from worker.errors import InvalidSignature, NotReadyYet, PlatformUnavailable, PublishRejected, SourceRefused
from worker.platforms import platform_of
from worker.platforms.base import AssetState, NewThumbnail, RemoteAsset, Rendition, WriteBack
from worker.platforms.event import EventKind
from worker.platforms.shared.signed_urls import LIFETIME_S
from worker.platforms.vendors.cloudflare import Cloudflare, share_of
from worker.publications import Marks
from worker.settings.accounts import CloudflareAccount

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

UID = "6b9e68b07dfee8cc2d116e4c51d6a957"
HOSTS = ("*.cloudflarestream.com", "*.videodelivery.net")
FRAME_S = 1 / 60  # of the fastest usual video
ACCOUNT = {"webhook_secret": "s", "account_id": "a1", "api_token": "t"}


def asset(**changes: Any) -> RemoteAsset:
    """What we make of the video that Cloudflare documents, with some fields changed."""
    video = {**CLOUDFLARE.payload("ready"), **changes}
    with serving(Answer(json={"result": video, "success": True})) as server:
        platform = Cloudflare("main", CloudflareAccount.model_validate({**ACCOUNT, "api_url": server.url}))
        found = platform.asset(UID)
        platform.close()
    return found


@pytest.mark.parametrize(
    ("payload", "kind", "words"),
    [
        ("ready", EventKind.READY, "ready"),
        ("ready.clip", EventKind.READY, "ready"),
        ("error", EventKind.FAILED, "error: ERR_MALFORMED_VIDEO"),
        ("error.as-the-api-writes-it", EventKind.FAILED, "error: ERR_MALFORMED_VIDEO"),
    ],
)
def test_the_state_of_the_video_is_the_event(payload: str, kind: EventKind, words: str) -> None:
    """The reason of a failure is spelt in two ways, and reads the same."""
    event = CLOUDFLARE.event(payload)

    assert (event.kind, event.type) == (kind, words)


def test_a_clip_names_its_source() -> None:
    """It is a video of its own."""
    event = CLOUDFLARE.event("ready.clip")

    assert (event.asset_id, event.source_asset_id) == ("clip68b07dfee8cc2d116e4c51d6a957", UID)


def test_a_video_that_is_ready_again_is_another_delivery() -> None:
    """There is no id: the time of the change tells them apart, and a redelivery has the same."""
    said = CLOUDFLARE.payload("ready")
    later = {**said, "modified": "2022-07-01T00:00:00Z"}
    untimed = {name: value for name, value in said.items() if name != "modified"}

    ids = [CLOUDFLARE.parse(json.dumps(one).encode())[0].delivery_id for one in (said, later, untimed, said)]

    assert ids[0] == ids[3]
    assert len(set(ids)) == 3


def test_the_address_says_which_account_a_video_is_of() -> None:
    """The body does not, so two accounts have an address and a secret each."""
    body = json.dumps(CLOUDFLARE.payload("ready")).encode()
    other = CloudflareAccount.model_validate({**ACCOUNT, "webhook_secret": "another"})
    both = settings(cloudflare={**settings().cloudflare, "other": other})
    headers = CLOUDFLARE.sign(body, "another", NOW_S)

    platform_of("cloudflare", "other", both).verify(headers, body, NOW_S)

    assert platform_of("cloudflare", "other", both).parse(headers, body)[0].account == "other"
    with pytest.raises(InvalidSignature):
        platform_of("cloudflare", "main", both).verify(headers, body, NOW_S)


def test_a_video_tells_its_state() -> None:
    """It may be ready with 39 % of the work done, and its length is -1 before that is known."""
    found = asset()

    assert (found.state, found.duration_s, found.title, found.shown) == (
        AssetState.READY,
        5.5,
        "small.mp4",
        None,
    )
    assert asset(status={"state": "inprogress"}).state is AssetState.PREPARING
    assert asset(status={"state": "error"}).state is AssetState.FAILED
    assert asset(readyToStream=False).state is AssetState.PREPARING
    assert asset(duration=-1).duration_s is None


def test_a_thumbnail_is_no_other_content() -> None:
    """Neither is a new name or a later change; another length is."""
    changed = {"thumbnailTimestampPct": 0.5, "modified": "2026-01-01T00:00:00Z", "meta": {"name": "x"}}

    assert asset(**changed).fingerprint == asset().fingerprint
    assert asset(duration=6).fingerprint != asset().fingerprint


@pytest.mark.parametrize(
    ("share", "shown"), [(0, None), (0.5, "2.75"), (None, None), (12.67 / 5.5 / 10, "1.267")]
)
def test_what_is_shown_is_a_time(share: float | None, shown: str | None) -> None:
    """The first frame is what Cloudflare shows where nobody chose."""
    assert asset(thumbnailTimestampPct=share).shown == shown


@pytest.mark.parametrize(
    ("time_s", "least_s", "most_s"),
    [
        (0.0, 0.008, 0.009),
        (-1.0, 0.008, 0.009),
        (1.0333666, 1.0403, 1.0424),  # rounded down, it would be the frame before
        (2.2, 2.2083, 2.2084),
        (5.5, 5.4, 5.459),
        (99.0, 5.4, 5.459),
    ],
)
def test_a_time_is_a_share_of_their_duration(time_s: float, least_s: float, most_s: float) -> None:
    """Of the length that Cloudflare reports, and always within it."""
    assert least_s <= share_of(asset(), time_s) * 5.5 <= most_s


def test_without_their_duration_nothing_is_written() -> None:
    """A share of our own would be another moment."""
    with pytest.raises(PublishRejected, match="how long"):
        share_of(asset(duration=-1), 1.0)


def single_precision(number: float) -> float:
    """The nearest float of 32 bits."""
    return float(struct.unpack("f", struct.pack("f", number))[0])


def written(time_s: float, duration_s: float, keep: Callable[[float], float]) -> str | None:
    """What is said to be shown after a write to a vendor that keeps shares in its own way."""
    video = asset(duration=duration_s)
    kept = keep(share_of(video, time_s))
    with serving(Answer(json={"result": {"thumbnailTimestampPct": kept}})) as server:
        platform = Cloudflare("main", CloudflareAccount.model_validate({**ACCOUNT, "api_url": server.url}))
        shown = platform.write(video, NewThumbnail(time_s, JPEG))
        platform.close()
    return shown


@pytest.mark.parametrize("digits", [6, 9, None])
@pytest.mark.parametrize(("time_s", "duration_s"), [(4.2, 10.0), (1.0333666, 5.5), (2999.97, 3600.0)])
def test_a_share_that_the_vendor_rounds_is_the_same_moment(
    time_s: float, duration_s: float, digits: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    """To some decimals, or to a float of 32 bits: no document says how exactly shares are kept."""
    shown = written(
        time_s, duration_s, lambda share: single_precision(share) if digits is None else round(share, digits)
    )

    assert time_s <= float(shown or 0) < time_s + FRAME_S
    assert caplog.records == []


@pytest.mark.parametrize(
    "keep",
    [
        lambda share: math.floor(share * 1e6) / 1e6,
        lambda share: round(share, 6),
        single_precision,
    ],
    ids=["cut to six decimals", "rounded to six decimals", "in four bytes"],
)
@pytest.mark.parametrize("rate", [24, 25, 30, 50, 60])
def test_the_frame_before_is_never_shown(rate: int, keep: Callable[[float], float]) -> None:
    """However Cloudflare keeps a share: after a cut, it would be one of another scene."""
    for duration_s in (60.0, 601.3, 3600.0):
        video = asset(duration=duration_s)
        for number in range(1, int((duration_s - 1) * rate), 997):
            time_s = number / rate
            shown_s = keep(share_of(video, time_s)) * duration_s
            assert time_s <= shown_s < time_s + 1 / rate


def test_a_moment_within_the_frame_is_known_for_ours() -> None:
    """Also once an older backup was restored, and only the stored picks tell what we may have written."""
    into_frame_s = Cloudflare.capabilities.into_frame_s
    former = Marks(written=None, foreign=None, planned_s=9.0, former_s=[4.2])

    assert former.hold("4.208", WriteBack.TIME, into_frame_s)
    assert former.hold("9.008", WriteBack.TIME, into_frame_s)
    assert former.hold("4.2", WriteBack.TIME, into_frame_s)
    assert not former.hold("4.24", WriteBack.TIME, into_frame_s)


def test_what_the_vendor_shows_is_what_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    """Three decimals are two seconds of an hour; to write again would change nothing, so the log tells."""
    shown = written(1801.0, 3600.0, lambda share: round(share, 3))

    assert shown == "1800.0"
    assert "was told 1801.008 s" in caplog.text
    assert "shows 1800.000 s" in caplog.text


def test_an_answer_without_a_share_is_no_success() -> None:
    """Nothing was written, so nothing is confirmed."""
    with serving(Answer(json={"result": {}})) as server:
        platform = Cloudflare("main", CloudflareAccount.model_validate({**ACCOUNT, "api_url": server.url}))
        with pytest.raises(PlatformUnavailable, match="has none"):
            platform.write(asset(), NewThumbnail(1.0, JPEG))
        platform.close()


def test_a_refused_share_names_the_videos_that_have_no_thumbnails() -> None:
    """The vendor's error does not, and nothing in its API tells which those are."""
    with serving(Answer(400, json={"errors": [{"message": "no"}]})) as server:
        platform = Cloudflare("main", CloudflareAccount.model_validate({**ACCOUNT, "api_url": server.url}))
        with pytest.raises(PublishRejected, match=r"400.*not square"):
            platform.write(asset(), NewThumbnail(1.0, JPEG))
        platform.close()


def test_a_share_has_no_noise_of_floats() -> None:
    """Half of a video is 0.5 and not 0.500000001."""
    assert share_of(asset(duration=2 * (4.2 + FRAME_S / 2)), 4.2) == 0.5


def test_a_download_that_is_being_made_is_waited_for() -> None:
    """No event tells of its end, so the job asks again; its address answers before it is whole."""
    url = f"https://customer-1.cloudflarestream.com/{UID}/downloads/default.mp4"
    made = [
        Answer(json={"result": {"default": {"status": status, "url": url, "percentComplete": done}}})
        for status, done in [("inprogress", 0.0), ("inprogress", 50.0), ("ready", 100.0)]
    ]
    with serving(*made) as server:
        platform = Cloudflare("main", CloudflareAccount.model_validate({**ACCOUNT, "api_url": server.url}))
        for done in (0, 50):
            with pytest.raises(NotReadyYet, match=rf"at {done}\.0 %"):
                platform.source(asset())

        assert platform.source(asset()).scan == Rendition(url, hosts=HOSTS)
        platform.close()


@pytest.mark.parametrize("made", [{}, {"default": {"status": "error"}}])
def test_hls_is_read_where_nobody_asked_for_a_download(made: dict[str, Any]) -> None:
    """A download costs money, so none is asked for."""
    with serving(Answer(json={"result": made})) as server:
        platform = Cloudflare("main", CloudflareAccount.model_validate({**ACCOUNT, "api_url": server.url}))
        source = platform.source(asset())
        platform.close()

    assert source.scan.is_hls
    assert source.scan.url.endswith(f"{UID}/manifest/video.m3u8")
    assert server.asked == [f"GET /accounts/a1/stream/{UID}/downloads"]


def test_a_private_video_is_read_with_a_token_in_place_of_its_id() -> None:
    """In all addresses."""
    private = asset(requireSignedURLs=True)
    with serving(Answer(json={"result": {}}), Answer(json={"result": {"token": "tok"}})) as server:
        platform = Cloudflare("main", CloudflareAccount.model_validate({**ACCOUNT, "api_url": server.url}))
        source = platform.source(private)
        platform.close()

    assert source.scan.url.endswith("/tok/manifest/video.m3u8")
    assert UID not in source.scan.url
    asked = server.journal[1].json
    assert asked["downloadable"] is True
    assert asked["exp"] - time.time() == pytest.approx(LIFETIME_S, abs=60)
    assert LIFETIME_S < 86_400


def test_a_video_without_an_address_cannot_be_read() -> None:
    """It is not tried for a day."""
    with simulated("cloudflare") as (_, ours), pytest.raises(SourceRefused):
        ours.source(asset(playback=None))


@pytest.mark.parametrize(
    "body", [{"thumbnailTimestampPct": 1.5}, {"thumbnailTimestampPct": "0.5"}, {"thumbnail": "x"}, {}]
)
def test_a_write_that_cloudflare_would_refuse_is_refused(tmp_path: Path, body: dict[str, Any]) -> None:
    """With 400, in its shape of an error."""
    with simulated("cloudflare") as (vendor, _):
        asset_id = vendor.upload(clip(tmp_path))
        url = f"{vendor.url}/client/v4/accounts/simulated-account/stream/{asset_id}"
        headers = {"Authorization": f"Bearer {API_TOKEN}"}
        answer = httpx.post(url, json=body, headers=headers, trust_env=False)

    assert (answer.status_code, answer.json()["success"]) == (400, False)
    assert answer.json()["errors"][0]["message"]
