"""A job for a model waits for a worker that has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from tests.support.service import builders
from worker import jobs
from worker.database import transaction
from worker.database.models import Asset, Job, JobLog
from worker.queue.backoff import MAX_EXTERNAL_RETRIES

if TYPE_CHECKING:
    from tests.support.service.analyzer_rig import AnalyzerRig

SENTENCE = "other has to judge, and this worker has lite; the job waits for a worker that was started with"


def requeue(rig: AnalyzerRig, model: str) -> None:
    """Look at the only asset again, with this model."""
    with transaction(rig.engine) as session:
        asset_id = session.scalars(select(Asset.id)).one()
        jobs.requeue(session, asset_id, "ann", "", builders.make_settings(), model=model)


def test_a_worker_with_another_model_leaves_it_and_says_so(rig: AnalyzerRig) -> None:
    """The attempt does not count, and the sentence is kept."""
    rig.upload()
    assert rig.work().state == "completed"
    requeue(rig, "other")

    for _ in range(rig.analyzer.settings.max_attempts + 1):
        job = rig.work()

    assert (job.state, job.attempt, job.error_class) == ("retryable", 0, "ModelElsewhere")
    assert SENTENCE in (job.error or "")
    assert SENTENCE in builders.every(rig.engine, JobLog)[-1].note


def test_a_worker_with_the_model_takes_it(rig: AnalyzerRig) -> None:
    """Though another had it first."""
    rig.upload()
    rig.work()
    requeue(rig, "other")
    assert rig.work().state == "retryable"
    requeue(rig, "lite")

    assert rig.work().state == "completed"


def test_it_is_given_up_with_its_reason_when_no_worker_has_the_model(rig: AnalyzerRig) -> None:
    """Not before a day of waiting and every attempt is over."""
    rig.upload()
    rig.work()
    requeue(rig, "other")
    with transaction(rig.engine) as session:
        waiting = update(Job).where(Job.model == "other")
        session.execute(waiting.values(external_retries=MAX_EXTERNAL_RETRIES, max_attempts=1))

    job = rig.work()

    assert job.state == "discarded"
    assert SENTENCE in (job.error or "")
