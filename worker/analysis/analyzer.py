"""What a worker does with one job: claim it, attempt it, and note what became of it.

A failure goes into the job's row, where it is decided what comes next; the hint that started it is done with
either way.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError
from structlog.contextvars import bound_contextvars

from worker import accounts, jobs, metrics, tracing
from worker.analysis.attempt import Attempt
from worker.database import transaction
from worker.database.models import Job
from worker.errors import LeaseLost, Stopping, ThumbsError
from worker.queue import open_accounts
from worker.storage.pictures import Pictures

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from worker.analysis.decoder_pool import Decoders
    from worker.database.states import JobState
    from worker.jobs import JobClaim
    from worker.judge.connection import JudgeConnection
    from worker.pipeline.scoring.models import Models
    from worker.platforms.base import Platform
    from worker.queue.leases import Lease, Leases
    from worker.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Analyzer:
    """Everything that a job needs, made once per process."""

    settings: Settings
    engine: Engine
    models: Models
    decoders: Decoders
    leases: Leases[JobClaim]
    platform_of: Callable[[JobClaim], Platform]
    owner: str  #: who we are, in leases and logs
    judge_connection: JudgeConnection | None = (
        None  #: to a vision-language model that judges; None: nobody does
    )

    @cached_property
    def pictures(self) -> Pictures:
        """Where the pictures are."""
        return Pictures.of(self.settings)

    def analyze(self, job_id: int) -> None:
        """Claim a job and do it; a hint that came late or twice does nothing."""
        with transaction(self.engine) as session:
            claim = jobs.claim(
                session, job_id, self.owner, self.settings.lease_s, self.settings.jobs_per_account
            )
            account = open_accounts.waits_for(session, Job, job_id) if claim is None else None
        if claim is None:
            # One row at a time asks for an account that ails, so others are sent back again and again.
            if account:
                log.debug("job %d waits: %s", job_id, account)
            else:
                log.info("job %d is not there to be taken", job_id)
            return
        with (
            bound_contextvars(
                job_id=job_id,
                attempt=claim.attempt,
                asset=f"{claim.platform}/{claim.account}/{claim.external_id}",
            ),
            tracing.follow("job", claim.traceparent, "consumer", **_attributes(claim)),
            self.leases.hold(claim) as lease,
        ):
            try:
                began_s = time.monotonic()
                with tracing.Stages() as spans:
                    run = Attempt(self, lease, spans)
                    state = run.run()
            except Exception as error:  # noqa: BLE001 - of every kind: the row has to know
                self._end_without_result(lease, error)
            else:
                asset, took_s = (
                    f"{claim.platform}/{claim.account}/{claim.external_id}",
                    time.monotonic() - began_s,
                )
                log.info("%s %s in %.1f s: %s", asset, state, took_s, run.found, extra={"action": state})
                _count_attempt(claim, state)

    def _end_without_result(self, lease: Lease[JobClaim], error: Exception) -> None:
        """Give the job back, or note why it failed."""
        if isinstance(error, LeaseLost):
            log.warning("the job is not ours any more: %s", error)
            metrics.FENCED_WRITES.inc()
            return
        error = accounts.examine_refusal(error, lambda: self.platform_of(lease.claim))
        try:
            with transaction(self.engine) as session:
                state = _ended(session, lease.claim, error)
        except LeaseLost as exc:
            log.warning("the job is not ours any more: %s", exc)
            metrics.FENCED_WRITES.inc()
        except SQLAlchemyError:
            log.exception("the database does not answer; once the lease has ended, another worker takes over")
        else:
            # An error of no class of ours is a bug: show where.
            log.warning(
                "%s: %s", state, error, extra={"action": state}, exc_info=not isinstance(error, ThumbsError)
            )
            _count_attempt(lease.claim, state, error)


def _attributes(claim: JobClaim) -> dict[str, str | int]:
    return {
        "platform": claim.platform,
        "account": claim.account,
        "asset": claim.external_id,
        "job_id": claim.row_id,
        "attempt": claim.attempt,
    }


def _count_attempt(claim: JobClaim, state: JobState, error: Exception | None = None) -> None:
    error_class = type(error).__name__ if error else ""
    metrics.JOB_ATTEMPTS.labels(claim.platform, claim.account, state, error_class).inc()
    tracing.note(result=state, error_class=error_class)


def _ended(session: Session, claim: JobClaim, error: Exception) -> JobState:
    if isinstance(error, Stopping):
        return jobs.give_back(session, claim)
    return jobs.fail(session, claim, error)
