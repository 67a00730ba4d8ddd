"""The list of tests: those that run, then those that ended last, of the accounts that one may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.review import shelf, tested
from tests.support.review.decided import somebody
from tests.support.review.statements import counted
from worker.database import transaction
from worker.database.states import Role, TrialOutcome
from worker.review.trials.listing import WantedTests, read_tests

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from worker.people.roles import Actor
    from worker.review.trials.listing import TestsPage


def page(engine: Engine, actor: Actor, most: int = 10, **wanted: str) -> TestsPage:
    """Read a page of the list."""
    with transaction(engine) as session:
        return read_tests(session, actor, WantedTests.read(wanted), most)


def titles(found: TestsPage) -> list[str]:
    """List the videos of a page."""
    return [row.asset.title for row in found.rows]


@pytest.fixture
def four(engine: Engine) -> list[str]:
    """Store two tests that run and two that ended; return the videos in the order of the list."""
    for title, values in (
        ("won", {"outcome": TrialOutcome.WINNER, "winner": 1, "why": tested.SAID}),
        ("first", {}),
        ("stopped", {"outcome": TrialOutcome.STOPPED}),
        ("second", {}),
    ):
        (asset_id,) = shelf.add(engine, title)
        tested.add_test(engine, asset_id, **values)
    return ["second", "first", "stopped", "won"]


def test_pages_of_any_size_make_up_the_whole_list(engine: Engine, four: list[str]) -> None:
    """Also where a page ends between those that run and those that ended."""
    for most in (1, 2, 3, 4):
        found, after = [], ""
        while True:
            part = page(engine, somebody(), most, after=after)
            found += titles(part)
            if part.next is None:
                break
            after = part.next
        assert found == four, most


def test_a_state_and_an_account_narrow_it(engine: Engine, four: list[str]) -> None:
    """An account of others is as if it had none."""
    (other,) = shelf.add(engine, "of others", account="other")
    tested.add_test(engine, other)
    bound = somebody(where=("mux", "main"), role=Role.VIEWER)

    assert titles(page(engine, somebody(), state="running")) == ["of others", "second", "first"]
    assert titles(page(engine, somebody(), state="ended")) == ["stopped", "won"]
    assert titles(page(engine, somebody(), account="mux/other")) == ["of others"]
    assert titles(page(engine, bound)) == four
    assert titles(page(engine, bound, account="mux/other")) == []


def test_a_test_says_what_was_found_last_or_why_it_ended(engine: Engine) -> None:
    """As a sentence."""
    one, two, three = shelf.add(engine, "one", "two", "three")
    runs = tested.add_test(engine, one)
    tested.add_look(engine, runs, "counting: 9 of 100 plays for the first picture")
    tested.add_look(engine, runs, tested.COUNTING)
    tested.add_test(engine, two, outcome=TrialOutcome.WINNER, why=tested.SAID)
    tested.add_test(engine, three)

    assert {row.asset.title: row.said for row in page(engine, somebody()).rows} == {
        "one": "Counting: 61 of 100 plays for the first picture.",
        "two": "The second picture is better: +18 % plays, surely between +6 % and +31 %.",
        "three": "It has begun, and nothing is known yet.",
    }


def test_a_page_costs_the_same_statements_however_much_is_on_it(engine: Engine, four: list[str]) -> None:
    """So the list of a thousand tests is as quick."""
    with counted(engine) as few:
        page(engine, somebody(), 1)
    with counted(engine) as many:
        assert titles(page(engine, somebody())) == four

    assert len(few) <= len(many) <= 6


@pytest.mark.parametrize("after", ["running-", "ended-x", "other-3", "7", "running-99999999999999999999"])
def test_a_place_that_makes_no_sense_is_the_beginning(engine: Engine, four: list[str], after: str) -> None:
    """People change addresses by hand."""
    assert titles(page(engine, somebody(), after=after)) == four
