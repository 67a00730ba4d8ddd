"""What tests left standing stays through later runs of the same content, whichever variant it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from tests.support.service import builders, chosen_asset
from tests.support.trials.tested_asset import (
    BEST_S,
    SECOND_S,
    THIRD_S,
    end,
    found,
    look_again,
    make_settings,
    published,
    start,
    stop,
    wanted_s,
)
from worker.admin.assets import operator
from worker.admin.choose import release_choice, release_sentence
from worker.choices import ChoiceRequest
from worker.database import transaction
from worker.database.models import Asset, Thumbnail
from worker.database.states import TrialOutcome
from worker.trials import kept_id, starting

if TYPE_CHECKING:
    from sqlalchemy import Engine

OTHER_PICKS_S = (THIRD_S, BEST_S)


def kept_s(engine: Engine) -> float | None:
    """Return the moment of what lists show because of a test."""
    with transaction(engine) as session:
        kept = select(Thumbnail.time_s).join(Asset).where(Thumbnail.id == kept_id())
        return session.scalar(kept)


@pytest.mark.parametrize(("outcome", "winner"), [("winner", 0), ("alike", None), ("undecided", None)])
def test_a_choice_that_was_tested_stays(engine: Engine, outcome: str, winner: int | None) -> None:
    """Nobody gave it up for the best pick, which may just have been proved worse."""
    published(engine)
    chosen_asset.choose(engine, ChoiceRequest(time_s=THIRD_S))
    chosen_asset.publish(engine)
    start(engine, from_choice=True)
    end(engine, TrialOutcome(outcome), winner)

    look_again(engine, found())

    assert wanted_s(engine) == kept_s(engine) == THIRD_S


def test_what_was_shown_before_a_test_stays_where_it_won(engine: Engine) -> None:
    """Viewers preferred it, as they would have preferred another one."""
    start(published(engine))
    end(engine, TrialOutcome.WINNER, 0)

    look_again(engine, found(picks_s=OTHER_PICKS_S))

    assert wanted_s(engine) == kept_s(engine) == BEST_S


def test_what_an_earlier_test_found_stays_after_one_that_found_nothing(engine: Engine) -> None:
    """It was variant 0 of the second one, and is still better than the best pick."""
    start(published(engine))
    end(engine, TrialOutcome.WINNER, 1)
    start(engine)
    end(engine, TrialOutcome.UNDECIDED)

    look_again(engine, found())

    assert wanted_s(engine) == kept_s(engine) == SECOND_S


def test_the_next_test_begins_from_a_choice_that_was_tested(engine: Engine) -> None:
    """It is what viewers see, and so what is shown without the test."""
    published(engine)
    chosen_asset.choose(engine, ChoiceRequest(time_s=THIRD_S))
    start(engine, from_choice=True)
    stop(engine)

    with transaction(engine) as session:
        asset = session.get_one(Asset, builders.asset(engine).id)
        pictures = starting.variants_for(session, asset, make_settings())

    assert [one.time_s for one in pictures] == [THIRD_S, BEST_S]


def test_what_a_test_found_is_shown_again_after_a_choice(engine: Engine) -> None:
    """Who chooses by mistake, and takes it back, has undone no test; and so it stays."""
    start(published(engine))
    end(engine, TrialOutcome.WINNER, 1)
    chosen_asset.publish(engine)
    chosen_asset.choose(engine, ChoiceRequest(time_s=THIRD_S))
    chosen_asset.publish(engine)

    decision = release_choice(engine, "a1", operator(), "")

    assert release_sentence(decision) == "released; 00:05.000 is the thumbnail again, kept by its test"
    assert wanted_s(engine) == SECOND_S
    look_again(engine, found())
    assert wanted_s(engine) == SECOND_S


def test_the_best_pick_is_shown_again_after_a_choice_where_no_test_found_another(engine: Engine) -> None:
    """As ever."""
    start(published(engine))
    end(engine, TrialOutcome.UNDECIDED)
    chosen_asset.choose(engine, ChoiceRequest(time_s=THIRD_S))

    release_choice(engine, "a1", operator(), "")

    assert wanted_s(engine) == BEST_S
