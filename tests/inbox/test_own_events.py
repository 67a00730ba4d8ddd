"""Our own events: who may send which, and that every slip is named."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.platforms.webhook_senders import NEW, NOW_S, OWN_EVENTS, settings
from worker.errors import InvalidSignature, MalformedPayload, UnknownAccount
from worker.inbox import own_events
from worker.platforms.event import EventKind
from worker.platforms.shared import signatures

if TYPE_CHECKING:
    from worker.platforms.event import Event

MUX_ASSET = {"platform": "mux", "account": "main", "asset_id": "a1"}
FILE = {"asset_id": "promo/17", "media_url": "https://media.example.com/promo.mp4"}
RANGE = {"start_s": 1.0, "end_s": 2.5}


def parse(event_type: str, data: object, **changes: Any) -> Event:
    """What an event is read as."""
    body = json.dumps({"type": event_type, "timestamp": "2026-11-22T10:00:00+01:00", "data": data}).encode()
    (event,) = own_events.parse({"webhook-id": "evt_7"}, body, settings(**changes))
    return event


def test_a_video_on_a_platform_is_named_by_its_account() -> None:
    """It is the same asset that the platform's own events are about."""
    event = parse("asset.ready", MUX_ASSET)

    assert (event.platform, event.account, event.asset_id) == ("mux", "main", "a1")
    assert event.kind is EventKind.READY
    assert event.happened_at == datetime(2026, 11, 22, 9, tzinfo=UTC)
    assert event.media_url is None


def test_a_video_on_no_platform_brings_its_address() -> None:
    """And perhaps a title."""
    event = parse("asset.ready", {**FILE, "title": "Promo"})

    assert (event.platform, event.account, event.asset_id) == ("direct", "media", "promo/17")
    assert (event.media_url, event.title) == (FILE["media_url"], "Promo")


def test_a_delivery_is_never_taken_for_the_platforms_own() -> None:
    """A customer may pass on Mux's event under Mux's id; both are taken in."""
    assert parse("asset.ready", MUX_ASSET).delivery_id == "events:evt_7"


@pytest.mark.parametrize(
    ("payload", "detail"),
    [
        (
            "asset.edited.trimmed",
            {"kind": "trimmed", "kept": [{"start_s": 0, "end_s": 12.5}, {"start_s": 20.0, "end_s": 23.5}]},
        ),
        (
            "asset.edited.reordered",
            {"kind": "reordered", "order": [{"start_s": 5.0, "end_s": 10.0}, {"start_s": 0.0, "end_s": 5.0}]},
        ),
        (
            "asset.edited.clipped",
            {"kind": "clipped", "source_asset_id": "assetNEW0001", "kept": [{"start_s": 4.0, "end_s": 9.0}]},
        ),
        ("asset.edited.source_replaced", {"kind": "source_replaced"}),
    ],
)
def test_an_edit_carries_what_was_done(payload: str, detail: dict[str, object]) -> None:
    """Each kind, with its ranges."""
    event = OWN_EVENTS.event(payload)

    assert event.kind is EventKind.EDITED
    assert event.detail == detail
    assert event.source_asset_id == detail.get("source_asset_id")


def test_what_is_wanted_of_a_video_comes_with_it() -> None:
    """Nothing said is something else than nothing wanted."""
    wanted = parse("asset.ready", {**MUX_ASSET, "options": {"avoid": ["0-15"], "prefer": ["0%-50%"]}})
    cleared = parse("asset.ready", {**MUX_ASSET, "options": {}})

    assert wanted.options == {"avoid": ["0-15"], "prefer": ["0%-50%"]}
    assert (cleared.options, parse("asset.ready", MUX_ASSET).options) == ({}, None)


def test_a_deletion_needs_no_address() -> None:
    """Whether or not its host is still allowed."""
    gone = parse("asset.deleted", {"asset_id": "promo/17"})
    with_address = parse("asset.deleted", {**FILE, "media_url": "https://closed.example.com/x.mp4"})

    assert gone.kind is with_address.kind is EventKind.DELETED
    assert with_address.media_url is None


@pytest.mark.parametrize(
    ("event_type", "data", "named"),
    [
        ("asset.ready", {}, "`asset_id`|`media_url`"),
        ("asset.ready", [], "`asset_id`|`media_url`"),
        ("asset.ready", {"asset_id": "a"}, "`media_url`"),
        ("asset.ready", {**FILE, "asset_id": 7}, "`asset_id`"),
        ("asset.ready", {**FILE, "asset": "a"}, "'asset'"),
        ("asset.ready", {**FILE, "edit": {"kind": "trimmed"}}, "'edit'"),
        ("asset.ready", {"platform": "mux", "asset_id": "a"}, "`account`"),
        ("asset.ready", {"account": "main", "asset_id": "a"}, "`platform`"),
        ("asset.ready", {**MUX_ASSET, "media_url": FILE["media_url"]}, "'media_url'"),
        ("asset.ready", {**MUX_ASSET, "title": "t"}, "'title'"),
        ("asset.ready", {**MUX_ASSET, "asset_id": "../x"}, "`asset_id`"),
        ("asset.edited", MUX_ASSET, "`edit.kind` must be one of: trimmed, reordered, clipped"),
        ("asset.ready", {**MUX_ASSET, "options": {"avoids": []}}, "`options`: there is no option 'avoids'"),
        ("asset.ready", {**MUX_ASSET, "options": []}, "`options`: options are an object"),
        ("asset.deleted", {**MUX_ASSET, "options": {}}, "'options'"),
        ("asset.edited", {**MUX_ASSET, "edit": {"kind": "rotated"}}, "`edit.kind` must be one of"),
        ("asset.edited", {**MUX_ASSET, "edit": {"kind": "trimmed", "order": [RANGE]}}, "'order'"),
        ("asset.edited", {**MUX_ASSET, "edit": {"kind": "source_replaced", "kept": [RANGE]}}, "'kept'"),
    ],
)
def test_a_slip_is_named(event_type: str, data: object, named: str) -> None:
    """A misspelt field that was ignored would be ignored for ever."""
    with pytest.raises(MalformedPayload, match=named):
        parse(event_type, data)


@pytest.mark.parametrize(
    "kept",
    [
        [],
        {},
        "0-5",
        [[0, 5]],
        [{"start_s": 0}],
        [{**RANGE, "note": "x"}],
        [{"start_s": 2, "end_s": 2}],
        [{"start_s": -1, "end_s": 2}],
        [{"start_s": "0", "end_s": "2"}],
        [{"start_s": False, "end_s": True}],
        [{"start_s": 0.5, "end_s": 1e300}],
        [{"start_s": 0.5, "end_s": 1_000_001}],
        [RANGE] * 1001,
    ],
)
def test_a_range_that_makes_no_sense_is_named(kept: object) -> None:
    """Two times in seconds, the first one earlier."""
    with pytest.raises(MalformedPayload, match=r"`edit\.kept`"):
        parse("asset.edited", {**MUX_ASSET, "edit": {"kind": "trimmed", "kept": kept}})


def test_a_number_that_nothing_can_hold_is_refused() -> None:
    """Its sender is told; asked to send it again, it would do so for ever."""
    kept = [{"start_s": 0.5, "end_s": int("1" + 400 * "0")}]

    with pytest.raises(MalformedPayload, match="a number beyond all bounds"):
        parse("asset.edited", {**MUX_ASSET, "edit": {"kind": "trimmed", "kept": kept}})


@pytest.mark.parametrize(
    "names", [("mux", "other"), ("vimeo", "main"), ("direct", "media"), ("settings", "x")]
)
def test_an_account_that_is_not_configured_is_unknown(names: tuple[str, str]) -> None:
    """Nothing of it is recorded."""
    with pytest.raises(UnknownAccount):
        parse("asset.ready", {"platform": names[0], "account": names[1], "asset_id": "a"}, vimeo={})


@pytest.mark.parametrize(
    ("media_url", "reason"),
    [
        ("https://other.example.com/a.mp4", "other.example.com is not in MEDIA_HOSTS"),
        ("https://media.example.com.evil.test/a.mp4", "not in MEDIA_HOSTS"),
        ("https://evil.test/media.example.com", "not in MEDIA_HOSTS"),
        ("https://evil.test#media.example.com", "not in MEDIA_HOSTS"),
        ("https://media.example.com@evil.test/a.mp4", "no name and password"),
        ("https://user:word@media.example.com/a.mp4", "no name and password"),
        ("https://evil.test\\@media.example.com/a.mp4", "no name and password"),
        ("http://media.example.com/a.mp4", "https://"),
        ("http://127.0.0.1/a.mp4", "https://"),
        ("file:///etc/passwd", "https://"),
        ("ftp://media.example.com/a.mp4", "https://"),
        ("media.example.com/a.mp4", "https://"),
        ("//media.example.com/a.mp4", "https://"),
        ("https://media.example.com:port/a.mp4", "not an address"),
        ("https://media.example.com/\na.mp4", "not an address"),
        ("https://[::1", "not an address"),
    ],
)
def test_only_addresses_on_allowed_hosts_are_taken(media_url: str, reason: str) -> None:
    """The message says what to do, and repeats no address: it may hold a key."""
    with pytest.raises(MalformedPayload, match=reason) as caught:
        parse("asset.ready", {**FILE, "media_url": media_url})
    assert "a.mp4" not in str(caught.value)


def test_a_hosts_name_is_read_in_any_case() -> None:
    """As names of hosts are."""
    url = "https://Media.Example.COM/a.mp4"

    assert parse("asset.ready", {**FILE, "media_url": url}).media_url == url
    assert parse("asset.ready", FILE, media_hosts=("MEDIA.example.com",)).media_url == FILE["media_url"]


def test_this_machine_is_read_over_http_only_where_that_is_allowed() -> None:
    """For the demo and tests; any other host keeps to https."""
    local = {**FILE, "media_url": "http://127.0.0.1:8080/a.mp4"}
    hosts = ("127.0.0.1", "media.example.com")

    assert parse("asset.ready", local, media_hosts=hosts, allow_loopback=True).media_url == local["media_url"]
    with pytest.raises(MalformedPayload, match="https://"):
        parse("asset.ready", local, media_hosts=hosts)
    plain = {**FILE, "media_url": "http://media.example.com/a.mp4"}
    with pytest.raises(MalformedPayload, match="https://"):
        parse("asset.ready", plain, media_hosts=hosts, allow_loopback=True)


def test_without_a_secret_nobody_may_send() -> None:
    """And the message says what to set."""
    headers = signatures.sign_standard(b"{}", f"whsec_{NEW}", "evt_1", NOW_S)
    closed = settings(events_secret=None, events_secret_previous=None)

    with pytest.raises(InvalidSignature, match="EVENTS_SECRET"):
        own_events.verify(headers, b"{}", closed, NOW_S)
