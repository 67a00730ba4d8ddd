"""A customer's own system is told of the picks, signed, and again until it takes them."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from tests.support.service.customer_endpoint import Inbox
from tests.support.service.publisher_rig import PICKED_S, PublisherRig, ready_publisher_rig, telling
from worker.database import transaction
from worker.database.models import Asset
from worker.errors import SettingsInvalid
from worker.platforms.shared import signatures
from worker.settings import Settings
from worker.standalone.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the specification's example
NEWER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDAQIDBAUGBwg="


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """Serve the customer's system."""
    with Inbox.serving() as inbox:
        yield inbox


def told_rig(rig: PublisherRig, url: str) -> PublisherRig:
    """Return a publisher that tells this address, about a video on no platform."""
    return telling(
        rig, picks_url=url, picks_secret=SecretStr(SECRET), public_url="https://thumbs.example.com"
    )


@pytest.fixture
def rig(engine: Engine, tmp_path: Path, inbox: Inbox) -> Iterator[PublisherRig]:
    """Return a publisher, ready to tell of the pick of one video."""
    with ready_publisher_rig(engine, tmp_path) as rig:
        yield told_rig(rig, inbox.url)


def test_while_the_secret_is_rotated_both_sign(rig: PublisherRig, inbox: Inbox) -> None:
    """Whoever knows one of them believes what it hears."""
    rotated = {"picks_secret": SecretStr(NEWER), "picks_secret_previous": SecretStr(SECRET)}
    settings = rig.publisher.settings.model_copy(update=rotated)
    rig = replace(rig, publisher=replace(rig.publisher, settings=settings))

    assert rig.publish().state == "confirmed"

    ((headers, body),) = inbox.deliveries
    for secret in (SECRET, NEWER):
        signatures.verify_standard(headers, body, [secret], time.time(), setting="S")


def test_the_picks_are_told_and_signed(rig: PublisherRig, inbox: Inbox) -> None:
    """With times, scores, reasons, and where the pictures are."""
    assert rig.publish().state == "confirmed"

    ((headers, body),) = inbox.deliveries
    signatures.verify_standard(headers, body, [SECRET], time.time(), setting="S")
    said = json.loads(body)
    assert said["type"] == "thumbnails.picked"
    assert (said["data"]["platform"], said["data"]["asset_id"]) == ("direct", "lesson-17")
    pick = {
        "time_s": 1.5,
        "score": 2.5,
        "reasons": ["sharp"],
        "aspect": "16:9",
        "width_px": 16,
        "height_px": 9,
        "image_url": f"https://thumbs.example.com/thumbnails/{'ab' * 32}.jpg",
    }
    assert said["data"]["picks"] == [{"rank": 1, **pick}]
    assert said["data"]["shown"] == pick


def test_the_page_of_the_video_is_told(rig: PublisherRig, inbox: Inbox) -> None:
    """Where there are pages, so that a person gets from the other system to choosing."""
    settings = rig.publisher.settings.model_copy(update={"review_url": "https://review.example.com"})
    with transaction(rig.engine) as session:
        session.get_one(Asset, 1).external_id = "promo/17"

    assert replace(rig, publisher=replace(rig.publisher, settings=settings)).publish().state == "confirmed"

    ((_, body),) = inbox.deliveries
    assert json.loads(body)["data"]["page"] == "https://review.example.com/a/direct/media/promo%2F17"


@pytest.mark.parametrize(("is_private", "is_signed"), [(True, True), (None, True), (False, False)])
def test_addresses_of_a_private_video_are_signed_where_that_is_set(
    rig: PublisherRig, inbox: Inbox, is_private: bool | None, is_signed: bool
) -> None:
    """As one of which it is not known."""
    signed = {"signed_thumbnails": "private", "thumbnails_secret": SecretStr(NEWER)}
    settings = rig.publisher.settings.model_copy(update=signed)
    with transaction(rig.engine) as session:
        session.get_one(Asset, 1).is_private = is_private

    assert replace(rig, publisher=replace(rig.publisher, settings=settings)).publish().state == "confirmed"

    ((_, body),) = inbox.deliveries
    data = json.loads(body)["data"]
    for pick in (data["shown"], *data["picks"]):
        assert ("&signature=" in pick["image_url"]) is is_signed


@pytest.mark.parametrize("status", [301, 400, 401, 404, 429, 500, 503])
def test_what_was_not_taken_is_told_again_under_the_same_id(
    rig: PublisherRig, inbox: Inbox, status: int
) -> None:
    """The same bytes, so that the system can tell it from another."""
    inbox.answers = [status]
    first = rig.publish()

    assert (first.state, first.error_class) == ("pending", "PicksNotTaken")
    assert rig.publish().state == "confirmed"
    (before, body), (after, again) = inbox.deliveries
    assert body == again
    assert before["webhook-id"] == after["webhook-id"]


def test_a_system_that_is_gone_is_told_no_more(rig: PublisherRig, inbox: Inbox) -> None:
    """410 is the standard's word for that."""
    inbox.answers = [410]

    assert rig.publish().state == "failed"


def test_a_system_that_is_down_is_told_later(engine: Engine, tmp_path: Path) -> None:
    """As a platform would be."""
    with ready_publisher_rig(engine, tmp_path) as rig:
        down = told_rig(rig, f"http://127.0.0.1:{free_port()}/hook")

        assert down.publish().state == "pending"


def test_without_an_address_nothing_is_told(rig: PublisherRig, inbox: Inbox) -> None:
    """The pictures are served all the same."""
    silent = rig.publisher.settings.model_copy(update={"picks_url": None, "picks_secret": None})

    assert replace(rig, publisher=replace(rig.publisher, settings=silent)).publish().state == "confirmed"
    assert inbox.deliveries == []


def test_what_a_platform_takes_is_not_told(engine: Engine, tmp_path: Path, inbox: Inbox) -> None:
    """It is written there."""
    with ready_publisher_rig(engine, tmp_path) as rig:
        told = {"picks_url": inbox.url, "picks_secret": SecretStr(SECRET)}
        settings = rig.publisher.settings.model_copy(update=told)
        both = replace(rig, publisher=replace(rig.publisher, settings=settings))

        assert both.publish().state == "confirmed"
        assert both.writes() == [PICKED_S]

    assert inbox.deliveries == []


def test_an_address_without_a_secret_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody could tell our messages from others."""
    monkeypatch.setenv("PICKS_URL", "https://cms.example.com/picks")

    with pytest.raises(SettingsInvalid, match="PICKS_URL and PICKS_SECRET go together"):
        Settings.read()


def test_the_address_may_hold_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many systems give a hook an address of its own, with a key in its query."""
    monkeypatch.setenv("PICKS_URL", "https://cms.example.com/hooks/?code=5b7d")
    monkeypatch.setenv("PICKS_SECRET", SECRET)

    assert Settings.read().picks_url == "https://cms.example.com/hooks/?code=5b7d"
