"""A thumbnail that somebody set at the platform is neither overwritten nor forgotten."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.service import builders
from tests.support.service.publisher_rig import PICKED_S, Bench, ready_bench
from worker import choices
from worker.choices import ChoiceRequest
from worker.database import transaction
from worker.database.models import Asset
from worker.demo.simulator import Fault
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

THEIRS_S = 7.0


@pytest.fixture
def bench(engine: Engine, tmp_path: Path) -> Iterator[Bench]:
    """Return a publisher, ready for the pick of one video."""
    with ready_bench(engine, tmp_path) as bench:
        yield bench


def look(bench: Bench, minute: int) -> None:
    """Look at the asset after an update, as the analyze worker does."""
    builders.record(bench.engine, builders.event(EventKind.UPDATED, asset_id=bench.asset_id, minute=minute))
    claim = builders.claimed(bench.engine)
    shown_s = bench.vendor.thumbnail_time(bench.asset_id)
    with transaction(bench.engine) as session:
        builders.jobs.complete_unchanged(session, claim, None if shown_s is None else str(shown_s))


def choose(bench: Bench, time_s: float) -> None:
    """Choose with us, not at the platform."""
    with transaction(bench.engine) as session:
        asset = session.get_one(Asset, builders.asset(bench.engine).id, with_for_update=True)
        choices.choose(session, asset, ChoiceRequest(time_s=time_s), "ada@host", "")


def test_it_is_noted(bench: Bench) -> None:
    """On the asset, with the time; and in the publication that gave way."""
    bench.vendor.choose(bench.asset_id, THEIRS_S)

    publication = bench.publish()

    assert (publication.state, publication.shown) == ("yielded", str(THEIRS_S))
    asset = builders.asset(bench.engine)
    assert (asset.foreign_thumbnail, asset.written) == (str(THEIRS_S), None)
    assert asset.foreign_at is not None


def test_one_that_is_set_over_ours_is_noted_with_the_next_look(bench: Bench) -> None:
    """The platform tells of the update; nothing is written."""
    bench.publish()
    bench.vendor.choose(bench.asset_id, THEIRS_S)
    look(bench, minute=1)

    assert bench.publish().state == "yielded"
    assert builders.asset(bench.engine).foreign_thumbnail == str(THEIRS_S)
    assert bench.writes() == [PICKED_S]


def test_when_it_is_removed_ours_is_shown_with_the_next_look(bench: Bench) -> None:
    """And nothing foreign is noted any more."""
    bench.vendor.choose(bench.asset_id, THEIRS_S)
    bench.publish()
    bench.vendor.choose(bench.asset_id, None)
    look(bench, minute=1)

    assert bench.publish().state == "confirmed"
    assert bench.vendor.thumbnail_time(bench.asset_id) == PICKED_S
    assert builders.asset(bench.engine).foreign_thumbnail is None


def test_an_operator_may_have_it_replaced(bench: Bench) -> None:
    """FOREIGN_THUMBNAIL=replace."""
    bench.vendor.choose(bench.asset_id, THEIRS_S)
    settings = bench.publisher.settings.model_copy(update={"foreign_thumbnail": "replace"})
    bench.publisher = replace(bench.publisher, settings=settings)

    assert bench.publish().state == "confirmed"
    assert bench.vendor.thumbnail_time(bench.asset_id) == PICKED_S


def test_a_choice_replaces_the_one_that_was_known(bench: Bench) -> None:
    """Who chooses could see it in `thumbs show`."""
    bench.vendor.choose(bench.asset_id, THEIRS_S)
    bench.publish()
    choose(bench, 3.0)

    assert bench.publish().state == "confirmed"
    assert bench.vendor.thumbnail_time(bench.asset_id) == 3.0


def test_a_choice_does_not_replace_one_that_came_later(bench: Bench) -> None:
    """Neither before it was written, nor afterwards."""
    bench.publish()
    choose(bench, 3.0)
    bench.vendor.choose(bench.asset_id, THEIRS_S)
    assert bench.publish().state == "yielded"

    choose(bench, 4.0)
    assert bench.publish().state == "confirmed"
    bench.vendor.choose(bench.asset_id, THEIRS_S)
    bench.pick(2.5, minute=1)

    assert bench.publish().state == "yielded"
    assert bench.vendor.thumbnail_time(bench.asset_id) == THEIRS_S


def test_one_that_is_set_between_two_attempts_is_kept(bench: Bench) -> None:
    """An attempt that wrote nothing leaves no doubt whose it is."""
    bench.vendor.faults.plan(Fault(status=503), count=3)
    assert bench.publish().state == "pending"
    bench.vendor.faults.clear()
    bench.vendor.choose(bench.asset_id, THEIRS_S)

    assert bench.publish().state == "yielded"
    assert bench.writes() == []


def test_one_that_is_set_after_a_lost_answer_is_kept(bench: Bench) -> None:
    """What we sent and what they set are told apart by the time."""
    bench.vendor.faults.plan(Fault(is_reply_lost=True), method="PATCH", count=3)
    assert bench.publish().state == "pending"
    bench.vendor.faults.clear()
    bench.vendor.choose(bench.asset_id, THEIRS_S)

    assert bench.publish().state == "yielded"
    assert bench.vendor.thumbnail_time(bench.asset_id) == THEIRS_S


def test_a_choice_between_our_question_and_our_write_stops_the_write(bench: Bench) -> None:
    """The last thing before a write is to ask whether anything newer is wanted."""
    make = bench.publisher.platform_of

    def choosing_meanwhile(claim: object) -> object:
        platform = make(claim)  # type: ignore[arg-type]
        ask = platform.asset

        def asset(asset_id: str) -> object:
            answer = ask(asset_id)
            choose(bench, 3.0)
            return answer

        platform.asset = asset  # type: ignore[method-assign, assignment]
        return platform

    patient = bench.publisher
    bench.publisher = replace(patient, platform_of=choosing_meanwhile)  # type: ignore[arg-type]
    bench.publish()
    assert bench.writes() == []
    bench.publisher = patient

    assert bench.publish().state == "confirmed"
    assert bench.writes() == [3.0]


def test_two_people_alternate_and_the_last_one_wins(bench: Bench) -> None:
    """Whatever is edited in between."""
    for minute, theirs_s in enumerate((5.0, 6.0, 8.0), start=1):
        choose(bench, float(minute))
        bench.publish()
        bench.vendor.choose(bench.asset_id, theirs_s)
        look(bench, minute=2 * minute)
        bench.publish()
        bench.pick(2.5, minute=2 * minute + 1)
        bench.publish()

        assert bench.vendor.thumbnail_time(bench.asset_id) == theirs_s


def test_one_of_a_former_life_is_forgotten(bench: Bench) -> None:
    """What comes back after a delete is a new upload, which nobody has set a thumbnail for."""
    bench.vendor.choose(bench.asset_id, THEIRS_S)
    bench.publish()
    builders.record(bench.engine, builders.event(EventKind.DELETED, asset_id=bench.asset_id, minute=1))

    asset = builders.asset(bench.engine)
    assert (asset.foreign_thumbnail, asset.foreign_at) == (None, None)
    bench.vendor.choose(bench.asset_id, None)
    bench.pick(2.5, minute=2)
    choose(bench, 3.0)
    bench.vendor.choose(bench.asset_id, THEIRS_S)

    assert bench.publish().state == "yielded"  # what the choice may replace is what was known since
    assert bench.vendor.thumbnail_time(bench.asset_id) == THEIRS_S


def test_where_the_platforms_own_looks_like_anybodys_only_the_first_pick_replaces_it(
    engine: Engine, tmp_path: Path
) -> None:
    """Vimeo does not say who made a picture; by its address ours is known, once it is written."""
    with ready_bench(engine, tmp_path, "vimeo") as bench:
        assert bench.publish().state == "confirmed"
        bench.pick(4.0, minute=1)
        assert bench.publish().state == "confirmed"

        bench.vendor.choose(bench.asset_id, THEIRS_S)
        bench.pick(5.0, minute=2)
        publication = bench.publish()

        assert publication.state == "yielded"
        assert bench.vendor.thumbnail_time(bench.asset_id) == THEIRS_S
    assert builders.asset(engine).foreign_thumbnail == publication.shown


def test_a_lost_answer_does_not_make_our_own_picture_somebody_elses(engine: Engine, tmp_path: Path) -> None:
    """Though it has an address that we were never told."""
    with ready_bench(engine, tmp_path, "vimeo") as bench:
        bench.publish()
        bench.pick(4.0, minute=1)
        bench.vendor.faults.plan(Fault(is_reply_lost=True), method="PATCH")
        assert bench.publish().state == "pending"

        assert bench.publish().state == "confirmed"
