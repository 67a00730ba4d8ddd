"""An operator's request, whatever the asset is going through: one run more, noted, and no choice lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.service import builders
from worker import choices, jobs, publications
from worker.choices import ChoiceRequest
from worker.database import transaction
from worker.database.models import Asset, JobLog
from worker.errors import UnreadableVideo
from worker.jobs import Requeued
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from sqlalchemy import Engine

CHOSEN_S = 12.4
WHO = "eve@host"


def requeue(engine: Engine, times: int = 2) -> list[Requeued]:
    """Ask so many times for the only asset."""
    outcomes = []
    for _ in range(times):
        with transaction(engine) as session:
            outcomes.append(jobs.requeue(session, 1, WHO, "to see", builders.make_settings()))
    return outcomes


def waiting(engine: Engine) -> int:
    """How many jobs wait."""
    return sum(state in {"scheduled", "available", "retryable"} for state in builders.job_states(engine))


def finish(engine: Engine) -> int:
    """Do whatever is due, and return how many runs that took."""
    runs = 0
    while claim := builders.claim_next(engine):
        with transaction(engine) as session:
            jobs.complete(session, claim, builders.result("f1", 2.5))
        runs += 1
    return runs


def published_s(engine: Engine) -> float:
    """Write what is due, and return its moment."""
    with transaction(engine) as session:
        (hint,) = publications.announce(session, rehint_s=60.0)
    with transaction(engine) as session:
        claim = publications.claim(session, hint.id, "test:1:publish", builders.LEASE_S)
        assert claim is not None
        publications.begin_write(session, claim)
        publications.confirm(session, claim, str(claim.time_s))
    return claim.time_s


@pytest.fixture(autouse=True)
def _known(engine: Engine) -> None:
    builders.record(engine, builders.event())


def test_while_waiting_it_goes_first(engine: Engine) -> None:
    """There is one run, however often somebody asks."""
    assert requeue(engine) == [Requeued.WAITING, Requeued.WAITING]

    assert finish(engine) == 1
    assert published_s(engine) == 2.5


def test_while_running_there_is_one_run_more(engine: Engine) -> None:
    """What runs is out of date, and stores nothing."""
    claim = builders.claimed(engine)

    assert requeue(engine) == [Requeued.QUEUED, Requeued.WAITING]

    with transaction(engine) as session:
        assert jobs.complete(session, claim, builders.result("f1", 9.9)) == "superseded"
    assert finish(engine) == 1
    assert published_s(engine) == 2.5


def test_when_done_there_is_one_run_more(engine: Engine) -> None:
    """Though the content is the same."""
    builders.completed(engine)

    assert requeue(engine) == [Requeued.QUEUED, Requeued.WAITING]

    assert finish(engine) == 1


def test_when_given_up_it_starts_anew(engine: Engine) -> None:
    """With all its attempts."""
    claim = builders.claimed(engine)
    with transaction(engine) as session:
        jobs.fail(session, claim, UnreadableVideo("no picture"))
    requeue(engine, times=1)

    assert builders.claimed(engine).attempt == 1


def test_when_deleted_nothing_happens(engine: Engine) -> None:
    """The tombstone wins."""
    builders.completed(engine)
    builders.record(engine, builders.event(EventKind.DELETED, minute=5))

    assert requeue(engine) == [Requeued.DELETED, Requeued.DELETED]
    assert waiting(engine) == 0


@pytest.mark.parametrize("when", ["waiting", "running", "done"])
def test_when_chosen_the_choice_stays(engine: Engine, when: str) -> None:
    """Whatever is picked then."""
    if when != "waiting":
        builders.completed(engine)
    if when == "running":
        builders.record(engine, builders.event(EventKind.EDITED, minute=1))
        builders.claimed(engine)
    with transaction(engine) as session:
        asset = session.get_one(Asset, 1, with_for_update=True)
        choices.choose(session, asset, ChoiceRequest(time_s=CHOSEN_S), "ada@host", "")
    requeue(engine)
    if when == "running":
        return_running(engine)

    assert finish(engine) == 1
    assert published_s(engine) == CHOSEN_S


def return_running(engine: Engine) -> None:
    """Let the worker that was at it notice that it is overtaken."""
    (running,) = [job for job in builders.every(engine, builders.Job) if job.state == "running"]
    with transaction(engine) as session:
        claim = jobs.JobClaim.of(running, session.get_one(Asset, 1))
        jobs.complete(session, claim, builders.result("f1", 9.9))


def test_every_request_is_noted(engine: Engine) -> None:
    """With who and why; the waiting job is one."""
    requeue(engine, times=3)

    noted = [(line.actor, line.note) for line in builders.every(engine, JobLog)]
    assert noted == [(WHO, "requeued: to see")] * 3
    assert waiting(engine) == 1
