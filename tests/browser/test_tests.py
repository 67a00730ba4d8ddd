"""A person starts a test of pictures, looks at it, and stops it; and the pages of tests are for everybody."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from tests.browser.test_accessibility import lost_stops, objections
from tests.support.review import shelf, tested
from tests.support.review.stored_videos import Seed, store
from tests.support.service import builders
from tests.support.trials import day_test
from worker.database import transaction
from worker.database.choices import Choice
from worker.database.models import Thumbnail
from worker.database.states import HeadState, Role, TrialOutcome, TrialState
from worker.database.trials import Trial

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.browser.conftest import People

#: Its picks lie far enough apart to be told apart.
BICYCLES = Seed("Bicycles", count=30, length_s=60.0)


def test_the_question_before_a_test(engine: Engine, signed_in: People) -> None:
    """Which one answers by the keyboard as well."""
    visit = signed_in()
    visit.open(f"/a/{store(engine, BICYCLES)}/test")

    expect(visit.page.get_by_role("button", name="Start the test")).to_be_visible()
    assert objections(visit) == []
    assert lost_stops(visit) == []


@pytest.mark.parametrize("outcome", [None, TrialOutcome.WINNER])
def test_a_test_of_pictures(engine: Engine, signed_in: People, outcome: TrialOutcome | None) -> None:
    """With all that there is to see of one, while it runs and when it is over."""
    asset_id = store(engine, BICYCLES)
    ended = {"outcome": outcome, "winner": 1, "why": tested.SAID} if outcome else {}
    trial_id = tested.add_test(engine, asset_id, **ended)
    for _ in range(2):
        tested.add_look(engine, trial_id, numbers=tested.numbers(need={"impressions": 65_000, "days": 108}))
    tested.add_days(engine, trial_id, (400, 420), days=9)
    visit = signed_in()
    visit.open(f"/t/{trial_id}")

    assert objections(visit) == []
    assert lost_stops(visit) == []


def test_the_list_of_tests(engine: Engine, signed_in: People) -> None:
    """With one that runs, one that was not shown as drawn, and none."""
    visit = signed_in()
    visit.open("/tests")
    assert objections(visit) == []
    asset_id = store(engine, BICYCLES)
    tested.add_test(engine, asset_id)
    tested.add_test(engine, asset_id, outcome=TrialOutcome.BROKEN, why="a cache? " * 12)
    visit.open("/tests")

    assert objections(visit) == []
    assert lost_stops(visit) == []


def test_what_was_learned(engine: Engine, signed_in: People) -> None:
    """With a table that is wider than a phone."""
    tested.add_head(engine, HeadState.SHIPPED)
    tested.add_head(engine)
    visit = signed_in(role=Role.OPERATOR)
    visit.open("/heads")

    assert objections(visit) == []
    assert lost_stops(visit) == []


@pytest.mark.parametrize("has_script", [True, False])
def test_a_test_is_started_and_stopped(engine: Engine, signed_in: People, has_script: bool) -> None:
    """By the key T where there is JavaScript, and by plain forms where there is none."""
    visit = signed_in(has_script=has_script)
    page = visit.page
    visit.open(f"/a/{store(engine, BICYCLES)}")
    if has_script:
        page.keyboard.press("t")
    else:
        page.get_by_role("link", name="Start a test").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Start a test of Bicycles")

    visit.press_on(page.get_by_role("button", name="Start the test"))
    expect(page.get_by_role("status").first).to_contain_text("The test is started")
    expect(page.get_by_role("region", name="What is known")).to_contain_text("Running")
    expect(page.get_by_role("button", name="Show the second picture from now on")).to_be_visible()

    visit.press_on(page.get_by_role("button", name="Stop the test"))
    expect(page.get_by_role("region", name="What is known")).to_contain_text("Stopped")
    assert [one.state for one in builders.every(engine, Trial)] == [TrialState.ENDED]


def test_a_test_by_days_is_started_and_its_days_are_drawn(engine: Engine, signed_in: People) -> None:
    """With what it can find before one's eyes; each picture has half of the days."""
    visit = signed_in()
    page = visit.page
    visit.open(f"/a/{store(engine, BICYCLES)}/test")
    page.get_by_text("One a day finds large differences only").click()
    expect(page.get_by_role("row", name="+50 %")).to_contain_text("95 %")
    assert objections(visit) == []

    page.get_by_label("The platform shows one a day").check()
    visit.press_on(page.get_by_role("button", name="Start the test"))

    expect(page.get_by_role("status").first).to_contain_text("its first day begins at the next midnight")
    assert Counter(one.variant for one in day_test.slots(engine)) == {0: 14, 1: 14}


def test_a_choice_is_tested_against_the_best_pick(engine: Engine, signed_in: People) -> None:
    """From the page of the video on; the choice is released for it."""
    asset_id = store(engine, BICYCLES)
    with transaction(engine) as session:
        second = session.scalars(select(Thumbnail.id).where(Thumbnail.rank == 2)).first()
    shelf.choose(engine, asset_id, second)
    visit = signed_in()
    visit.open(f"/a/{asset_id}")
    visit.page.get_by_role("link", name="Test the choice against the best pick").click()
    expect(visit.page.get_by_text("The first picture was chosen by a person")).to_be_visible()
    assert objections(visit) == []

    visit.press_on(visit.page.get_by_role("button", name="Start the test"))

    expect(visit.page.get_by_role("status").first).to_contain_text("The test is started")
    (choice,) = builders.every(engine, Choice)
    assert choice.released_because == "released into a test"


def test_the_key_leads_to_the_test_that_runs(engine: Engine, signed_in: People) -> None:
    """And the library says which videos are tested."""
    asset_id = store(engine, BICYCLES)
    trial_id = tested.add_test(engine, asset_id)
    visit = signed_in()
    visit.open("/")
    expect(visit.page.get_by_text("Being tested")).to_be_visible()

    visit.open(f"/a/{asset_id}")
    visit.page.keyboard.press("t")

    expect(visit.page).to_have_url(f"{visit.origin}/t/{trial_id}")
