"""Pictures are put at addresses of the customer's own, as its template asks, until they are taken."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from tests.support.service import builders
from tests.support.service.customer_endpoint import Inbox
from tests.support.service.publisher_rig import PublisherRig, ready_publisher_rig, telling
from worker import choices
from worker.choices import ChoiceRequest
from worker.database import transaction
from worker.database.models import Asset, Thumbnail
from worker.errors import InvalidSignature, SettingsInvalid
from worker.platforms.event import EventKind
from worker.platforms.shared import signatures
from worker.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the specification's example
NEWER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDAQIDBAUGBwg="


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """Serve the customer's storage."""
    with Inbox.serving() as inbox:
        yield inbox


@pytest.fixture
def rig(engine: Engine, tmp_path: Path) -> Iterator[PublisherRig]:
    """Return a publisher with a run of two picks in two ratios, all of another picture."""
    with ready_publisher_rig(engine, tmp_path) as rig:
        with transaction(engine) as session:
            (first,) = session.query(Thumbnail).all()
            for rank, aspect in ((1, "9:16"), (2, "16:9"), (2, "9:16")):
                shown = {"rank": rank, "aspect": aspect, "jpeg": f"{rank} {aspect}".encode()}
                session.add(copied(first, **shown))
            first.jpeg = b"1 16:9"
        yield rig


def copied(thumbnail: Thumbnail, **changes: Any) -> Thumbnail:
    """Another thumbnail of the same run."""
    names = [column.name for column in Thumbnail.__table__.columns if column.name != "id"]
    return Thumbnail(**{**{name: getattr(thumbnail, name) for name in names}, **changes})


def putting(rig: PublisherRig, inbox: Inbox, path: str, **changes: Any) -> PublisherRig:
    """Return a publisher that puts pictures there."""
    address = inbox.url.removesuffix("/hook") + path
    return telling(rig, **{"pictures_url": address, **changes})


@pytest.mark.parametrize(
    ("path", "put"),
    [
        ("/{asset}.jpg", {"/lesson-17.jpg": b"1 16:9"}),
        ("/p?id={asset}", {"/p?id=lesson-17": b"1 16:9"}),
        ("/{platform}/{account}/{asset}.jpg", {"/direct/media/lesson-17.jpg": b"1 16:9"}),
        (
            "/{asset}/{aspect}.jpg",
            {"/lesson-17/16x9.jpg": b"1 16:9", "/lesson-17/9x16.jpg": b"1 9:16"},
        ),
        (
            "/{asset}/{rank}.jpg",
            {
                "/lesson-17/0.jpg": b"1 16:9",
                "/lesson-17/1.jpg": b"1 16:9",
                "/lesson-17/2.jpg": b"2 16:9",
            },
        ),
        (
            "/{asset}/{rank}-{aspect}.jpg",
            {
                "/lesson-17/0-16x9.jpg": b"1 16:9",
                "/lesson-17/0-9x16.jpg": b"1 9:16",
                "/lesson-17/1-16x9.jpg": b"1 16:9",
                "/lesson-17/1-9x16.jpg": b"1 9:16",
                "/lesson-17/2-16x9.jpg": b"2 16:9",
                "/lesson-17/2-9x16.jpg": b"2 9:16",
            },
        ),
    ],
)
def test_the_address_says_which_pictures_are_wanted(
    rig: PublisherRig, inbox: Inbox, path: str, put: dict[str, bytes]
) -> None:
    """What is shown, the same in every ratio, or every pick."""
    assert putting(rig, inbox, path).publish().state == "confirmed"

    assert {request.path: request.body for request in inbox.requests} == put
    assert {request.method for request in inbox.requests} == {"PUT"}
    assert {request.headers["Content-Type"] for request in inbox.requests} == {"image/jpeg"}
    assert "webhook-signature" not in inbox.requests[0].headers
    assert "Authorization" not in inbox.requests[0].headers


def test_rank_0_is_what_a_person_chose(rig: PublisherRig, inbox: Inbox) -> None:
    """The picks stay where they are."""
    both = putting(rig, inbox, "/{asset}/{rank}.jpg")
    both.publish()
    with transaction(rig.engine) as session:
        asset = session.get_one(Asset, 1, with_for_update=True)
        session.query(Thumbnail).update({"jpeg": builders.JPEG})  # a choice takes one as its own
        choices.choose(session, asset, ChoiceRequest(time_s=1.5), "me", "")
        chosen = session.query(Thumbnail).filter_by(rank=0).one()
        chosen.jpeg = b"chosen"
    inbox.requests.clear()

    both.publish()

    assert {request.path: request.body for request in inbox.requests}["/lesson-17/0.jpg"] == b"chosen"


def test_they_are_posted_with_a_token_where_that_is_set(rig: PublisherRig, inbox: Inbox) -> None:
    """As a system of one's own may want it."""
    settings = {"pictures_method": "POST", "pictures_token": SecretStr("the-token")}

    assert putting(rig, inbox, "/{asset}", **settings).publish().state == "confirmed"

    (request,) = inbox.requests
    assert (request.method, request.headers["Authorization"]) == ("POST", "Bearer the-token")


def test_while_the_secret_is_rotated_both_sign(rig: PublisherRig, inbox: Inbox) -> None:
    """Over the bytes of the picture; a changed one does not match."""
    rotated = {"pictures_secret": SecretStr(NEWER), "pictures_secret_previous": SecretStr(SECRET)}

    assert putting(rig, inbox, "/{asset}", **rotated).publish().state == "confirmed"

    (request,) = inbox.requests
    for secret in (SECRET, NEWER):
        signatures.verify_standard(request.headers, request.body, [secret], time.time(), setting="S")
    with pytest.raises(InvalidSignature):
        signatures.verify_standard(request.headers, b"other", [SECRET, NEWER], time.time(), setting="S")


@pytest.mark.parametrize("status", [301, 401, 404, 429, 500, 503])
def test_what_was_not_taken_is_put_again(rig: PublisherRig, inbox: Inbox, status: int) -> None:
    """All of them, under the ids that they had: what is there already is the same."""
    both = putting(rig, inbox, "/{asset}/{rank}.jpg", pictures_secret=SecretStr(SECRET))
    inbox.answers = [200, status]
    first = both.publish()

    assert (first.state, first.error_class) == ("pending", "PicksNotTaken")
    assert f"PICTURES_URL answers {status}" in str(first.error)
    assert both.publish().state == "confirmed"
    ids = {(request.path, request.headers["webhook-id"]) for request in inbox.requests}
    assert len(inbox.requests) == 5
    assert len(ids) == 3


def test_a_system_that_is_gone_gets_no_more(rig: PublisherRig, inbox: Inbox) -> None:
    """410 says so, as for picks."""
    inbox.answers = [410]

    assert putting(rig, inbox, "/{asset}.jpg").publish().state == "failed"


def test_the_newest_wins(rig: PublisherRig, inbox: Inbox) -> None:
    """What waits is called off; what is put last is the newest pick."""
    both = putting(rig, inbox, "/{asset}.jpg")
    inbox.answers = [503]
    both.publish()
    both.pick(9.0, minute=5)

    assert both.publish().state == "confirmed"

    assert [request.body for request in inbox.requests] == [b"1 16:9", builders.JPEG]
    assert builders.publication_states(rig.engine) == ["superseded", "confirmed"]


def test_a_video_that_is_deleted_meanwhile_gets_no_picture(rig: PublisherRig, inbox: Inbox) -> None:
    """Not even one that waits to be put again."""
    both = putting(rig, inbox, "/{asset}.jpg")
    inbox.answers = [503]
    both.publish()
    about = {"asset_id": "lesson-17", "platform": "direct", "account": "media"}
    builders.record(rig.engine, builders.event(EventKind.DELETED, minute=50, **about))

    both.publish()

    assert len(inbox.requests) == 1


def test_pictures_are_there_before_the_picks_are_told(rig: PublisherRig, inbox: Inbox) -> None:
    """So who is told can show them at once."""
    told = {"picks_url": inbox.url, "picks_secret": SecretStr(SECRET)}

    putting(rig, inbox, "/{asset}.jpg", **told).publish()

    assert [(one.method, one.path) for one in inbox.requests] == [
        ("PUT", "/lesson-17.jpg"),
        ("POST", "/hook"),
    ]


@pytest.mark.parametrize(
    ("asset_id", "path"),
    [
        ("promo/17", "/p/promo%2F17.jpg"),
        ("../../etc", "/p/..%2F..%2Fetc.jpg"),
        ("a b?#", "/p/a%20b%3F%23.jpg"),
    ],
)
def test_an_id_stays_one_part_of_the_address(
    rig: PublisherRig, inbox: Inbox, asset_id: str, path: str
) -> None:
    """Whoever may name a video does not thereby choose where we write."""
    both = putting(rig, inbox, "/p/{asset}.jpg")
    with transaction(rig.engine) as session:
        session.get_one(Asset, 1).external_id = asset_id

    both.publish()

    assert [request.path for request in inbox.requests] == [path]


@pytest.mark.parametrize("asset_id", [".", ".."])
def test_an_id_that_is_a_step_up_is_refused(rig: PublisherRig, inbox: Inbox, asset_id: str) -> None:
    """Clients and servers would leave the folder by it."""
    both = putting(rig, inbox, "/p/{asset}/{rank}.jpg")
    with transaction(rig.engine) as session:
        session.get_one(Asset, 1).external_id = asset_id

    written = both.publish()

    assert (written.state, inbox.requests) == ("failed", [])
    assert "choose another id" in str(written.error)


def test_what_a_platform_takes_is_not_put(rig: PublisherRig, inbox: Inbox) -> None:
    """It is written there."""
    settings = rig.publisher.settings.model_copy(update={"pictures_url": f"{inbox.url}/{{asset}}"})

    assert replace(rig, publisher=replace(rig.publisher, settings=settings)).publish().state == "confirmed"
    assert inbox.requests == []


@pytest.mark.parametrize(
    "address",
    [
        "https://media.example.com/{asset}.jpg",
        "https://media.example.com/{platform}/{account}/{asset}/{rank}-{aspect}.jpg?key=5b7d",
        "http://127.0.0.1:9000/{asset}.jpg",
    ],
)
def test_an_address_may_be(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """On any host over https, and on this machine."""
    monkeypatch.setenv("PICTURES_URL", address)

    assert Settings.read().pictures_url == address


@pytest.mark.parametrize(
    "address",
    [
        "https://media.example.com/latest.jpg",
        "https://media.example.com/{asset}/{title}.jpg",
        "https://media.example.com/{asset!r}.jpg",
        "https://media.example.com/{asset:>9}.jpg",
        "https://media.example.com/{asset}{.jpg",
        "https://media.example.com/{}/{asset}.jpg",
        "https://{asset}.example.com/x.jpg",
        "https://me:secret@media.example.com/{asset}.jpg",
        "http://media.example.com/{asset}.jpg",
        "/srv/{asset}.jpg",
    ],
)
def test_an_address_may_not_be(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """All videos would share a picture, an id would choose the host, or a token would go out in plain."""
    monkeypatch.setenv("PICTURES_URL", address)

    with pytest.raises(SettingsInvalid, match="PICTURES_URL"):
        Settings.read()


@pytest.mark.parametrize(("name", "value"), [("PICTURES_TOKEN", "t"), ("PICTURES_SECRET", SECRET)])
def test_a_secret_without_an_address_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """Most likely the address was misspelt."""
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsInvalid, match="PICTURES_URL: missing"):
        Settings.read()
