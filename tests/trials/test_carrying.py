"""A test goes on when its video is looked at again, and what it found stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from tests.support.service import builders, chosen_asset
from tests.support.trials.tested_asset import (
    BEST_S,
    SECOND_S,
    THIRD_S,
    found,
    look_again,
    published,
    round_of,
    start,
    stop,
    trial_of,
    wanted_s,
)
from worker import jobs
from worker.admin.assets import operator
from worker.choices import ChoiceRequest
from worker.database import transaction
from worker.database.models import Asset
from worker.platforms.event import EventKind
from worker.review.cards import read_cards

if TYPE_CHECKING:
    from sqlalchemy import Engine

OTHER_PICKS_S = (THIRD_S, BEST_S)


def is_all_published(engine: Engine) -> bool:
    """Tell whether nothing newer is waited for."""
    asset = builders.asset(engine)
    return asset.published_generation == asset.generation and asset.unpublished_since is None


def avoid(engine: Engine, *ranges: str) -> None:
    """Ask for no picture of these parts."""
    with transaction(engine) as session:
        session.execute(update(Asset).values(options={"avoid": list(ranges)}))


def cards_s(engine: Engine) -> list[float | None]:
    """Return the moments of the pictures that the library shows."""
    with transaction(engine) as session:
        cards = read_cards(session, operator(), [1], "all", builders.NOON)
    return [card.shown.time_s for card in cards if card.shown is not None]


def test_a_run_of_the_same_content_carries_the_test_on(engine: Engine) -> None:
    """What is shown stays, though the run picked otherwise, and counts for its generation."""
    start(published(engine))
    look_again(engine, found(picks_s=OTHER_PICKS_S))

    assert chosen_asset.publish(engine) == BEST_S
    assert is_all_published(engine)
    round_of(engine)
    assert trial_of(engine).state == "running"


def test_a_look_that_finds_no_change_carries_the_test_on(engine: Engine) -> None:
    """Nothing is written anew."""
    start(published(engine))
    builders.record(engine, builders.event(EventKind.EDITED, minute=1))
    with transaction(engine) as session:
        jobs.complete_unchanged(session, builders.claimed(engine), str(BEST_S))

    round_of(engine)

    assert trial_of(engine).state == "running"
    assert is_all_published(engine)


def test_a_variant_of_an_earlier_run_can_win(engine: Engine) -> None:
    """Its write takes the place of the run's, and counts for it: nobody waits for another one."""
    start(published(engine))
    look_again(engine, found(picks_s=OTHER_PICKS_S))

    stop(engine, apply=1)

    assert chosen_asset.publish(engine) == SECOND_S
    assert is_all_published(engine)


def test_what_won_stays_through_later_runs_of_the_same_content(engine: Engine) -> None:
    """Also through one that finds no change."""
    start(published(engine))
    stop(engine, apply=1)
    look_again(engine, found(picks_s=OTHER_PICKS_S))

    assert chosen_asset.publish(engine) == SECOND_S
    assert is_all_published(engine)


def test_the_library_shows_what_is_kept(engine: Engine) -> None:
    """And the best pick, where a test changed nothing."""
    start(published(engine))
    look_again(engine, found(picks_s=OTHER_PICKS_S))
    assert cards_s(engine) == [BEST_S]

    stop(engine, apply=1)
    assert cards_s(engine) == [SECOND_S]

    stop(engine, apply=0)
    assert cards_s(engine) == [THIRD_S]


def test_after_a_test_that_changed_nothing_the_next_run_decides(engine: Engine) -> None:
    """As ever."""
    start(published(engine))
    stop(engine)
    look_again(engine, found(picks_s=OTHER_PICKS_S))

    assert wanted_s(engine) == THIRD_S


def test_other_content_shows_its_own_pick(engine: Engine) -> None:
    """Whatever won before."""
    start(published(engine))
    stop(engine, apply=1)
    look_again(engine, found("f2"))

    assert wanted_s(engine) == BEST_S


def test_a_choice_is_carried_before_any_test(engine: Engine) -> None:
    """A person's choice always wins."""
    start(published(engine))
    chosen_asset.choose(engine, ChoiceRequest(time_s=THIRD_S))
    look_again(engine, found())

    assert wanted_s(engine) == THIRD_S


def test_a_part_that_is_to_be_avoided_ends_the_test(engine: Engine) -> None:
    """Its picture is shown to nobody, and the run's own pick is."""
    start(published(engine))
    avoid(engine, "4-6")
    look_again(engine, found(picks_s=OTHER_PICKS_S))

    trial = trial_of(engine)
    assert (trial.outcome, wanted_s(engine)) == ("choice", THIRD_S)
    assert "is to be avoided" in trial.why


def test_what_won_gives_way_where_its_part_is_to_be_avoided(engine: Engine) -> None:
    """A person's word counts for more."""
    start(published(engine))
    stop(engine, apply=1)
    avoid(engine, "4-6")
    look_again(engine, found())

    assert wanted_s(engine) == BEST_S


def test_somebody_who_confirmed_the_picture_need_not_look_again(engine: Engine) -> None:
    """As it stays what is shown."""
    start(published(engine))
    with transaction(engine) as session:
        session.execute(update(Asset).values(reviewed_at=builders.NOON, reviewed_by="ada@host"))
    look_again(engine, found(picks_s=OTHER_PICKS_S))

    assert builders.asset(engine).reviewed_by == "ada@host"
