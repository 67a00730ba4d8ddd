"""The service on a real database, made to do one thing after another."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from tests.support.service import builders
from worker import choices, jobs, publications
from worker.database import transaction
from worker.database.models import Asset, Job, Publication
from worker.database.states import JobState, PublicationState
from worker.errors import AssetGone, DownloadFailed, LeaseLost, Overtaken, PlatformUnavailable
from worker.inbox import record

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from tests.support.service.history_model import ModelPlatform
    from worker.platforms.event import Event

SETTINGS = builders.make_settings(debounce_s=0.0, max_attempts=5)


@dataclass
class ModelService:
    """Does what it is told, and tells the model what came of it."""

    engine: Engine
    platform: ModelPlatform

    def deliver(self, event: Event) -> None:
        """Tell the service of an event."""
        with transaction(self.engine) as session:
            record.record(session, [event], SETTINGS)
        self.platform.delivered.add(event.delivery_id)

    def work(self) -> bool:
        """Do one thing that is to be done; False where there is none."""
        with transaction(self.engine) as session:
            session.execute(update(Job).values(scheduled_at=func.now() - timedelta(hours=1), hinted_at=None))
            session.execute(
                update(Publication).values(scheduled_at=func.now() - timedelta(hours=1), hinted_at=None)
            )
            if jobs.take_over(session, "test") or publications.take_over(session):
                return True
        if claim := builders.claim_next(self.engine):
            self.end(claim, self.platform.videos[claim.external_id].content, "complete")
            return True
        if write := self.claim_write():
            self.end_write(write, "confirm")
            return True
        return False

    def end(self, claim: jobs.JobClaim, content: int, ending: str) -> None:
        """End a job in some way, by a worker that saw this content."""
        with suppress(LeaseLost):
            try:
                self._end(claim, content, ending)
            except Overtaken as overtaken:  # as the worker does
                with transaction(self.engine) as session:
                    jobs.fail(session, claim, overtaken)

    def _end(self, claim: jobs.JobClaim, content: int, ending: str) -> None:
        video, fingerprint = self.platform.videos[claim.external_id], f"content {content}"
        with transaction(self.engine) as session:
            if ending == "give back":
                jobs.give_back(session, claim)
            elif ending == "fail":
                jobs.fail(session, claim, DownloadFailed("broke off"))
            elif video.is_deleted or content == 0:
                jobs.fail(session, claim, AssetGone("no such asset"))
            elif fingerprint == claim.known_fingerprint and not claim.is_forced:
                jobs.complete_unchanged(session, claim, video.shown)
            else:
                is_news = claim.known_fingerprint is not None and not claim.is_forced
                claim = jobs.content_changed(session, claim) if is_news else claim
                self._complete(session, claim, content)

    def _complete(self, session: Session, claim: jobs.JobClaim, content: int) -> None:
        """Store a run; what an edit told is believed only if the pictures bear it out, as in a real run."""
        video, fingerprint = self.platform.videos[claim.external_id], f"content {content}"
        known = jobs.earlier_candidates(session, claim, fingerprint)
        timeline = known[0] if known and known[0] == video.became(content) else None
        length_s = video.contents[content - 1].duration_s
        found = builders.result(fingerprint, time_s=float(content))
        found = replace(found, timeline=timeline, duration_s=length_s)
        # As it is by now: the claim may be from before another run, or a delete.
        was = session.get_one(Asset, claim.asset_id, populate_existing=True).fingerprint
        if jobs.complete(session, claim, found) is JobState.COMPLETED:
            video.look(content, timeline, is_other=was != fingerprint)

    def claim_write(self) -> publications.PublicationClaim | None:
        """Claim the next write; None where none is due."""
        with transaction(self.engine) as session:
            hints = publications.announce(session, rehint_s=0.0)
        if not hints:
            return None
        with transaction(self.engine) as session:
            return publications.claim(session, hints[0].id, "test:1:publish", 30.0)

    def end_write(self, claim: publications.PublicationClaim, ending: str) -> None:
        """End a write in some way."""
        try:
            with transaction(self.engine) as session:
                if ending == "give back":
                    publications.give_back(session, claim)
                elif ending == "fail":
                    publications.fail(session, claim, PlatformUnavailable("down"))
                else:
                    self._write(session, claim)
        except LeaseLost:
            pass

    def _write(self, session: Session, claim: publications.PublicationClaim) -> None:
        """Write to the platform; as long as a choice stands, nothing else."""
        video = self.platform.videos[claim.external_id]
        try:
            publications.begin_write(session, claim)
        except Overtaken as overtaken:
            publications.fail(session, claim, overtaken)
            return
        assert video.stands is None or claim.time_s == video.stands.time_s
        publications.confirm(session, claim, str(claim.time_s))
        video.shown = str(claim.time_s)

    def expire(self, table: type[Job | Publication], row_id: int | None = None) -> None:
        """Let one lease run out, or every one, and take over what it held."""
        state = JobState.RUNNING if table is Job else PublicationState.SENDING
        condition = [table.state == state] + ([table.id == row_id] if row_id else [])
        with transaction(self.engine) as session:
            session.execute(
                update(table).where(*condition).values(lease_until=func.now() - timedelta(hours=1))
            )
            while jobs.take_over(session, "test") or publications.take_over(session):
                pass

    def choice(self, asset: Asset) -> tuple[float | None, bool] | None:
        """Find the open choice: its moment, and whether it is lost."""
        with transaction(self.engine) as session:
            choice = choices.open_choice(session, asset)
            return None if choice is None else (choice.time_s, choice.lost_at is not None)

    def locked(self, session: Session, name: str) -> Asset | None:
        """Find an asset by its name, and lock it."""
        return session.scalar(select(Asset).where(Asset.external_id == name).with_for_update())
