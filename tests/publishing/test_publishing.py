"""The platform shows the newest choice, unless somebody there chose another."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, update

from tests.support.service import builders
from tests.support.service.publisher_rig import PICKED_S, PublisherRig, ready_publisher_rig
from tests.support.waiting import until
from worker import publications
from worker.database import transaction
from worker.database.accounts import Account
from worker.database.models import Asset, Publication
from worker.demo.simulator import InjectedFault
from worker.queue.leases import Leases

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine


@pytest.fixture
def rig(engine: Engine, tmp_path: Path) -> Iterator[PublisherRig]:
    """Return a publisher, ready for the pick of one video."""
    with ready_publisher_rig(engine, tmp_path) as rig:
        yield rig


def test_the_choice_is_shown_at_the_platform(rig: PublisherRig) -> None:
    """And it is known to be, generation and all."""
    publication = rig.publish()

    assert publication.state == "confirmed"
    assert rig.writes() == [PICKED_S]
    asset = builders.asset(rig.engine)
    assert (asset.published_generation, asset.written) == (asset.generation, str(PICKED_S))


def test_a_write_of_an_account_that_waits_is_sent_back_quietly(
    rig: PublisherRig, caplog: pytest.LogCaptureFixture
) -> None:
    """It is announced again and again; only who looks for it is told, and why."""
    (row,) = builders.every(rig.engine, Publication)
    caplog.set_level(logging.DEBUG)
    for standing in ({"refused_at": func.now()}, {"paused_at": func.now()}):
        later = {"closed_until": func.now() + timedelta(hours=1)}
        with transaction(rig.engine) as session:
            session.execute(update(Account).values(**standing, **later))
        rig.publisher.publish(row.id)

    told = [
        (one.levelname, one.getMessage()) for one in caplog.records if "publication" in one.name + one.msg
    ]
    assert told == [
        ("DEBUG", f"publication {row.id} waits: mux/main is refused"),
        ("DEBUG", f"publication {row.id} waits: mux/main is paused"),
    ]


def test_an_edit_replaces_what_we_showed(rig: PublisherRig) -> None:
    """What the platform shows is ours, so it may be changed."""
    rig.publish()
    rig.pick(2.5, minute=1)

    assert rig.publish().state == "confirmed"
    assert rig.writes() == [PICKED_S, 2.5]


def test_a_thumbnail_that_somebody_else_set_is_left_alone(rig: PublisherRig) -> None:
    """Before our first write, or after it."""
    rig.vendor.choose(rig.asset_id, 7.0)
    assert rig.publish().state == "yielded"

    rig.pick(2.5, minute=1)

    assert rig.publish().state == "yielded"
    assert rig.vendor.thumbnail_time(rig.asset_id) == 7.0
    assert rig.writes() == []


def test_a_platform_that_is_down_gets_the_choice_later(rig: PublisherRig) -> None:
    """However it fails."""
    rig.vendor.faults.plan(InjectedFault(status=503), count=3)
    assert rig.publish().state == "pending"
    rig.vendor.faults.clear()

    assert rig.publish().state == "confirmed"
    assert rig.writes() == [PICKED_S]


def test_a_write_whose_answer_was_lost_is_made_again(rig: PublisherRig) -> None:
    """What the platform shows by then is ours, though we never heard of it."""
    rig.vendor.faults.plan(InjectedFault(is_reply_lost=True), method="PATCH", count=3)
    assert rig.publish().state == "pending"
    assert rig.vendor.thumbnail_time(rig.asset_id) == PICKED_S
    rig.vendor.faults.clear()

    publication = rig.publish()

    assert (publication.state, publication.attempt) == ("confirmed", 2)
    assert builders.asset(rig.engine).written == str(PICKED_S)


def test_an_edit_after_a_lost_answer_is_shown(rig: PublisherRig) -> None:
    """Our own forgotten write is not taken for somebody else's."""
    rig.vendor.faults.plan(InjectedFault(is_reply_lost=True), method="PATCH", count=3)
    rig.publish()
    rig.vendor.faults.clear()
    rig.pick(2.5, minute=1)

    assert rig.publish().state == "confirmed"
    assert rig.vendor.thumbnail_time(rig.asset_id) == 2.5


def test_a_write_that_the_platform_refuses_is_given_up(rig: PublisherRig) -> None:
    """With its reason, for an operator."""
    rig.vendor.faults.plan(InjectedFault(status=400), method="PATCH", count=3)

    publication = rig.publish()

    assert (publication.state, publication.error_class) == ("failed", "PublishRejected")


def test_a_platform_without_thumbnails_needs_no_write(rig: PublisherRig) -> None:
    """We store the picture and serve it; nobody is asked."""
    with transaction(rig.engine) as session:
        session.execute(update(Asset).values(platform="fastpix"))

    assert rig.publish().state == "confirmed"
    assert builders.asset(rig.engine).written is None


def test_a_publisher_that_stops_gives_its_write_back(rig: PublisherRig) -> None:
    """The attempt does not count, and nothing is written."""
    rig.stopping.set()

    publication = rig.publish()

    assert (publication.state, publication.attempt) == ("pending", 0)
    assert rig.writes() == []


def test_a_slow_platform_does_not_cost_the_lease(rig: PublisherRig) -> None:
    """It is renewed while the platform thinks, so nobody takes the write over, and it is made once."""
    lease_s = 0.6
    rig.vendor.faults.plan(InjectedFault(delay_s=3 * lease_s), method="PATCH")
    settings = rig.publisher.settings.model_copy(update={"lease_s": lease_s})
    taken_over: list[bool] = []
    is_over = threading.Event()

    def dispatch() -> None:
        while not is_over.wait(0.05):
            with transaction(rig.engine) as session:
                taken_over.append(publications.take_over(session))

    with Leases(rig.engine, publications.renew, lease_s, 60.0, rig.stopping) as leases:
        patient = replace(rig, publisher=replace(rig.publisher, settings=settings, leases=leases))
        dispatcher = threading.Thread(target=dispatch)
        dispatcher.start()
        publication = patient.publish()
        is_over.set()
        dispatcher.join()

    assert (publication.state, publication.attempt, len(rig.writes())) == ("confirmed", 1, 1)
    assert taken_over
    assert not any(taken_over)


def test_a_write_that_nobody_wants_any_more_is_not_made(rig: PublisherRig) -> None:
    """A newer one was asked for while the platform was asked what it shows."""
    rig.vendor.faults.plan(InjectedFault(delay_s=2.0), method="GET")
    writing = threading.Thread(target=rig.publish)
    writing.start()
    until(lambda: builders.publication_states(rig.engine) == ["sending"])
    rig.pick(4.0, minute=1)
    writing.join()

    assert rig.publish().state == "confirmed"
    assert rig.writes() == [4.0]
