"""JW Player: a token that holds the body, thumbnails of their own, and a delivery API beside."""

from __future__ import annotations

import base64
import json
import warnings
from typing import TYPE_CHECKING, Any, cast

import jwt
import pytest

from tests.support.platforms.scripted_server import Answer, serving
from tests.support.platforms.simulated_account import CHOICE, clip, simulated
from tests.support.platforms.webhook_senders import JW_PLAYER, NEW
from worker.demo.simulator import InjectedFault
from worker.errors import InvalidSignature, NotReadyYet, PlatformUnavailable, PublishRejected, SourceRefused
from worker.platforms.base import AssetState, RemoteAsset
from worker.platforms.event import EventKind
from worker.platforms.vendors.jwplayer import JwPlayer
from worker.settings.accounts import JwPlayerAccount

if TYPE_CHECKING:
    from pathlib import Path

    from worker.demo.simulator.vendors.jwplayer import SimulatedJwPlayer

ID = "MNYaMSQl"
FOUND = RemoteAsset(ID, AssetState.READY, "f")
SAID = JW_PLAYER.payload("conversions_complete")
BODY = json.dumps(SAID).encode()


def client(url: str) -> JwPlayer:
    """Our client of a property whose hosts are all one server."""
    account = {"webhook_secret": NEW, "site_id": "S", "api_secret": "k", "api_url": url, "delivery_url": url}
    return JwPlayer("main", JwPlayerAccount.model_validate(account))


def written(*answers: Answer) -> str | None:
    """What a write returns where the server answers so."""
    with serving(*answers) as server:
        made = Answer(json={"id": "t1", "upload_link": f"{server.url}/upload"})
        server.answers.insert(0, made)
        platform = client(server.url)
        try:
            return platform.write(FOUND, CHOICE)
        finally:
            platform.close()


def posters(*ids: str) -> Answer:
    """A list of thumbnails, of which the first is shown."""
    listed = [
        {"id": one, "relationships": {"media": [{"id": ID, "is_poster": one == ids[0]}]}} for one in ids
    ]
    return Answer(json={"thumbnails": listed[::-1]})


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("conversions_complete", EventKind.READY),
        ("media_available", EventKind.EDITED),
        ("media_reuploaded", EventKind.EDITED),
        ("media_deleted", EventKind.DELETED),
        ("media_created", EventKind.OTHER),
    ],
)
def test_events_are_known_by_their_names(event: str, kind: EventKind) -> None:
    """A new upload completes no conversions; its beginning counts, and so does its end."""
    (read,) = JW_PLAYER.parse(json.dumps({**SAID, "event": event}).encode())

    assert read.kind is kind


def test_an_event_of_another_property_is_ignored() -> None:
    """One webhook may be for several."""
    (read,) = JW_PLAYER.parse(json.dumps({**SAID, "site_id": "another"}).encode())

    assert (read.kind, read.asset_id) == (EventKind.OTHER, None)


def test_the_same_words_are_the_same_event() -> None:
    """There is no id; another time is another event."""
    later = {**SAID, "event_time": "2024-08-27T00:20:58+00:00"}
    (first,), (again,), (other,) = (
        JW_PLAYER.parse(json.dumps(one).encode()) for one in (SAID, {**SAID, "webhook_id": "x"}, later)
    )

    assert first.delivery_id == again.delivery_id != other.delivery_id


def test_a_token_without_a_signature_is_refused() -> None:
    """As `alg: none` asks for, and one that names another way of signing."""
    none = jwt.encode(SAID, None, "none")
    with warnings.catch_warnings(action="ignore"):  # of a secret that is short for it
        longer = jwt.encode(SAID, NEW, "HS512")
    cut = jwt.encode(SAID, NEW, "HS256").rpartition(".")[0] + "."

    for token in (none, longer, cut):
        with pytest.raises(InvalidSignature):
            JW_PLAYER.verify({"Authorization": f"Bearer {token}"}, BODY)


def test_a_body_has_to_say_what_the_token_says() -> None:
    """More claims may be there, as a time; a field of the body that is in none is not signed."""
    signed = {"Authorization": f"Bearer {jwt.encode({**SAID, 'iat': 1}, NEW, 'HS256')}"}

    JW_PLAYER.verify(signed, BODY)
    JW_PLAYER.verify(signed, json.dumps(SAID, indent=1).encode())
    for changed in ({**SAID, "media_id": "x"}, {**SAID, "more": 1}, {}):
        with pytest.raises(InvalidSignature, match="another body"):
            JW_PLAYER.verify(signed, json.dumps(changed).encode())


def test_claims_that_are_no_object_are_refused() -> None:
    """Whatever a stranger writes into the header."""
    head, _, signature = jwt.encode(SAID, NEW, "HS256").split(".")
    odd = base64.urlsafe_b64encode(b"[1]").decode().rstrip("=")

    with pytest.raises(InvalidSignature):
        JW_PLAYER.verify({"Authorization": f"Bearer {head}.{odd}.{signature}"}, BODY)


def test_a_picture_becomes_the_poster_once_it_is_processed() -> None:
    """Asked for again while it is not; the secret is shown to the API alone."""
    ready, busy = Answer(json={"status": "ready"}), Answer(json={"status": "processing"})

    assert written(Answer(), busy, ready, Answer(), posters("t1", "own")) == "t1"


def test_a_write_counts_only_if_the_poster_is_ours() -> None:
    """Else somebody else's is shown, or the request did nothing."""
    with pytest.raises(PlatformUnavailable, match="shows another"):
        written(Answer(), Answer(json={"status": "ready"}), Answer(), posters("own", "t1"))


def test_a_picture_that_cannot_be_processed_is_not_sent_again() -> None:
    """It would fail again."""
    with pytest.raises(PublishRejected, match="another one"):
        written(Answer(), Answer(json={"status": "failed"}))


def test_the_poster_is_found_on_every_page(tmp_path: Path) -> None:
    """A person's, too, so that it is left alone; of sixty thumbnails most are not on the first one."""
    with simulated("jwplayer") as (vendor, ours):
        asset_id = vendor.upload(clip(tmp_path))
        pictures = [ours.write(ours.asset(asset_id), CHOICE) for _ in range(55)]
        vendor.choose(asset_id, 7.0)
        theirs = ours.asset(asset_id)

    assert len(set(pictures)) == 55
    assert theirs.shown == "at7"


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "upload"), ("GET", "thumbnails/."), ("PATCH", ""), ("PATCH", "lost")]
)
def test_a_failed_write_leaves_no_thumbnail_behind(method: str, path: str, tmp_path: Path) -> None:
    """Each attempt would leave one, and the list of a media would grow; one that may be shown stays."""
    with simulated("jwplayer") as (vendor, ours):
        found = ours.asset(vendor.upload(clip(tmp_path)))
        is_lost = path == "lost"
        fault = InjectedFault(is_reply_lost=True) if is_lost else InjectedFault(status=503)
        vendor.faults.plan(fault, method=method, path="" if is_lost else path)
        with pytest.raises(PlatformUnavailable):
            ours.write(found, CHOICE)

        left = cast("SimulatedJwPlayer", vendor).thumbnails_of(found.id)
        assert left == ([ours.asset(found.id).shown] if is_lost else [])


def test_files_wait_for_publication_and_ask_for_no_signature(tmp_path: Path) -> None:
    """A token that reads the API is not what is wrong then."""
    with simulated("jwplayer") as (vendor, ours):
        found = ours.asset(vendor.upload(clip(tmp_path)))
        vendor.faults.plan(InjectedFault(status=404))
        with pytest.raises(NotReadyYet, match="not published"):
            ours.source(found)
        vendor.faults.plan(InjectedFault(status=403))
        with pytest.raises(SourceRefused, match="secure content"):
            ours.source(found)


def test_what_can_be_read_is_chosen() -> None:
    """An MP4 before HLS, and never sound alone."""
    sound = {"file": "https://cdn.example.com/a.m4a", "type": "audio/mp4"}
    hls = {"file": "https://cdn.example.com/a.m3u8", "type": "application/vnd.apple.mpegurl"}
    mp4 = {"file": "https://cdn.example.com/a.mp4", "type": "video/mp4", "width": 1280, "height": 720}

    def chosen(*sources: dict[str, Any]) -> str:
        with serving(Answer(json={"playlist": [{"sources": [*sources]}]})) as server:
            platform = client(server.url)
            try:
                return platform.source(FOUND).scan.url
            finally:
                platform.close()

    assert chosen(sound, hls, mp4) == mp4["file"]
    assert chosen(sound, hls) == hls["file"]
    with pytest.raises(SourceRefused, match="neither"):
        chosen(sound)
