"""A thumbnail that somebody set at the platform is neither overwritten nor forgotten."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.service import builders
from tests.support.service.publisher_rig import PICKED_S, PublisherRig, ready_publisher_rig
from worker import choices
from worker.choices import ChoiceRequest
from worker.database import transaction
from worker.database.models import Asset
from worker.demo.simulator import InjectedFault
from worker.platforms.base import WriteBack
from worker.platforms.event import EventKind
from worker.publications import Marks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

THEIRS_S = 7.0


@pytest.fixture
def rig(engine: Engine, tmp_path: Path) -> Iterator[PublisherRig]:
    """Return a publisher, ready for the pick of one video."""
    with ready_publisher_rig(engine, tmp_path) as rig:
        yield rig


def look(rig: PublisherRig, minute: int) -> None:
    """Look at the asset after an update, as the analyze worker does."""
    builders.record(rig.engine, builders.event(EventKind.UPDATED, asset_id=rig.asset_id, minute=minute))
    claim = builders.claimed(rig.engine)
    shown_s = rig.vendor.thumbnail_time(rig.asset_id)
    with transaction(rig.engine) as session:
        builders.jobs.complete_unchanged(session, claim, None if shown_s is None else str(shown_s))


def choose(rig: PublisherRig, time_s: float) -> None:
    """Choose with us, not at the platform."""
    with transaction(rig.engine) as session:
        asset = session.get_one(Asset, builders.asset(rig.engine).id, with_for_update=True)
        choices.choose(session, asset, ChoiceRequest(time_s=time_s), "ada@host", "")


def test_it_is_noted(rig: PublisherRig) -> None:
    """On the asset, with the time; and in the publication that gave way."""
    rig.vendor.choose(rig.asset_id, THEIRS_S)

    publication = rig.publish()

    assert (publication.state, publication.shown) == ("yielded", str(THEIRS_S))
    asset = builders.asset(rig.engine)
    assert (asset.foreign_thumbnail, asset.written) == (str(THEIRS_S), None)
    assert asset.foreign_at is not None


def test_one_that_is_set_over_ours_is_noted_with_the_next_look(rig: PublisherRig) -> None:
    """The platform tells of the update; nothing is written."""
    rig.publish()
    rig.vendor.choose(rig.asset_id, THEIRS_S)
    look(rig, minute=1)

    assert rig.publish().state == "yielded"
    assert builders.asset(rig.engine).foreign_thumbnail == str(THEIRS_S)
    assert rig.writes() == [PICKED_S]


def test_our_moment_with_fewer_digits_is_ours(rig: PublisherRig) -> None:
    """A platform may keep another number than it answered: that asks for no other write, and stops none."""
    rig.publish()
    rig.vendor.choose(rig.asset_id, PICKED_S + 0.0004)

    look(rig, minute=1)
    assert rig.publish().state == "confirmed"
    assert rig.writes() == [PICKED_S]

    rig.pick(2.5, minute=2)
    assert rig.publish().state == "confirmed"
    assert rig.writes() == [PICKED_S, 2.5]


@pytest.mark.parametrize(
    ("shown", "is_ours"), [("4.2", True), ("4.20", True), ("4.2004", True), ("4.21", False), ("x", False)]
)
def test_what_we_wrote_is_compared_in_time(shown: str, is_ours: bool) -> None:
    """Also long after the write, when the moment is no longer one that may still be on its way."""
    marks = Marks(written="4.2", foreign=None, planned_s=9.0)

    assert marks.hold(shown, WriteBack.TIME) is is_ours


def test_when_it_is_removed_ours_is_shown_with_the_next_look(rig: PublisherRig) -> None:
    """And nothing foreign is noted any more."""
    rig.vendor.choose(rig.asset_id, THEIRS_S)
    rig.publish()
    rig.vendor.choose(rig.asset_id, None)
    look(rig, minute=1)

    assert rig.publish().state == "confirmed"
    assert rig.vendor.thumbnail_time(rig.asset_id) == PICKED_S
    assert builders.asset(rig.engine).foreign_thumbnail is None


def test_an_operator_may_have_it_replaced(rig: PublisherRig) -> None:
    """FOREIGN_THUMBNAIL=replace."""
    rig.vendor.choose(rig.asset_id, THEIRS_S)
    settings = rig.publisher.settings.model_copy(update={"foreign_thumbnail": "replace"})
    rig.publisher = replace(rig.publisher, settings=settings)

    assert rig.publish().state == "confirmed"
    assert rig.vendor.thumbnail_time(rig.asset_id) == PICKED_S


def test_a_choice_replaces_the_one_that_was_known(rig: PublisherRig) -> None:
    """Who chooses could see it in `thumbs show`."""
    rig.vendor.choose(rig.asset_id, THEIRS_S)
    rig.publish()
    choose(rig, 3.0)

    assert rig.publish().state == "confirmed"
    assert rig.vendor.thumbnail_time(rig.asset_id) == 3.0


def test_a_choice_does_not_replace_one_that_came_later(rig: PublisherRig) -> None:
    """Neither before it was written, nor afterwards."""
    rig.publish()
    choose(rig, 3.0)
    rig.vendor.choose(rig.asset_id, THEIRS_S)
    assert rig.publish().state == "yielded"

    choose(rig, 4.0)
    assert rig.publish().state == "confirmed"
    rig.vendor.choose(rig.asset_id, THEIRS_S)
    rig.pick(2.5, minute=1)

    assert rig.publish().state == "yielded"
    assert rig.vendor.thumbnail_time(rig.asset_id) == THEIRS_S


def test_one_that_is_set_between_two_attempts_is_kept(rig: PublisherRig) -> None:
    """An attempt that wrote nothing leaves no doubt whose it is."""
    rig.vendor.faults.plan(InjectedFault(status=503), count=3)
    assert rig.publish().state == "pending"
    rig.vendor.faults.clear()
    rig.vendor.choose(rig.asset_id, THEIRS_S)

    assert rig.publish().state == "yielded"
    assert rig.writes() == []


def test_one_that_is_set_after_a_lost_answer_is_kept(rig: PublisherRig) -> None:
    """What we sent and what they set are told apart by the time."""
    rig.vendor.faults.plan(InjectedFault(is_reply_lost=True), method="PATCH", count=3)
    assert rig.publish().state == "pending"
    rig.vendor.faults.clear()
    rig.vendor.choose(rig.asset_id, THEIRS_S)

    assert rig.publish().state == "yielded"
    assert rig.vendor.thumbnail_time(rig.asset_id) == THEIRS_S


def test_a_choice_between_our_question_and_our_write_stops_the_write(rig: PublisherRig) -> None:
    """The last thing before a write is to ask whether anything newer is wanted."""
    make = rig.publisher.platform_of

    def choosing_meanwhile(claim: object) -> object:
        platform = make(claim)  # type: ignore[arg-type]
        ask = platform.asset

        def asset(asset_id: str) -> object:
            answer = ask(asset_id)
            choose(rig, 3.0)
            return answer

        platform.asset = asset  # type: ignore[method-assign, assignment]
        return platform

    patient = rig.publisher
    rig.publisher = replace(patient, platform_of=choosing_meanwhile)  # type: ignore[arg-type]
    rig.publish()
    assert rig.writes() == []
    rig.publisher = patient

    assert rig.publish().state == "confirmed"
    assert rig.writes() == [3.0]


def test_two_people_alternate_and_the_last_one_wins(rig: PublisherRig) -> None:
    """Whatever is edited in between."""
    for minute, theirs_s in enumerate((5.0, 6.0, 8.0), start=1):
        choose(rig, float(minute))
        rig.publish()
        rig.vendor.choose(rig.asset_id, theirs_s)
        look(rig, minute=2 * minute)
        rig.publish()
        rig.pick(2.5, minute=2 * minute + 1)
        rig.publish()

        assert rig.vendor.thumbnail_time(rig.asset_id) == theirs_s


def test_one_of_a_former_life_is_forgotten(rig: PublisherRig) -> None:
    """What comes back after a delete is a new upload, which nobody has set a thumbnail for."""
    rig.vendor.choose(rig.asset_id, THEIRS_S)
    rig.publish()
    builders.record(rig.engine, builders.event(EventKind.DELETED, asset_id=rig.asset_id, minute=1))

    asset = builders.asset(rig.engine)
    assert (asset.foreign_thumbnail, asset.foreign_at) == (None, None)
    rig.vendor.choose(rig.asset_id, None)
    rig.pick(2.5, minute=2)
    choose(rig, 3.0)
    rig.vendor.choose(rig.asset_id, THEIRS_S)

    assert rig.publish().state == "yielded"  # what the choice may replace is what was known since
    assert rig.vendor.thumbnail_time(rig.asset_id) == THEIRS_S


@pytest.mark.parametrize("name", ["peertube", "vimeo"])
def test_where_the_platforms_own_looks_like_anybodys_only_the_first_pick_replaces_it(
    engine: Engine, tmp_path: Path, name: str
) -> None:
    """Neither says who made a picture; by its name or address ours is known, once it is written."""
    with ready_publisher_rig(engine, tmp_path, name) as rig:
        assert rig.publish().state == "confirmed"
        rig.pick(4.0, minute=1)
        assert rig.publish().state == "confirmed"

        rig.vendor.choose(rig.asset_id, THEIRS_S)
        rig.pick(5.0, minute=2)
        publication = rig.publish()

        assert publication.state == "yielded"
        assert rig.vendor.thumbnail_time(rig.asset_id) == THEIRS_S
    assert builders.asset(engine).foreign_thumbnail == publication.shown


@pytest.mark.parametrize(("name", "method"), [("peertube", "PUT"), ("vimeo", "PATCH")])
def test_a_lost_answer_does_not_make_our_own_picture_somebody_elses(
    engine: Engine, tmp_path: Path, name: str, method: str
) -> None:
    """Though it has an address that we were never told."""
    with ready_publisher_rig(engine, tmp_path, name) as rig:
        rig.publish()
        rig.pick(4.0, minute=1)
        rig.vendor.faults.plan(InjectedFault(is_reply_lost=True), method=method)
        assert rig.publish().state == "pending"

        assert rig.publish().state == "confirmed"
