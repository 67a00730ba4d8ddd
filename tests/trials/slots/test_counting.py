"""The platform is asked for each day's views, once they can be known, and not for ever."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from tests.support.account_rows import account_of
from tests.support.platforms.simulated_account import NOWHERE, clip
from tests.support.service import builders
from tests.support.trials import day_test
from tests.support.trials.day_test import begun, come_to, pass_time, show_day, slot
from tests.support.waiting import until
from worker import accounts
from worker.database import transaction
from worker.database.models import Asset
from worker.database.trials import Slot, Trial
from worker.demo.simulator import SIMULATED, InjectedFault
from worker.demo.simulator.audience import ViewCounts
from worker.doctor.slots import check_slots
from worker.errors import Stopping
from worker.platforms.statistics import Granularity, Hour
from worker.trials.slots.counting import MAX_ASKS, Sum, add_up, count_due
from worker.trials.slots.schedule import SlotSchedule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from worker.demo.simulator.vendors.mux import SimulatedMux
    from worker.settings import Settings

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MIDNIGHT = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def mux(tmp_path: Path) -> Iterator[SimulatedMux]:
    """Serve a platform with one video."""
    with SIMULATED["mux"](NOWHERE) as vendor:
        vendor.upload(clip(tmp_path))
        yield cast("SimulatedMux", vendor)


def settings(vendor: SimulatedMux) -> Settings:
    """Return the settings of a service with an account there."""
    account = {key.lower(): value for key, value in vendor.variables().items()}
    return builders.make_settings(mux={"main": account})


def first_day_over(engine: Engine, vendor: SimulatedMux, plays: int = 40) -> None:
    """Bring a test to the time at which its first day is counted; each of its hours had so many plays."""
    begun(engine)
    (video,) = vendor.library.newest()
    with transaction(engine) as session:
        session.execute(update(Asset).values(external_id=video.id))
    show_day(engine, 0)
    show_day(engine, 1)
    come_to(engine, 4)
    began = slot(engine, 0).from_at
    for hour in range(24):
        vendor.audience.come(video.id, began + hour * HOUR, ViewCounts(plays))


def hours(*views: int, at: datetime = MIDNIGHT) -> list[Hour]:
    """So many views in each hour."""
    return [Hour(at + number * HOUR, one, watch_s=2.0) for number, one in enumerate(views)]


def test_the_first_two_hours_of_each_day_are_left_out(engine: Engine, mux: SimulatedMux) -> None:
    """Open pages still show the picture of the day before."""
    first_day_over(engine, mux)

    assert count_due(engine, settings(mux)) == 1
    assert slot(engine, 0).views == 21 * 40  # moved in time, the day begins within an hour of UTC
    assert slot(engine, 0).counted_at is not None
    assert slot(engine, 1).views is None


def test_a_day_is_asked_for_once(engine: Engine, mux: SimulatedMux) -> None:
    """Platforms count requests."""
    first_day_over(engine, mux)
    count_due(engine, settings(mux))
    asked = len(mux.journal.entries("request"))

    assert count_due(engine, settings(mux)) == 0
    assert len(mux.journal.entries("request")) == asked


def test_only_whole_hours_of_the_day_count() -> None:
    """A day in India begins half past an hour of UTC."""
    from_at = datetime(2026, 11, 1, tzinfo=ZoneInfo("Asia/Kolkata"))
    told = hours(*[1] * 48, at=MIDNIGHT - 12 * HOUR)

    assert add_up(told, from_at, from_at + DAY, Granularity.HOUR, is_rate=False) == Sum(21, None, 42.0)


def test_days_are_taken_as_they_are_told() -> None:
    """Nothing can be left out of them; a day that nobody loaded has a play rate, too."""
    told = [Hour(MIDNIGHT + number * DAY, 5, 9.0, 20) for number in range(-1, 3)]

    assert add_up(told, MIDNIGHT, MIDNIGHT + DAY, Granularity.DAY, is_rate=True) == Sum(5, 20, 9.0)
    assert add_up([], MIDNIGHT, MIDNIGHT + DAY, Granularity.DAY, is_rate=True) == Sum(0, 0, None)


def test_a_platform_that_fails_is_asked_again(engine: Engine, mux: SimulatedMux) -> None:
    """An hour later, then two, and so on; meanwhile the page says why there is no number."""
    first_day_over(engine, mux)
    mux.faults.plan(InjectedFault(status=503))
    count_due(engine, settings(mux))

    assert "503" in slot(engine, 0).why
    assert not slot(engine, 0).is_void
    assert count_due(engine, settings(mux)) == 0

    pass_time(engine, HOUR)
    assert count_due(engine, settings(mux)) == 1
    assert (slot(engine, 0).views is not None, slot(engine, 0).why) == (True, "")


def test_a_missing_permission_is_named_and_closes_no_account(engine: Engine, mux: SimulatedMux) -> None:
    """Thumbnails are still made and written: only the statistics are refused."""
    first_day_over(engine, mux)
    mux.may_read_data = False
    count_due(engine, settings(mux))

    assert "an access token with Mux Data read" in slot(engine, 0).why
    assert account_of(engine).refused_at is None
    address = engine.url.render_as_string(hide_password=False)
    (finding,) = check_slots(builders.make_settings(database_url=address))
    assert finding.says.startswith("mux/main: the views of 1 days of tests could not be read: GET /data/v1/")
    assert "Mux Data read" in (finding.remedy or "")


def test_a_platform_that_never_tells_voids_the_pair(engine: Engine, mux: SimulatedMux) -> None:
    """After ten questions, so that the rest of the test can be judged."""
    first_day_over(engine, mux)
    mux.may_read_data = False
    for _ in range(MAX_ASKS):
        count_due(engine, settings(mux))
        pass_time(engine, DAY)

    assert [one.is_void for one in day_test.slots(engine)[:3]] == [True, True, False]
    assert "its numbers were not told" in slot(engine, 0).why


def test_an_account_that_is_paused_is_not_asked(engine: Engine, mux: SimulatedMux) -> None:
    """And it costs the day nothing."""
    first_day_over(engine, mux)
    with transaction(engine) as session:
        accounts.pause(session, account_of(engine).id, "anna", "a visit")

    assert count_due(engine, settings(mux)) == 0
    assert slot(engine, 0).asks == 0
    assert mux.journal.entries("request") == []


def test_no_row_is_locked_while_a_platform_is_asked(engine: Engine, mux: SimulatedMux) -> None:
    """A slow platform must hold up nobody; and a dispatcher that stops does not wait for it."""
    first_day_over(engine, mux)
    mux.faults.plan(InjectedFault(delay_s=30.0))
    calls = itertools.count()

    def check() -> None:
        if next(calls) < 3:  # before the question, and as it begins
            return
        with transaction(engine) as session:
            session.execute(update(Slot).values(why="touched"))
        raise Stopping("enough")

    with pytest.raises(Stopping):
        count_due(engine, settings(mux), check)
    assert slot(engine, 0).why == "touched"


def test_the_schedule_does_both(engine: Engine, mux: SimulatedMux) -> None:
    """Beside a dispatcher, nobody has to call anything."""
    first_day_over(engine, mux)
    come_to(engine, 6)
    with SlotSchedule(engine, settings(mux), every_s=(0.05, 0.05)):
        until(lambda: slot(engine, 6).publication_id is not None and slot(engine, 0).views is not None)


def test_a_bug_does_not_end_the_schedule(
    engine: Engine, mux: SimulatedMux, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log shows where, and the next round comes."""
    first_day_over(engine, mux)
    failures = iter([ZeroDivisionError("a bug of ours")])

    def failing(*_: object) -> None:
        for failure in failures:
            raise failure

    monkeypatch.setattr("worker.trials.slots.schedule.turn_due", failing)
    with SlotSchedule(engine, settings(mux), every_s=(0.05, 0.05)):
        until(lambda: slot(engine, 0).views is not None)

    assert "a bug of ours" in caplog.text


def test_a_test_that_is_over_is_not_counted(engine: Engine, mux: SimulatedMux) -> None:
    """Nobody needs its numbers."""
    first_day_over(engine, mux)
    with transaction(engine) as session:
        session.execute(update(Trial).values(state="ended", outcome="stopped"))

    assert count_due(engine, settings(mux)) == 0
