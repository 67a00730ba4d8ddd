"""Where a chosen moment is after an edit, a delete or a pruning, and what is shown if it is nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete

from tests.support.service import builders
from tests.support.service.chosen_asset import CHOSEN_S, after_edit, choose, edit, pick, publish, release
from worker.choices import ChoiceRequest
from worker.database import transaction
from worker.database.choices import Choice
from worker.database.models import Thumbnail
from worker.platforms.event import EventKind
from worker.timeline import Range, Timeline

if TYPE_CHECKING:
    from sqlalchemy import Engine


@pytest.fixture
def picked(engine: Engine) -> Engine:
    """Return a database with one asset, whose best pick at 1.5 s is published."""
    return pick(engine)


def test_a_choice_moves_with_its_moment(picked: Engine) -> None:
    """The edit cut ten seconds off the beginning."""
    choose(picked)

    choice = after_edit(picked, Timeline.of([Range(10.0, 40.0)]))

    assert choice.time_s == pytest.approx(2.4)
    assert publish(picked) == pytest.approx(2.4)
    assert choice.note == "00:12.400 is at 00:02.400 since an edit"


def test_a_choice_that_was_cut_away_is_lost_and_kept_on_record(picked: Engine) -> None:
    """The best pick is published, now and after the next edit, until somebody chooses again."""
    choose(picked)

    choice = after_edit(picked, Timeline.of([Range(0.0, 10.0)]))

    assert choice.lost_at is not None
    assert (choice.time_s, choice.released_at) == (CHOSEN_S, None)
    assert choice.note == "00:12.400 was cut away by an edit"
    assert publish(picked) == 2.5
    edit(picked, 2, "f3", time_s=3.5)
    assert publish(picked) == 3.5
    edit(picked, 3, "f3", time_s=4.5)  # the same content, looked at again
    assert publish(picked) == 4.5
    choose(picked, ChoiceRequest(time_s=1.0))
    assert publish(picked) == 1.0


def test_an_asset_whose_choice_was_lost_is_found_until_it_is_released(picked: Engine) -> None:
    """People have to look what to show in its place; runs in between change nothing."""
    choose(picked)
    assert not builders.asset(picked).has_lost_choice
    after_edit(picked, Timeline.of([Range(0.0, 10.0)]))
    assert builders.asset(picked).has_lost_choice
    edit(picked, 2, "f3")
    assert builders.asset(picked).has_lost_choice

    release(picked)

    assert not builders.asset(picked).has_lost_choice


def test_a_new_choice_takes_the_place_of_a_lost_one(picked: Engine) -> None:
    """Nothing is left to look at."""
    choose(picked)
    after_edit(picked, Timeline.of([Range(0.0, 10.0)]))

    choose(picked, ChoiceRequest(time_s=1.0))

    assert not builders.asset(picked).has_lost_choice


def test_an_edit_that_says_nothing_keeps_a_moment_that_is_still_there(picked: Engine) -> None:
    """The record says that nobody knows better."""
    choose(picked)

    choice = after_edit(picked, None, duration_s=20.0)

    assert publish(picked) == CHOSEN_S
    assert choice.note == "00:12.400 is still within the video; what an edit did is not known"


def test_an_edit_that_says_nothing_loses_a_moment_beyond_the_end(picked: Engine) -> None:
    """There is nothing to show at that time."""
    choose(picked)

    choice = after_edit(picked, None, duration_s=10.0)

    assert choice.lost_at is not None
    assert publish(picked) == 2.5


def test_a_choice_shows_a_picture_of_the_new_content(picked: Engine) -> None:
    """Not the one that was stored before the edit."""
    choose(picked)
    before = builders.only(picked, Choice).thumbnail_id

    assert after_edit(picked, None, duration_s=20.0).thumbnail_id != before


def test_a_look_that_finds_the_same_content_keeps_the_choice(picked: Engine) -> None:
    """Nothing is written again."""
    choose(picked)
    publish(picked)
    builders.record(picked, builders.event(minute=1))
    claim = builders.claimed(picked)
    with transaction(picked) as session:
        builders.jobs.complete_unchanged(session, claim, str(CHOSEN_S))

    assert builders.publication_states(picked) == ["confirmed", "confirmed"]
    assert builders.only(picked, Choice).generation == builders.asset(picked).generation == 2


def test_a_choice_for_a_deleted_asset_waits_for_its_return(picked: Engine) -> None:
    """A restored asset shows what was chosen."""
    choose(picked)
    builders.record(picked, builders.event(EventKind.DELETED, minute=5))
    assert builders.publication_states(picked) == ["confirmed", "superseded"]

    builders.record(picked, builders.event(minute=9))
    builders.completed(picked, "f2")

    assert publish(picked) == CHOSEN_S


def test_pictures_that_were_pruned_are_missed_by_nobody(picked: Engine) -> None:
    """The choice is published with the next run's."""
    choose(picked)
    with transaction(picked) as session:
        session.execute(delete(Thumbnail))
    edit(picked, 1, "f2")

    assert publish(picked) == CHOSEN_S
