"""Putting a learned head into use, and taking it back, takes an operator of all accounts and a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.review import tested
from tests.support.review.decided import somebody
from tests.support.service import builders
from worker.admin.find import NotFound
from worker.database.learning import Head
from worker.database.people import AuditEntry
from worker.database.states import HeadState, Role
from worker.people.roles import NotAllowed
from worker.review.trials import head_acts
from worker.review.trials.head_acts import HeadConflict, NoReason

if TYPE_CHECKING:
    from sqlalchemy import Engine

OPERATOR = somebody(role=Role.OPERATOR)


def states(engine: Engine) -> list[str]:
    """List the states of all heads, in order of their ids."""
    return [one.state for one in sorted(builders.every(engine, Head), key=lambda head: head.id)]


def test_a_head_that_passed_takes_the_place_of_the_one_in_use(engine: Engine) -> None:
    """With a row of the audit, which keeps the reason; a form that was sent twice does it once."""
    before = tested.add_head(engine, HeadState.SHIPPED)
    head_id = tested.add_head(engine, report={**tested.REPORT, "against": before})

    head_acts.ship(engine, OPERATOR, head_id, "proved on 408 videos")
    head_acts.ship(engine, OPERATOR, head_id, "proved on 408 videos")

    assert states(engine) == [HeadState.RETIRED, HeadState.SHIPPED]
    (entry,) = builders.every(engine, AuditEntry)
    assert (entry.act, entry.detail) == ("ship-head", {"head": head_id, "why": "proved on 408 videos"})


def test_a_head_is_rolled_back(engine: Engine) -> None:
    """Once; then the page was out of date."""
    head_id = tested.add_head(engine, HeadState.SHIPPED)

    head_acts.roll_back(engine, OPERATOR, head_id, "the faces got worse")

    assert states(engine) == [HeadState.RETIRED]
    with pytest.raises(HeadConflict, match="out of use"):
        head_acts.roll_back(engine, OPERATOR, head_id, "again")


@pytest.mark.parametrize("state", [HeadState.CANDIDATE, HeadState.REFUSED, HeadState.RETIRED])
def test_only_what_passed_can_be_shipped(engine: Engine, state: HeadState) -> None:
    """The message says how it stands."""
    head_id = tested.add_head(engine, state)

    with pytest.raises(HeadConflict):
        head_acts.ship(engine, OPERATOR, head_id, "why not")
    assert states(engine) == [state]


def test_it_takes_an_operator_of_all_accounts_and_a_reason(engine: Engine) -> None:
    """An operator of one account changes what all videos are picked with as little as an editor."""
    head_id = tested.add_head(engine)
    of_one = somebody(role=Role.OPERATOR, where=("mux", "main"))

    for who in (somebody(), of_one):
        with pytest.raises(NotAllowed, match="operator"):
            head_acts.ship(engine, who, head_id, "a reason")
    with pytest.raises(NoReason, match="why"):
        head_acts.ship(engine, OPERATOR, head_id, "")
    with pytest.raises(NotFound):
        head_acts.ship(engine, OPERATOR, head_id + 1, "a reason")
    assert states(engine) == [HeadState.PASSED]
