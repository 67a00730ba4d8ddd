"""A step whose commit was made, and whose answer was lost, is repeated without harm."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from tests.support.service import builders
from tests.support.service.chosen_asset import claimed as claimed_write
from worker import jobs, publications
from worker.database import transaction
from worker.database.models import Base
from worker.errors import DownloadFailed, LeaseLost, PlatformUnavailable, UnreadableVideo
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    Step = Callable[[Session, Any], object]

OF_A_JOB: dict[str, Step] = {
    "content_changed": jobs.content_changed,
    "complete": lambda session, claim: jobs.complete(session, claim, builders.result("f2", 2.5)),
    "complete_unchanged": partial(jobs.complete_unchanged, shown="1.5"),
    "fail for now": partial(jobs.fail, error=DownloadFailed("broke off")),
    "fail for good": partial(jobs.fail, error=UnreadableVideo("damaged")),
    "give_back": jobs.give_back,
    "note_stage": partial(jobs.note_stage, stage="scan"),
}
OF_A_WRITE: dict[str, Step] = {
    "begin_write": publications.begin_write,
    "confirm": partial(publications.confirm, written="1.5"),
    "yield_to": partial(publications.yield_to, shown="7.0"),
    "fail for now": partial(publications.fail, error=PlatformUnavailable("down")),
    "fail for good": partial(publications.fail, error=UnreadableVideo("damaged")),
    "give_back": publications.give_back,
}


@pytest.fixture
def job(engine: Engine) -> jobs.JobClaim:
    """Claim a job of an asset that has thumbnails, for it may have been replaced."""
    builders.record(engine, builders.event())
    builders.completed(engine)
    builders.record(engine, builders.event(EventKind.READY, minute=1))
    return builders.claimed(engine)


def rows(engine: Engine) -> list[tuple[object, ...]]:
    """Return everything that the database holds; a row that is written again may have another place."""
    with engine.connect() as connection:
        return [
            tuple(row)
            for table in Base.metadata.sorted_tables
            for row in connection.execute(select(table).order_by(*table.primary_key))
        ]


def make(engine: Engine, step: Step, claim: Any) -> None:
    """Make a step as a worker does, for whom a lost lease is the end of its work."""
    with suppress(LeaseLost), transaction(engine) as session:
        step(session, claim)


@pytest.mark.parametrize("step", OF_A_JOB.values(), ids=OF_A_JOB)
def test_a_step_of_a_job_changes_nothing_the_second_time(
    engine: Engine, job: jobs.JobClaim, step: Step
) -> None:
    """The worker, who believes that nothing was made, has the same claim in memory."""
    before = rows(engine)
    make(engine, step, job)
    once = rows(engine)

    make(engine, step, job)

    assert before != once == rows(engine)


@pytest.mark.usefixtures("job")
@pytest.mark.parametrize("step", OF_A_WRITE.values(), ids=OF_A_WRITE)
def test_a_step_of_a_write_changes_nothing_the_second_time(engine: Engine, step: Step) -> None:
    """As with a job."""
    claim = claimed_write(engine)
    before = rows(engine)
    make(engine, step, claim)
    once = rows(engine)

    make(engine, step, claim)

    assert before != once == rows(engine)


@pytest.mark.parametrize("step", ["fail for now", "give_back"])
def test_new_content_is_still_looked_at_after_its_generation_was_opened_unheard(
    engine: Engine, job: jobs.JobClaim, step: str
) -> None:
    """The attempt ended before the worker could ask again; the job waits for another one."""
    make(engine, jobs.content_changed, job)

    make(engine, OF_A_JOB[step], job)

    assert builders.job_states(engine)[-1] in {"retryable", "available"}


def test_new_content_is_stored_after_its_generation_was_opened_unheard(
    engine: Engine, job: jobs.JobClaim
) -> None:
    """One generation is opened, and the run counts for it."""
    make(engine, jobs.content_changed, job)
    with transaction(engine) as session:
        again = jobs.content_changed(session, job)
    make(engine, OF_A_JOB["complete"], again)

    asset = builders.asset(engine)
    assert (asset.generation, asset.fingerprint) == (3, "f2")
    assert builders.job_states(engine) == ["completed", "completed"]
