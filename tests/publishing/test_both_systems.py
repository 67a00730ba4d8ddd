"""PICKS_URL and PICTURES_URL are two systems: what one of them does not take keeps nothing from the other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from tests.support.service.customer_endpoint import Inbox
from tests.support.service.publisher_rig import PublisherRig, ready_publisher_rig, telling
from worker.database import transaction
from worker.database.models import Asset
from worker.demo.simulator import InjectedFault
from worker.platforms import platform_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the specification's example


@pytest.fixture
def storage() -> Iterator[Inbox]:
    """Serve the customer's storage of pictures."""
    with Inbox.serving() as inbox:
        yield inbox


@pytest.fixture
def receiver() -> Iterator[Inbox]:
    """Serve the customer's receiver of picks."""
    with Inbox.serving() as inbox:
        yield inbox


def told(receiver: Inbox, storage: Inbox) -> dict[str, Any]:
    """The settings that tell both."""
    return {
        "picks_url": receiver.url,
        "picks_secret": SecretStr(SECRET),
        "pictures_url": storage.url.replace("hook", "{asset}.jpg"),
    }


@pytest.fixture
def rig(engine: Engine, tmp_path: Path, storage: Inbox, receiver: Inbox) -> Iterator[PublisherRig]:
    """Return a publisher of one video on no platform, with both systems."""
    with ready_publisher_rig(engine, tmp_path) as rig:
        yield telling(rig, **told(receiver, storage))


@pytest.mark.parametrize("status", [403, 503])
def test_storage_that_takes_no_picture_silences_no_receiver(
    rig: PublisherRig, storage: Inbox, receiver: Inbox, status: int
) -> None:
    """Picks are told at once, and again under the same id once the picture is taken."""
    storage.answers = [status]

    first = rig.publish()
    told_first = len(receiver.requests)
    second = rig.publish()

    assert (first.state, first.error_class, told_first) == ("pending", "PicksNotTaken", 1)
    assert f"PICTURES_URL answers {status}" in str(first.error)
    assert second.state == "confirmed"
    assert len({headers["webhook-id"] for headers, _ in receiver.deliveries}) == 1


def test_storage_that_is_gone_does_not_end_what_the_receiver_is_to_hear(
    rig: PublisherRig, storage: Inbox, receiver: Inbox
) -> None:
    """A receiver that is down for a moment hears it later; then the storage's last word is the end."""
    storage.answers, receiver.answers = [410, 410], [503]

    assert rig.publish().state == "pending"
    assert rig.publish().state == "failed"
    assert len(receiver.requests) == 2


def test_an_id_that_no_address_can_hold_is_told_all_the_same(
    rig: PublisherRig, storage: Inbox, receiver: Inbox
) -> None:
    """The message names it in a field."""
    with transaction(rig.engine) as session:
        session.get_one(Asset, 1).external_id = ".."

    assert rig.publish().state == "failed"
    assert (len(receiver.requests), storage.requests) == (1, [])


@pytest.fixture
def keeping(engine: Engine, tmp_path: Path, storage: Inbox, receiver: Inbox) -> Iterator[PublisherRig]:
    """Return a publisher of a video at FastPix, in whose metadata times are written, with both systems."""
    with ready_publisher_rig(engine, tmp_path, "fastpix") as rig:
        account = rig.publisher.settings.fastpix["main"].model_copy(update={"write_metadata": True})
        changes = {**told(receiver, storage), "fastpix": {"main": account}}
        settings = rig.publisher.settings.model_copy(update=changes)
        publisher = replace(
            rig.publisher,
            settings=settings,
            platform_of=lambda claim: platform_of(claim.platform, claim.account, settings),
        )
        yield replace(rig, publisher=publisher)


def test_a_platform_that_only_keeps_the_time_silences_nobody(
    keeping: PublisherRig, storage: Inbox, receiver: Inbox
) -> None:
    """It still shows no thumbnail by itself."""
    assert keeping.publish().state == "confirmed"

    assert (len(storage.requests), len(receiver.requests)) == (1, 1)
    assert len(keeping.writes()) == 1


def test_nothing_is_told_before_the_platform_has_kept_it(keeping: PublisherRig, receiver: Inbox) -> None:
    """And all of it is repeated until both have it."""
    keeping.vendor.faults.plan(InjectedFault(status=503), method="PATCH")
    assert keeping.publish().state == "pending"
    assert receiver.requests == []

    receiver.answers = [503]
    assert keeping.publish().state == "pending"
    assert keeping.publish().state == "confirmed"
    assert len(receiver.requests) == 2
