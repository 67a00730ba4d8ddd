"""A job goes on only while its lease is known to be held, and a worker that hangs does not go on for ever."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text, update

from tests.support.service import builders
from tests.support.waiting import until
from worker import jobs
from worker.database import transaction
from worker.database.models import Job
from worker.errors import JobTimedOut, LeaseLost, Overtaken, Stopping
from worker.platforms.event import EventKind
from worker.queue.leases import Leases, SilenceLimits

if TYPE_CHECKING:
    from sqlalchemy import Engine

NOBODY = "postgresql+psycopg://nobody@127.0.0.1:9/nothing"  # refuses connections


@pytest.fixture
def stopping() -> threading.Event:
    """Return what is set when the process is to end."""
    return threading.Event()


def make(engine: Engine, stopping: threading.Event, lease_s: float = 30.0, timeout_s: float = 60.0) -> Leases:
    """Return leases that nobody renews but the test."""
    return Leases(engine, jobs.renew, lease_s, timeout_s, stopping)


def test_a_lease_that_is_renewed_lasts(engine: Engine, stopping: threading.Event) -> None:
    """Longer than it was given for at first, without anybody's doing."""
    builders.record(engine, builders.event())
    claim = builders.claimed(engine, lease_s=0.6)
    first = builders.only(engine, Job).lease_until

    with make(engine, stopping, lease_s=0.6) as leases, leases.hold(claim) as lease:
        until(lambda: (builders.only(engine, Job).lease_until - first).total_seconds() > 1.2)

        lease.check()


def test_a_renewal_changes_no_index(engine: Engine) -> None:
    """It comes three times a lease for each job of the fleet: PostgreSQL calls it a HOT update."""
    builders.record(engine, builders.event())
    claim = builders.claimed(engine)

    with transaction(engine) as session:
        all_before, hot_before = session.execute(UPDATES).one()
        jobs.renew(session, [claim], 30.0)
        jobs.note_stage(session, claim, "scan")
        all_after, hot_after = session.execute(UPDATES).one()
    assert (all_after - all_before, hot_after - hot_before) == (2, 2)


UPDATES = text("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'jobs'")


def test_a_lease_ends_when_the_database_does_not_answer(engine: Engine, stopping: threading.Event) -> None:
    """Others may have the job by then; the worker need not hear it from anybody."""
    builders.record(engine, builders.event())
    claim = builders.claimed(engine)
    leases = make(create_engine(NOBODY), stopping, lease_s=0.3)

    with leases.hold(claim) as lease:
        leases.renew()
        lease.check()

        with pytest.raises(LeaseLost, match="did not answer"):
            until(lease.check)


def test_a_job_that_was_taken_over_stops(engine: Engine, stopping: threading.Event) -> None:
    """The next renewal finds another token in the row."""
    builders.record(engine, builders.event())
    claim = builders.claimed(engine)
    leases = make(engine, stopping)

    with leases.hold(claim) as lease:
        leases.renew()
        lease.check()
        with transaction(engine) as session:
            session.execute(update(Job).values(lease_token=Job.lease_token + 1))
        leases.renew()

        with pytest.raises(LeaseLost):
            lease.check()


@pytest.mark.parametrize("kind", [EventKind.EDITED, EventKind.DELETED])
def test_a_job_stops_when_newer_content_makes_it_useless(
    engine: Engine, stopping: threading.Event, kind: EventKind
) -> None:
    """An edit, or the asset's end."""
    builders.record(engine, builders.event())
    leases = make(engine, stopping)

    with leases.hold(builders.claimed(engine)) as lease:
        builders.record(engine, builders.event(kind, minute=1))
        leases.renew()

        with pytest.raises(Overtaken):
            lease.check()


def test_a_job_stops_at_its_deadline_and_when_the_process_ends(
    engine: Engine, stopping: threading.Event
) -> None:
    """The end of the process comes first: the attempt does not count then."""
    builders.record(engine, builders.event())

    with make(engine, stopping, timeout_s=0.0).hold(builders.claimed(engine)) as lease:
        with pytest.raises(JobTimedOut):
            lease.check()
        stopping.set()
        with pytest.raises(Stopping):
            lease.check()


def test_a_job_that_hangs_ends_the_process(engine: Engine, stopping: threading.Event) -> None:
    """No thread can be stopped from outside; only a job that goes on asking is well."""
    builders.record(engine, builders.event())
    ended: list[str] = []
    limits = SilenceLimits(silence_s=0.5, stop_s=0.5, watch_s=0.05)

    with (
        Leases(engine, jobs.renew, 30.0, 60.0, stopping, limits, abort=ended.append) as leases,
        leases.hold(builders.claimed(engine)) as lease,
    ):
        until(lambda: ended)

    assert f"row {lease.claim.row_id} hangs" in ended[0]
