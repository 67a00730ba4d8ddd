"""What a test, or a person after it, decides to show is asked for, whatever became of the write before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, update

from tests.support.service import builders
from tests.support.trials import day_test
from tests.support.trials.tested_asset import BEST_S, SECOND_S, end, published, start, stop, wanted_s
from worker.database import transaction
from worker.database.models import Asset, Publication
from worker.database.states import PublicationState, TrialOutcome
from worker.database.trials import Trial
from worker.trials import stopping
from worker.trials.refused import TrialRefused

if TYPE_CHECKING:
    from sqlalchemy import Engine

CAME_TO_NOTHING = (PublicationState.FAILED, PublicationState.SUPERSEDED, PublicationState.YIELDED)


def let_newest_write(engine: Engine, state: PublicationState) -> None:
    """Let the newest write end so."""
    newest = select(func.max(Publication.id)).scalar_subquery()
    with transaction(engine) as session:
        session.execute(update(Publication).where(Publication.id == newest).values(state=state))


@pytest.mark.parametrize("state", CAME_TO_NOTHING)
def test_a_variant_whose_write_came_to_nothing_can_be_shown_again(
    engine: Engine, state: PublicationState
) -> None:
    """Who asks for it once more is not told that it is shown already."""
    start(published(engine))
    stop(engine, apply=1)
    let_newest_write(engine, state)

    stop(engine, apply=1)

    assert builders.publication_states(engine)[-1] == "pending"
    assert wanted_s(engine) == SECOND_S


def test_a_winner_arrives_though_its_last_day_could_not_be_written(engine: Engine) -> None:
    """The newest write of a test by days may be of the winner already, and have failed."""
    day_test.begun(engine)
    day_test.come_to(engine, 0)
    day_test.turn_due(engine)  # the first day's picture is variant 1
    let_newest_write(engine, PublicationState.FAILED)

    end(engine, TrialOutcome.WINNER, 1)

    assert builders.publication_states(engine) == ["confirmed", "failed", "pending"]


def test_a_write_that_was_called_off_stays_so_after_a_test_that_changes_nothing(engine: Engine) -> None:
    """An operator wanted it so, and the test decided nothing else."""
    start(published(engine))
    let_newest_write(engine, PublicationState.SUPERSEDED)

    end(engine, TrialOutcome.UNDECIDED)

    assert builders.publication_states(engine) == ["superseded"]


def test_a_variant_of_an_older_test_waits_for_the_one_that_runs(engine: Engine) -> None:
    """Otherwise that one would undo it at its end, and compare something else until then."""
    older = start(published(engine))
    stop(engine)
    start(engine)

    with transaction(engine) as session:
        session.get_one(Asset, 1, with_for_update=True)
        trial = session.get_one(Trial, older.id)
        with pytest.raises(TrialRefused, match="stop that one first"):
            stopping.stop(session, trial, "bob@host", "", apply=1)
    assert wanted_s(engine) == BEST_S
