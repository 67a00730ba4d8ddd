"""Many edits of one asset become few runs, with the windows that the service has by default."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, update

from tests.support.service import builders
from tests.support.service.chosen_asset import pick, publish
from worker.database import transaction
from worker.database.models import Job
from worker.platforms.event import EventKind
from worker.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

EDITS = 1000
EDITS_AT_ONCE = 10
MAX_RUNS = 3
DEFAULTS = Settings()


def pass_time(engine: Engine, seconds: float) -> None:
    """Make what waits older, instead of waiting; or younger, where the test itself took longer."""
    age = timedelta(seconds=seconds)
    older = {"scheduled_at": Job.scheduled_at - age, "requested_at": Job.requested_at - age}
    with transaction(engine) as session:
        session.execute(update(Job).values(older))


def run(engine: Engine) -> bool:
    """Do the run that is due; False where none is."""
    claim = builders.claim_next(engine)
    if claim is None:
        return False
    with transaction(engine) as session:
        content = f"content {claim.generation}"
        assert (
            builders.jobs.complete(session, claim, builders.result(content, claim.generation)) == "completed"
        )
    return True


def edit(engine: Engine, first: int) -> None:
    """Tell of ten edits."""
    minutes = range(first, first + EDITS_AT_ONCE)
    edits = [builders.event(EventKind.EDITED, minute=minute) for minute in minutes]
    builders.record(engine, *edits, settings=DEFAULTS)


@pytest.mark.parametrize("lasting_s", [10.0, 100.0])
def test_a_thousand_edits_are_at_most_three_runs(engine: Engine, lasting_s: float) -> None:
    """Ten seconds of edits are one; longer ones hold a run back for a minute at most. The newest is shown."""
    pick(engine)
    runs, took_s, clock_s = 0, 0.0, time.monotonic()
    for first in range(1, EDITS + 1, EDITS_AT_ONCE):
        edit(engine, first)
        before_s, clock_s = clock_s, time.monotonic()
        took_s = clock_s - before_s
        pass_time(engine, lasting_s * EDITS_AT_ONCE / EDITS - took_s)
        runs += run(engine)
    during = runs
    pass_time(engine, DEFAULTS.debounce_s + took_s)  # by which the last edits became too young above
    runs += run(engine)

    assert during == (lasting_s > DEFAULTS.max_wait_s)
    assert during < runs <= MAX_RUNS
    assert publish(engine) == EDITS + 1
    asset = builders.asset(engine)
    assert asset.published_generation == asset.generation == EDITS + 1
    assert not run(engine)


def test_one_edit_waits_for_the_debounce(engine: Engine) -> None:
    """Not less: another may follow."""
    pick(engine)
    edit(engine, 1)
    with transaction(engine) as session:
        newest = select(func.max(Job.id)).scalar_subquery()
        due_in = select(Job.scheduled_at - Job.requested_at).where(Job.id == newest)
        waits = session.scalar(due_in)
    assert waits is not None
    assert waits.total_seconds() == pytest.approx(DEFAULTS.debounce_s, abs=1.0)
    assert not run(engine)

    pass_time(engine, DEFAULTS.debounce_s)

    assert run(engine)
