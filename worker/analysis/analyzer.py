"""What a worker does with one job: fetch the metadata, download, pick, store.

The event that made the job was only a reason to look: what counts is what the platform says now. No
transaction is open while work is done. A failure goes into the job's row, where it is decided what comes
next; the hint that started it is done with either way.
"""

from __future__ import annotations

import logging
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from structlog.contextvars import bound_contextvars

from worker import accounts, jobs, metrics, tracing
from worker.analysis import challenge
from worker.analysis.options import options_of
from worker.analysis.recall import recall
from worker.analysis.rows import result_of
from worker.analysis.title import subject_of
from worker.database import transaction
from worker.database.models import Job
from worker.database.states import JobState
from worker.download.fetch import DownloadLimits, fetch_moments, fetch_video, workspace
from worker.errors import LeaseLost, ModelElsewhere, Stopping, ThumbsError, first_line
from worker.http.deadline import Deadline
from worker.pipeline.pick import pick_thumbnails
from worker.queue import open_accounts
from worker.text import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from worker.analysis.decoder_pool import Decoders
    from worker.analysis.recall import Known
    from worker.files.video_file import VideoFile
    from worker.jobs import JobClaim
    from worker.pipeline.frames import Run
    from worker.pipeline.scoring.models import Models
    from worker.platforms.base import Platform, Source
    from worker.queue.leases import Lease, Leases
    from worker.settings import Settings

log = logging.getLogger(__name__)

Result = TypeVar("Result")

# How long to wait before storing a result again, when the database did not answer.
PAUSE_S = 1.0


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
                    run = _AnalysisRun(self, lease, spans)
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


@dataclass
class _AnalysisRun:
    """One attempt at one job, by one worker, under one lease."""

    worker: Analyzer
    lease: Lease[JobClaim]
    spans: tracing.Stages
    stage: str = "claimed"
    found: str = "nothing new"  #: what it chose, for the log
    timings_s: dict[str, float] = field(default_factory=dict)

    def run(self) -> JobState:
        """Analyse the asset as far as its content is new, and return the state in which the job ended."""
        claim, settings = self.lease.claim, self.worker.settings
        _check_model(claim, self.worker.models.scorer.name)
        with Deadline(should_stop=self.lease.check), closing(self.worker.platform_of(claim)) as platform:
            with self._timed("metadata"):
                asset = platform.asset(claim.external_id)
                self._note_answer()
                asset.check_ready()
            if asset.fingerprint == claim.known_fingerprint and not claim.is_forced:
                return self._in_transaction(
                    lambda session: jobs.complete_unchanged(
                        session, claim, asset.shown, is_private=asset.is_private
                    )
                )
            if claim.known_fingerprint is not None and not claim.is_forced:
                self.lease.claim = self._in_transaction(lambda session: jobs.content_changed(session, claim))
            source = platform.source(asset)
        with workspace(settings.work_dir) as folder:
            metrics.note_free_space("work", folder)
            with self._timed("download"):
                file = fetch_video(source.scan, folder, self._limits(), self.lease.check)
            scorer = self.worker.models.scorer
            known = self._in_transaction(
                lambda session: recall(session, self.lease.claim, asset.fingerprint, scorer)
            )
            title = subject_of(asset.title) or subject_of(claim.title)
            run = self._pick(file, source, folder, title, known)
        for stage, seconds in (self.timings_s | dict(run.timings_s)).items():
            metrics.JOB_DURATION_SECONDS.labels(stage).observe(seconds)
        result = result_of(run, asset, self.timings_s, known.timeline, known.chosen_s)
        best, chosen_s = clock(result.publish.time_s), known.chosen_s
        self.found = f"{best} picked" if chosen_s is None else f"{clock(chosen_s)}, which a person chose"
        return self._in_transaction(lambda session: self._complete(session, run, result, known))

    def _complete(self, session: Session, run: Run, result: jobs.Result, known: Known) -> JobState:
        claim = self.lease.claim
        state = jobs.complete(session, claim, result)
        if state is JobState.COMPLETED and challenge.is_challenged(claim, known.head):
            challenge.start_challenge(session, claim, result, run.hand_rank, self.worker.settings)
        return state

    def _pick(self, file: VideoFile, source: Source, folder: Path, title: str, known: Known) -> Run:
        def better(times_s: Sequence[float]) -> VideoFile:
            self._begin("download")
            return fetch_moments(
                source.stills or source.scan, times_s, folder, self._limits(), self.lease.check
            )

        claim = self.lease.claim
        options = options_of(self.worker.settings, claim, title, known.chosen_s)
        options = replace(options, shows_hand_pick=challenge.is_challenged(claim, known.head))
        with self.worker.decoders.lend(folder) as decoder:
            return pick_thumbnails(
                file,
                options,
                replace(self.worker.models, head=known.head),
                decoder,
                on_progress=lambda stage, _fraction: self._begin(stage),
                better=better if source.stills else None,
                memory=known.memory,
                earlier=known.picks,
            )

    def _limits(self) -> DownloadLimits:
        settings = self.worker.settings
        return DownloadLimits(
            settings.max_download_bytes, settings.download_timeout_s, settings.allow_loopback
        )

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        self._begin(stage)
        start_s = time.monotonic()
        yield
        self.timings_s[stage] = time.monotonic() - start_s

    def _begin(self, stage: str) -> None:
        """Begin a stage, if the lease lets us go on, and note it in the job's row for the operators."""
        self.lease.check()
        if stage == self.stage:
            return
        self.stage = stage
        self.spans.begin(stage)
        # A note is not worth a failed attempt: if the database is away, the lease will end the work in time.
        with suppress(SQLAlchemyError), transaction(self.worker.engine) as session:
            jobs.note_stage(session, self.lease.claim, stage)

    def _note_answer(self) -> None:
        """Note that the platform took our token. As with the stage, that is not worth a failed attempt."""
        claim = self.lease.claim
        with suppress(SQLAlchemyError), transaction(self.worker.engine) as session:
            accounts.note_answer(session, claim.platform, claim.account)

    def _in_transaction(self, change: Callable[[Session], Result]) -> Result:
        """Make a change as soon as the database answers, as long as the job is ours.

        A commit may have been made although its answer was lost; then the job is over, the second try
        raises LeaseLost, and nothing is wrong.
        """
        while True:
            self.lease.check()
            try:
                with transaction(self.worker.engine) as session:
                    return change(session)
            except (OperationalError, InterfaceError) as exc:
                log.warning("the database does not answer: %s", first_line(exc))
                self.worker.leases.stopping.wait(PAUSE_S)


def _check_model(claim: JobClaim, name: str) -> None:
    if claim.model not in {None, name}:
        raise ModelElsewhere(
            f"{claim.model} has to judge, and this worker has {name}; the job waits for a worker that was "
            f"started with MODEL={claim.model}"
        )
