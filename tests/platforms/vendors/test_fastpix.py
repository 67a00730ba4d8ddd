"""FastPix: its traps, one by one, and that it has nowhere to write a thumbnail."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.platforms import signing_keys
from tests.support.platforms.scripted_server import Answer, Scripted, serving
from tests.support.platforms.webhook_senders import FASTPIX, FOREIGN, NEW
from worker.errors import AssetGone, InvalidSignature, SourceRefused
from worker.platforms.base import AssetState, NewThumbnail, Rendition, WriteBack
from worker.platforms.event import EventKind
from worker.platforms.shared.signatures import Base64
from worker.platforms.vendors.fastpix import FastPix
from worker.settings.accounts import FastPixAccount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.platforms.base import RemoteAsset

MEDIA_ID = "a1b2c3d4-0000-4000-8000-000000000001"
PLAYBACK_ID = "b1b2c3d4-0000-4000-8000-000000000002"
PRIVATE_ONLY = [{"id": PLAYBACK_ID, "accessPolicy": "private"}]
HLS = Rendition(f"https://stream.fastpix.com/{PLAYBACK_ID}.m3u8", is_hls=True, hosts=("*.fastpix.com",))


def account(**changes: Any) -> FastPixAccount:
    """An account's settings."""
    plain = {"webhook_secret": NEW, "token_id": "i", "token_secret": "s"}
    return FastPixAccount.model_validate({**plain, **changes})


@contextmanager
def fastpix(*answers: Answer, **changes: Any) -> Iterator[tuple[FastPix, Scripted]]:
    """FastPix, with an API that gives these answers."""
    with serving(*answers) as server:
        platform = FastPix("main", account(api_url=f"{server.url}/v1", **changes))
        yield platform, server
        platform.close()


def media_json(**changes: Any) -> dict[str, Any]:
    """FastPix's words about a media; None takes a field away."""
    data = FASTPIX.payload("video.media.ready")["data"] | changes
    return {"success": True, "data": {name: value for name, value in data.items() if value is not None}}


def media(*, write_metadata: bool = False, **changes: Any) -> RemoteAsset:
    """A media, as FastPix tells about it."""
    answer = Answer(json=media_json(**changes))
    with fastpix(answer, write_metadata=write_metadata) as (platform, _):
        return platform.asset(MEDIA_ID)


class TestItsWebhooks:
    """Signed without a time, and preceded by a request that is not signed at all."""

    @pytest.mark.parametrize("body", [b"", b" \n", b"{}", b'{"ping": true}', b'{"data": {}}'])
    def test_the_request_that_tests_an_address_is_known(self, body: bytes) -> None:
        """Empty, or with no id and no type: anything but a 200 would make the address invalid."""
        assert FastPix("main", account()).is_probe(body)

    @pytest.mark.parametrize(
        "body",
        [
            b'{"id": "e"}',
            b'{"type": "x"}',
            b"[]",
            b"{",
            b"\xff",
            b'{"a":' * 1000,
            b'{"ping": "' + b"a" * 2000 + b'"}',
        ],
    )
    def test_nothing_else_passes_for_such_a_test(self, body: bytes) -> None:
        """An event, or nonsense, needs a signature."""
        assert not FastPix("main", account()).is_probe(body)

    def test_the_key_is_the_decoded_secret(self) -> None:
        """One published demo uses the secret as it is written; FastPix does not."""
        vector_secret, body = "ZGVtby1zZWNyZXQ=", b'{"type":"video.media.ready","data":{"id":"abc-123"}}'
        platform = FastPix("main", account(webhook_secret=vector_secret))

        platform.verify({"FastPix-Signature": "SXTZYhjRshplUTerYmYX0D3d2LSTG3PWD2lY6XFLzd0="}, body, 0)

        with pytest.raises(InvalidSignature):
            platform.verify({"FastPix-Signature": "lMUHnS5bLs+GAIqyLhDCg2OAxI7qpQ9HJCjfsrgGi98="}, body, 0)

    def test_a_forged_one_is_refused(self) -> None:
        """Made with another secret."""
        signed = Base64("fastpix-signature").sign(b"{}", FOREIGN)

        with pytest.raises(InvalidSignature, match="check FASTPIX__MAIN__WEBHOOK_SECRET"):
            FastPix("main", account()).verify(signed, b"{}", 0)

    @pytest.mark.parametrize(
        ("payload", "kind"),
        [
            ("video.media.ready", EventKind.READY),
            ("video.media.ready.oldest", EventKind.READY),
            ("video.media.updated", EventKind.UPDATED),
            ("video.media.intro.ready", EventKind.UPDATED),  # undocumented, and looks like a media
            ("video.media.mp4Support.ready", EventKind.RENDITION_READY),
            ("video.media.failed", EventKind.FAILED),
            ("video.media.deleted", EventKind.DELETED),
        ],
    )
    def test_events_are_understood(self, payload: str, kind: EventKind) -> None:
        """All of these are about the media."""
        event = FASTPIX.event(payload)

        assert (event.kind, event.asset_id) == (kind, MEDIA_ID)
        assert event.delivery_id == FASTPIX.payload(payload)["id"]

    def test_a_track_is_no_media(self) -> None:
        """A subtitle that is ready changes no picture."""
        assert FASTPIX.event("video.media.track.ready").kind is EventKind.OTHER

    def test_times_have_nanoseconds(self) -> None:
        """They are cut to microseconds."""
        read = FASTPIX.event("video.media.ready").happened_at

        assert read == datetime(2026, 5, 11, 20, 42, 16, 361817, tzinfo=UTC)

    def test_a_clip_names_its_source_in_either_spelling(self) -> None:
        """`sourceMediaId` today, `source_media_id` in older documents."""
        assert FASTPIX.event("video.media.ready.clip").source_asset_id == MEDIA_ID
        assert FASTPIX.event("video.media.ready.oldest").source_asset_id == MEDIA_ID[:-2] + "aa"


class TestItsMedia:
    """What the API says."""

    @pytest.mark.parametrize(
        ("said", "duration_s"),
        [
            ("00:00:10", 10.0),
            ("01:02:03.250", 3723.25),
            (3.5, 3.5),
            (12, 12.0),
            ("3.5", 3.5),
            ("soon", None),
            (None, None),
            ("9" * 400 + ":00:00", None),
        ],
    )
    def test_a_duration_is_a_clock_or_a_number(self, said: object, duration_s: float | None) -> None:
        """Their documents show one, their SDK expects the other."""
        assert media(duration=said).duration_s == duration_s

    @pytest.mark.parametrize(
        ("said", "state"),
        [
            ("Ready", AssetState.READY),
            ("ready", AssetState.READY),
            ("Failed", AssetState.FAILED),
            ("In Queue", AssetState.PREPARING),
            (None, AssetState.PREPARING),
        ],
    )
    def test_a_state_is_read_in_any_case(self, said: str | None, state: AssetState) -> None:
        """Written with a capital in the examples."""
        assert media(status=said).state is state

    def test_underscores_are_understood_too(self) -> None:
        """As in older documents, but the customer's metadata keep their names."""
        older = {
            "id": MEDIA_ID,
            "status": "ready",
            "created_at": "2025-01-09T06:44:44.617138Z",
            "playback_ids": [{"id": PLAYBACK_ID, "access_policy": "public"}],
            "metadata": {"my_key": "v"},
        }
        with fastpix(Answer(json={"success": True, "data": older})) as (platform, _):
            found = platform.asset(MEDIA_ID)

        assert found.details["metadata"] == {"my_key": "v"}
        assert FastPix("main", account()).source(found).scan == HLS

    def test_what_an_update_changes_is_not_content(self) -> None:
        """Metadata, title and the time of the last change are not in the fingerprint; the duration is."""
        updated = media(metadata={"thumbnail_time": "3.5"}, title="new", updatedAt="2026-01-01T00:00:00Z")

        assert updated.fingerprint == media().fingerprint
        assert media(duration="00:00:10.000").fingerprint == media().fingerprint
        assert media(duration="00:00:11").fingerprint != media().fingerprint
        assert (
            media(tracks=[{"type": "video", "width": 640, "height": 360}]).fingerprint != media().fingerprint
        )

    def test_a_clip_is_other_content(self) -> None:
        """Though all else is equal."""
        assert media(sourceMediaId="whole").fingerprint != media().fingerprint

    def test_a_media_that_is_gone_is_gone(self) -> None:
        """404."""
        with fastpix(Answer(404)) as (platform, server), pytest.raises(AssetGone):
            platform.asset(MEDIA_ID)

        assert server.asked == [f"GET /v1/on-demand/{MEDIA_ID}"]


class TestItsFiles:
    """Which one is read."""

    def test_hls_is_read_where_no_file_is_known_to_be_ready(self) -> None:
        """`mp4Support` as text says that there will be one, not that there is."""
        assert FastPix("main", account()).source(media()).scan == HLS
        assert FastPix("main", account()).source(media(mp4Support="capped_4k")).scan == HLS

    def test_a_ready_file_of_a_useful_size_is_read(self) -> None:
        """As the list in newer answers tells."""
        listed = {"type": "capped_4k", "status": "ready", "height": 1080, "width": 1920, "ext": "mp4"}
        platform = FastPix("main", account())

        assert platform.source(media(mp4Support=[listed])).scan.url == (
            f"https://stream.fastpix.com/{PLAYBACK_ID}/capped-4k.mp4"
        )
        assert platform.source(media(mp4Support=[{**listed, "status": "preparing"}])).scan == HLS
        assert platform.source(media(mp4Support=[{**listed, "height": 2160, "width": 3840}])).scan == HLS

    def test_a_private_media_is_read_with_a_token(self) -> None:
        """For this playback id, signed with the account's key."""
        key = {"signing_key_id": signing_keys.KEY_ID, "signing_private_key": signing_keys.private_key()}

        found = FastPix("main", account(**key)).source(media(playbackIds=PRIVATE_ONLY))

        address, _, token = found.scan.url.partition("?token=")
        assert address == HLS.url
        claims = signing_keys.opened(token, f"media:{PLAYBACK_ID}")
        assert (claims["iss"], claims["sub"], claims["kid"]) == ("fastpix.com", "", signing_keys.KEY_ID)

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"playbackIds": PRIVATE_ONLY}, "FASTPIX__MAIN__SIGNING_KEY_ID"),
            ({"playbackIds": [{"id": "p", "accessPolicy": "drm"}]}, "no public or private playback id"),
            ({"playbackIds": None}, "no public or private playback id"),
            ({"isAudioOnly": True}, "sound only"),
        ],
    )
    def test_what_cannot_be_read_says_why(self, change: dict[str, object], reason: str) -> None:
        """And what to do about it."""
        with pytest.raises(SourceRefused, match=reason):
            FastPix("main", account()).source(media(**change))


class TestItsMetadata:
    """The one thing that can be written, where the account's settings ask for it."""

    def test_nothing_is_written_by_default(self) -> None:
        """And what stands there is not taken for a thumbnail."""
        assert FastPix("main", account()).write_back is WriteBack.NONE
        assert FastPix("main", account(write_metadata=True)).write_back is WriteBack.TIME
        assert media(metadata={"thumbnail_time": "3.5"}).shown is None

    def test_the_time_is_added_to_what_is_there(self) -> None:
        """The other keys are sent along, as they are at this moment, so that none is lost."""
        now = media_json(metadata={"user": "u", "thumbnail_time": "1.0"})
        with fastpix(Answer(json=now), Answer(json=now), write_metadata=True) as (platform, server):
            shown = platform.write(media(metadata={"user": "before"}), NewThumbnail(12.67, b""))

        assert server.asked == [f"GET /v1/on-demand/{MEDIA_ID}", f"PATCH /v1/on-demand/{MEDIA_ID}"]
        assert server.journal[1].json == {"metadata": {"user": "u", "thumbnail_time": "12.67"}}
        assert shown == media(write_metadata=True, metadata={"thumbnail_time": "12.67"}).shown
