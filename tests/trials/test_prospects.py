"""What is said of a test before it starts, in numbers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.service import builders
from tests.support.trials.tested_asset import count, let_pass, make_settings, published, start, stop
from worker.database import transaction
from worker.database.models import Asset
from worker.trials.accounts.traffic import Traffic
from worker.trials.prospects import Prospect, expected, prospect

if TYPE_CHECKING:
    from sqlalchemy import Engine


def of_asset(engine: Engine) -> Prospect:
    """Ask what a test of the only video promises."""
    with transaction(engine) as session:
        return prospect(session, session.get_one(Asset, builders.asset(engine).id), make_settings())


def test_the_need_is_told_though_the_traffic_is_not_known(engine: Engine) -> None:
    """Of every twenty pictures that are seen, one is played: that is usual."""
    published(engine)

    assert of_asset(engine).said == (
        "telling 20 % apart needs about 65,000 impressions; how often the video is seen is not known yet"
    )
    assert of_asset(engine).objection is None


def test_the_traffic_is_that_of_its_own_tests_in_the_last_week(engine: Engine) -> None:
    """With the rate of plays that they counted."""
    trial = start(published(engine))
    count(engine, trial, impressions=300, quality_plays=90)
    let_pass(engine, timedelta(days=1))
    stop(engine)

    told = of_asset(engine)

    assert (told.rate, round(told.daily_impressions or 0), told.is_own) == (0.3, 600, True)
    assert "at 600 a day (this video in the last week) that is 13 days" in told.said


def test_what_was_counted_long_ago_tells_nothing(engine: Engine) -> None:
    """A video is seen most when it is new."""
    trial = start(published(engine))
    count(engine, trial, impressions=300)
    stop(engine)
    let_pass(engine, timedelta(days=8))

    assert of_asset(engine).daily_impressions is None


def test_a_test_that_counted_nothing_tells_nothing_of_viewers(engine: Engine) -> None:
    """The snippet may be missing."""
    start(published(engine))
    let_pass(engine, timedelta(days=2))

    assert of_asset(engine).daily_impressions is None


@pytest.mark.parametrize(
    ("count_", "daily", "objects"),
    [
        (2, 600.0, None),
        (2, 100.0, "in 28 days it is seen about 2,800 times, and even telling 50 % apart needs about 12,000"),
        (3, 600.0, "3 pictures need about 20,000 impressions a week, and the video's are about 4,200"),
        (3, 3000.0, None),
        (3, None, "and the video's are not known"),
    ],
)
def test_a_test_that_can_tell_nothing_is_objected_to(
    count_: int, daily: float | None, objects: str | None
) -> None:
    """Before it takes weeks."""
    known = None if daily is None else Traffic(daily, 0.05)

    objection = expected(known, count_, 28).objection

    assert (objection is None) == (objects is None)
    assert (objects or "") in (objection or "")
