"""Customers tell how often a video was seen on a day of a test, where its platform tells nothing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from tests.support.trials.counted_trials import end_test, running_test
from tests.support.trials.day_test import begun, first_day, show_day, slot
from worker.database import transaction
from worker.database.trials import Slot
from worker.errors import MalformedPayload
from worker.trials import counting
from worker.trials.slots.told import ToldDay

if TYPE_CHECKING:
    from sqlalchemy import Engine

DAY = timedelta(days=1)


def first_day_over(engine: Engine, platform: str = "vimeo") -> int:
    """Bring a test to its second day; return its id."""
    trial_id = begun(engine, platform=platform)
    show_day(engine, 0)
    show_day(engine, 1)
    return trial_id


def tell(engine: Engine, delivery: str, *days: ToldDay) -> bool:
    """Tell of days, as a server does."""
    with transaction(engine) as session:
        return counting.add(session, delivery, days=days)


def refusal(engine: Engine, trial_id: int, day: date) -> str:
    """Why nothing can be told of a day."""
    with pytest.raises(MalformedPayload) as refused:
        tell(engine, "refused", ToldDay("counts[0]", trial_id, day, 17))
    return str(refused.value)


def test_a_day_that_is_told_is_counted_and_can_be_corrected(engine: Engine) -> None:
    """The later numbers count, also where they are fewer."""
    trial_id = first_day_over(engine)
    told = ToldDay("counts[0]", trial_id, first_day(engine), 17, impressions=90, watch_s=40.5)

    assert tell(engine, "msg-1", told)
    assert (slot(engine, 0).views, slot(engine, 0).impressions, slot(engine, 0).watch_s) == (17, 90, 40.5)
    assert slot(engine, 0).counted_at is not None
    assert tell(engine, "msg-2", told._replace(views=16, watch_s=None))
    assert not tell(engine, "msg-1", told)  # it comes late, and again
    assert (slot(engine, 0).views, slot(engine, 0).watch_s) == (16, None)


def test_a_day_that_cannot_be_told_is_refused_with_the_reason(engine: Engine) -> None:
    """Each in words that say what to do."""
    trial_id = first_day_over(engine)
    day = first_day(engine)

    assert "no day of test" in refusal(engine, trial_id, day - DAY)
    assert "is not over in UTC; tell it a day later" in refusal(engine, trial_id, day + DAY)
    assert f"there is no test {trial_id + 1}" in refusal(engine, trial_id + 1, day)
    assert "tell what its buckets did" in refusal(engine, running_test(engine, "b"), day)
    with transaction(engine) as session:
        session.execute(update(Slot).values(is_void=True, why="another picture was shown meanwhile"))
    assert refusal(engine, trial_id, day).endswith("does not count: another picture was shown meanwhile")
    end_test(engine, trial_id)
    assert "has ended" in refusal(engine, trial_id, day)


def test_nobody_tells_what_the_platform_tells(engine: Engine) -> None:
    """A pair of days must be counted by one and the same."""
    trial_id = first_day_over(engine, "bunny")

    assert "Bunny Stream tells the numbers" in refusal(engine, trial_id, first_day(engine))
    assert slot(engine, 0).views is None


def test_of_a_delivery_with_one_wrong_day_nothing_is_kept(engine: Engine) -> None:
    """So that it can be mended, and sent again under its id."""
    trial_id = first_day_over(engine)
    good = ToldDay("counts[0]", trial_id, first_day(engine), 17)
    with pytest.raises(MalformedPayload, match=r"counts\[1\]"):
        tell(engine, "msg-1", good, good._replace(where="counts[1]", day=good.day + DAY))

    assert slot(engine, 0).views is None
    assert tell(engine, "msg-1", good)
