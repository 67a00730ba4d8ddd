"""One attempt at a job: what the platform says of the video, its file, the picks, and their rows.

The event that made the job was only a reason to look: what counts is what the platform says now. No
transaction is open while work is done.
"""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from worker import accounts, jobs, metrics, tracing
from worker.analysis import challenge
from worker.analysis.judge import judge_of
from worker.analysis.options import options_of
from worker.analysis.recall import read_rows, recall
from worker.analysis.rows import result_of
from worker.analysis.title import subject_of
from worker.database import transaction
from worker.database.states import JobState
from worker.download.fetch import DownloadLimits, fetch_moments, fetch_video, workspace
from worker.errors import BucketUnavailable, ModelElsewhere, first_line
from worker.http.deadline import Deadline
from worker.pipeline.judging.looking import UNDECODED, UNKNOWN
from worker.pipeline.pick import pick_thumbnails
from worker.storage import removals
from worker.storage.uploads import BucketUpload
from worker.text import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sqlalchemy.orm import Session

    from worker.analysis.analyzer import Analyzer
    from worker.analysis.recall import Known
    from worker.files.video_file import VideoFile
    from worker.jobs import JobClaim
    from worker.pipeline.frames import Run
    from worker.platforms.base import Source
    from worker.queue.leases import Lease

log = logging.getLogger(__name__)

Result = TypeVar("Result")

# How long to wait before storing a result again, when the database did not answer.
PAUSE_S = 1.0


@dataclass
class Attempt:
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
        with workspace(settings.work_dir) as folder, ExitStack() as files:
            metrics.note_free_space("work", folder)
            with self._timed("download"):
                file = fetch_video(source.scan, folder, self._limits(), self.lease.check)
                files.callback(file.close)
            rows = self._in_transaction(
                lambda session: read_rows(session, self.lease.claim, asset.fingerprint, self.worker)
            )
            known = recall(rows, self.worker.models.scorer, self.worker.pictures)
            title = subject_of(asset.title) or subject_of(claim.title)
            run = self._pick(file, source, folder, files, title, known)
            if file.pages is not None:
                self.timings_s["pages"] = file.pages.busy_s()
        for stage, seconds in (self.timings_s | dict(run.timings_s)).items():
            metrics.JOB_DURATION_SECONDS.labels(stage).observe(seconds)
        may_publish_flagged = settings.publish_flagged
        if run.unjudged in {UNDECODED, UNKNOWN}:  # all else is counted by the judge
            metrics.JUDGE_VERDICTS.labels(run.unjudged).inc()
        result = result_of(
            run,
            asset,
            self.timings_s,
            known.timeline,
            known.chosen_s,
            may_publish_flagged=may_publish_flagged,
        )
        result = self._put_apart(result)
        best, chosen_s = clock(result.publish.time_s), known.chosen_s
        self.found = f"{best} picked" if chosen_s is None else f"{clock(chosen_s)}, which a person chose"
        return self._in_transaction(lambda session: self._complete(session, run, result, known))

    def _put_apart(self, result: jobs.Result) -> jobs.Result:
        """Put the pictures into the bucket, if there is one; where it is away, all stay in the rows."""
        claim, bucket = self.lease.claim, self.worker.pictures.bucket
        if bucket is None or not bucket.takes_pictures:
            return result
        today = datetime.now(UTC).date()
        upload = BucketUpload.of(
            claim.asset_id, claim.generation, today, result.thumbnails, result.candidates
        )
        self._in_transaction(lambda session: removals.note(session, upload.keys, removals.UPLOAD))
        try:
            with Deadline(should_stop=self.lease.check):
                upload.put(bucket)
        except BucketUnavailable as exc:
            log.warning("the pictures stay in the database for now: %s", exc)
            return result
        upload.point()
        return replace(result, objects=upload.keys)

    def _complete(self, session: Session, run: Run, result: jobs.Result, known: Known) -> JobState:
        claim = self.lease.claim
        state = jobs.complete(session, claim, result)
        if state is JobState.COMPLETED and challenge.is_challenged(claim, known.tested_head):
            challenge.start_challenge(session, claim, result, run.hand_rank, self.worker.settings)
        return state

    def _pick(
        self, file: VideoFile, source: Source, folder: Path, files: ExitStack, title: str, known: Known
    ) -> Run:
        def better(times_s: Sequence[float]) -> VideoFile:
            self._begin("download")
            found = fetch_moments(
                source.stills or source.scan, times_s, folder, self._limits(), self.lease.check
            )
            files.callback(found.close)
            return found

        claim, worker = self.lease.claim, self.worker
        options = options_of(worker.settings, claim, title, known.chosen_s)
        options = replace(options, shows_hand_pick=challenge.is_challenged(claim, known.tested_head))
        check = self.lease.check
        judge = judge_of(
            worker.settings, worker.engine, worker.judge_connection, claim.asset_id, known.say, check
        )
        with worker.decoders.lend(folder) as decoder:
            return pick_thumbnails(
                file,
                options,
                replace(worker.models, head=known.head, judge=judge),
                decoder,
                on_progress=lambda stage, _fraction: self._begin(stage),
                # Pieces may not hold the moment that a person chose.
                better=better if source.stills or file.is_sparse else None,
                memory=known.memory,
                earlier=known.picks,
            )

    def _limits(self) -> DownloadLimits:
        settings = self.worker.settings
        return DownloadLimits(
            settings.max_download_bytes,
            settings.download_timeout_s,
            settings.allow_loopback,
            # Where a host cannot serve pieces of one and the same file, the next attempt takes it whole.
            in_pages=self.lease.claim.attempt <= 1,
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
