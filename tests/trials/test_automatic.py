"""TESTS=auto: tests start by themselves where they promise a verdict; else the video says why none did."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.support.service import builders
from tests.support.trials.tested_asset import count, found, let_pass, make_settings, stop, trial_of
from worker import jobs
from worker.database import transaction
from worker.database.models import Asset
from worker.database.trials import Trial
from worker.trials.accounts.automatic import begin_tests

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from worker.settings import Settings

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AUTO = make_settings(tests="auto")


def completed(engine: Engine, asset_id: str, **values: Any) -> None:
    """Let a video be looked at."""
    builders.record(engine, builders.event(asset_id=asset_id))
    with transaction(engine) as session:
        jobs.complete(session, builders.claimed(engine), found(**values))


def begin(engine: Engine, settings: Settings = AUTO) -> int:
    """Do the dispatcher's round."""
    return begin_tests(engine, settings, HOUR, 10.0)


def why_not(engine: Engine) -> list[str | None]:
    """Return why each video was not tested."""
    return [asset.untested_because for asset in builders.every(engine, Asset)]


def measured(engine: Engine, daily: int) -> None:
    """Let a first test count so many impressions on its only day."""
    completed(engine, "pilot")
    begin(engine)
    count(engine, trial_of(engine), impressions=daily // 2)
    let_pass(engine, DAY)


def test_an_account_that_was_never_measured_gets_one_test(engine: Engine) -> None:
    """It says how often its videos are seen; the others wait."""
    for asset_id in ("a1", "a2"):
        completed(engine, asset_id)

    assert begin(engine) == 1

    assert why_not(engine) == [
        None,
        "how often videos of mux/main are seen is being measured by another test",
    ]
    assert builders.only(engine, Trial).started_by == "TESTS=auto"
    assert begin(engine) == 0


def test_a_video_that_is_seen_often_enough_is_tested(engine: Engine) -> None:
    """Telling 20 % apart needs 65,000 impressions, of which 28 days show 84,000."""
    measured(engine, daily=3000)
    completed(engine, "a2")

    assert begin(engine) == 1
    assert why_not(engine) == [None, None]


def test_a_video_that_is_seen_too_seldom_says_so_in_numbers(engine: Engine) -> None:
    """And no test is begun that cannot end well."""
    measured(engine, daily=600)
    completed(engine, "a2")

    assert begin(engine) == 0
    assert why_not(engine)[1] == (
        "videos of mux/main are seen too seldom: telling 20 % apart needs about 65,000 impressions; at 600 a"
        " day (its account's videos on average) that is 109 days, and a test ends after 28"
    )


def test_a_video_whose_picks_are_too_like_says_so(engine: Engine) -> None:
    """With what helps."""
    completed(engine, "a1", picks_s=(1.0,))

    assert begin(engine) == 0
    (why,) = why_not(engine)
    assert why is not None
    assert why.startswith("2 pictures that differ are needed")


def test_people_decide_where_tests_are_manual(engine: Engine) -> None:
    """That is the default, and an account may differ from the others."""
    completed(engine, "a1")

    assert begin(engine, make_settings()) == 0
    assert begin(engine, make_settings({"tests": "manual"}, tests="auto")) == 0
    assert why_not(engine) == [None]
    assert begin(engine, make_settings({"tests": "auto"})) == 1


def test_a_video_is_tested_by_itself_once(engine: Engine) -> None:
    """Whatever came of it."""
    completed(engine, "a1")
    begin(engine)
    stop(engine)

    assert begin(engine) == 0


def test_what_was_completed_long_ago_is_left_alone(engine: Engine) -> None:
    """Only new videos are tested by themselves."""
    completed(engine, "a1")

    assert begin_tests(engine, AUTO, timedelta(0), 10.0) == 0
    assert why_not(engine) == [None]


def test_a_video_that_another_program_holds_is_left_for_the_next_round(engine: Engine) -> None:
    """Nobody waits."""
    completed(engine, "a1")
    with transaction(engine) as session:
        session.get_one(Asset, 1, with_for_update=True)

        assert begin(engine) == 0
    assert begin(engine) == 1
