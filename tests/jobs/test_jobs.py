"""A job's life, on a real PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, literal_column, select, update

from tests.support.service import builders
from tests.support.service.builders import claimed, completed, event, fail, record
from worker import jobs
from worker.database import transaction
from worker.database.models import Asset, Job, JobLog, Publication, StoredCandidate, Thumbnail
from worker.errors import (
    DownloadFailed,
    LeaseLost,
    Overtaken,
    UnreadableVideo,
)
from worker.jobs import Requeued
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from sqlalchemy import Engine


def expire(engine: Engine) -> None:
    """Let every lease run out."""
    with transaction(engine) as session:
        session.execute(update(Job).values(lease_until=func.now() - timedelta(hours=1)))


def take_over(engine: Engine) -> bool:
    """Look for a silent worker, as the dispatcher does."""
    with transaction(engine) as session:
        return jobs.take_over(session, "dispatcher")


def test_a_completed_job_leaves_thumbnails_a_filmstrip_and_a_publication(engine: Engine) -> None:
    """All of it in one transaction, under the asset's generation."""
    record(engine, event())

    completed(engine, "f1")

    thumbnail = builders.only(engine, Thumbnail)
    assert (thumbnail.generation, thumbnail.time_s) == (1, 1.5)
    assert builders.only(engine, StoredCandidate).generation == 1
    assert builders.only(engine, Publication).thumbnail_id == thumbnail.id
    assert builders.asset(engine).fingerprint == "f1"
    assert builders.job_states(engine) == ["completed"]


def test_one_hint_more_or_less_makes_no_difference(engine: Engine) -> None:
    """A job is claimed once, however many workers are told about it."""
    record(engine, event())
    job_id = claimed(engine).row_id

    with transaction(engine) as session:
        assert jobs.claim(session, job_id, "another:2:analyze", 30.0) is None


def test_of_workers_that_claim_at_once_one_gets_the_job(engine: Engine) -> None:
    """Eight claims at the same moment."""
    record(engine, event())
    with transaction(engine) as session:
        (hint,) = jobs.announce(session, 60.0)

    def try_it(number: int) -> jobs.JobClaim | None:
        with transaction(engine) as session:
            return jobs.claim(session, hint.id, f"w:{number}:analyze", 30.0)

    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(try_it, range(8)))

    assert len([claim for claim in claims if claim]) == 1
    assert builders.only(engine, Job).attempt == 1


def test_an_announced_job_is_announced_again_only_after_a_while(engine: Engine) -> None:
    """A lost hint is replaced; a fresh one is not doubled."""
    record(engine, event())

    with transaction(engine) as session:
        first = jobs.announce(session, rehint_s=60.0)
        soon = jobs.announce(session, rehint_s=60.0)
        later = jobs.announce(session, rehint_s=0.0)

    assert [hint.number for hint in (*first, *later)] == [1, 2]
    assert soon == []


def test_a_second_job_of_an_asset_waits_for_the_first(engine: Engine) -> None:
    """At most one runs; the next is announced when that one has ended."""
    record(engine, event())
    first = claimed(engine)
    record(engine, event(EventKind.EDITED, minute=1))

    assert builders.claim_next(engine) is None
    with transaction(engine) as session:
        state = jobs.complete(session, first, builders.result("old"))

    assert state == "superseded"
    assert builders.every(engine, Thumbnail) == []
    assert claimed(engine).generation == 2


def test_a_renewal_tells_that_newer_content_is_there(engine: Engine) -> None:
    """The worker stops at its next stage, instead of finishing for nothing."""
    record(engine, event())
    claim = claimed(engine)

    with transaction(engine) as session:
        assert jobs.renew(session, [claim], 30.0) == {claim.row_id: False}
    record(engine, event(EventKind.EDITED, minute=1))

    with transaction(engine) as session:
        assert jobs.renew(session, [claim], 30.0) == {claim.row_id: True}


def test_a_look_at_an_update_does_not_disturb_a_running_job(engine: Engine) -> None:
    """Only news about the content makes a run useless."""
    record(engine, event())
    claim = claimed(engine)
    record(engine, event(EventKind.UPDATED, minute=1))

    with transaction(engine) as session:
        assert jobs.renew(session, [claim], 30.0) == {claim.row_id: False}
        assert jobs.complete(session, claim, builders.result()) == "completed"


def test_a_frozen_worker_changes_nothing_when_it_wakes(engine: Engine) -> None:
    """Its lease ran out, another worker has the job: every write of the first is refused."""
    record(engine, event())
    frozen = claimed(engine)
    expire(engine)
    assert take_over(engine)
    another = claimed(engine, owner="another:2:analyze")

    for write in (jobs.give_back, partial(jobs.complete_unchanged, shown=None), jobs.content_changed):
        with pytest.raises(LeaseLost), transaction(engine) as session:
            write(session, frozen)
    with pytest.raises(LeaseLost):
        fail(engine, frozen, DownloadFailed("x"))
    with pytest.raises(LeaseLost), transaction(engine) as session:
        jobs.complete(session, frozen, builders.result("frozen"))
    with transaction(engine) as session:
        assert jobs.renew(session, [frozen], 30.0) == {}
        jobs.complete(session, another, builders.result("another"))

    assert builders.asset(engine).fingerprint == "another"


def test_a_silent_worker_costs_one_attempt_and_no_wait(engine: Engine) -> None:
    """The job is due at once: the lease was the wait."""
    record(engine, event())
    claimed(engine)
    assert not take_over(engine)
    expire(engine)

    assert take_over(engine)
    assert not take_over(engine)

    assert claimed(engine).attempt == 2
    assert "went silent" in builders.every(engine, JobLog)[-2].note


def test_a_job_that_kills_every_worker_is_given_up(engine: Engine) -> None:
    """A poison job gets its attempts, and no more."""
    record(engine, event(), settings=builders.make_settings(max_attempts=3))
    for _ in range(3):
        claimed(engine)
        expire(engine)
        take_over(engine)

    assert builders.claim_next(engine) is None
    assert builders.job_states(engine) == ["discarded"]
    assert builders.only(engine, Job).error_class == "WorkerSilent"


def test_a_look_that_finds_news_makes_way_for_an_edit_that_waits(engine: Engine) -> None:
    """The look does not take the edit's generation: the edit is worked on, whole."""
    record(engine, event())
    completed(engine)
    record(engine, event(EventKind.UPDATED, minute=1))
    look = claimed(engine)
    record(engine, event(EventKind.EDITED, minute=2))

    with pytest.raises(Overtaken), transaction(engine) as session:
        jobs.content_changed(session, look)
    assert fail(engine, look, Overtaken("news")) == "superseded"
    completed(engine, "f2")

    assert builders.asset(engine).fingerprint == "f2"


def test_a_job_given_back_keeps_its_attempts(engine: Engine) -> None:
    """A deploy burns nothing, and another worker may start at once."""
    record(engine, event())
    with transaction(engine) as session:
        assert jobs.give_back(session, claimed(engine)) == "available"

    assert claimed(engine).attempt == 1


def test_work_on_an_asset_that_is_deleted_meanwhile_is_not_stored(engine: Engine) -> None:
    """The running job learns it from its renewal, or at the latest when it ends."""
    record(engine, event())
    claim = claimed(engine)
    record(engine, event(EventKind.DELETED, minute=1))

    with transaction(engine) as session:
        assert jobs.renew(session, [claim], 30.0) == {claim.row_id: True}
        assert jobs.complete(session, claim, builders.result()) == "cancelled"
    assert builders.every(engine, Thumbnail) == []


def test_unchanged_content_makes_the_old_thumbnails_count(engine: Engine) -> None:
    """`ready` again with the same content costs one question, and leaves the picture as it is."""
    record(engine, event())
    completed(engine)
    record(engine, event(minute=1))
    with transaction(engine) as session:
        jobs.complete_unchanged(session, claimed(engine), None)

    assert {row.generation for row in builders.every(engine, Thumbnail)} == {2}
    assert builders.only(engine, Publication).generation == 2
    assert builders.publication_states(engine) == ["pending"]


def test_a_look_that_finds_nothing_new_writes_no_row_of_the_filmstrip(engine: Engine) -> None:
    """Every write of ours makes the platform send an event, and a filmstrip has up to 200 rows."""
    record(engine, event())
    completed(engine)
    record(engine, event(EventKind.UPDATED, minute=1))
    before = versions(engine)
    with transaction(engine) as session:
        jobs.complete_unchanged(session, claimed(engine), None)

    assert versions(engine) == before


def versions(engine: Engine) -> list[Any]:
    """Return where PostgreSQL keeps each candidate and thumbnail: elsewhere after every write."""
    tables = (StoredCandidate, Thumbnail)
    with transaction(engine) as session:
        return [
            session.execute(select(table.id, literal_column(f"{table.__tablename__}.ctid::text"))).all()
            for table in tables
        ]


def test_an_update_that_changed_the_content_opens_a_generation(engine: Engine) -> None:
    """The job that only looked goes on as the newest."""
    record(engine, event())
    completed(engine)
    record(engine, event(EventKind.UPDATED, minute=1))
    with transaction(engine) as session:
        claim = jobs.content_changed(session, claimed(engine))
    with transaction(engine) as session:
        jobs.complete(session, claim, builders.result("f2"))

    assert builders.asset(engine).generation == claim.generation == 2
    assert [row.generation for row in builders.every(engine, Thumbnail)] == [1, 2]


def test_an_operator_asks_again_for_a_job_that_was_given_up(engine: Engine) -> None:
    """The asset gets a new job, with a line that says who and why; asking twice adds none."""
    record(engine, event())
    fail(engine, claimed(engine), UnreadableVideo("cut short"))
    settings = builders.make_settings()

    with transaction(engine) as session:
        asset_id = session.scalars(select(Asset.id)).one()
        first = jobs.requeue(session, asset_id, "ann", "uploaded again", settings)
        second = jobs.requeue(session, asset_id, "bob", "", settings)

    assert (first, second) == (Requeued.QUEUED, Requeued.WAITING)
    assert builders.job_states(engine) == ["discarded", "scheduled"]
    assert [(line.actor, line.note) for line in builders.every(engine, JobLog)][-2:] == [
        ("ann", "requeued: uploaded again"),
        ("bob", "requeued"),
    ]
    assert claimed(engine).is_forced


def test_a_deleted_asset_is_not_requeued(engine: Engine) -> None:
    """An operator cannot bring back what the platform deleted."""
    record(engine, event())
    record(engine, event(EventKind.DELETED, minute=1))

    with transaction(engine) as session:
        asset_id = session.scalars(select(Asset.id)).one()
        assert jobs.requeue(session, asset_id, "ann", "", builders.make_settings()) == Requeued.DELETED
