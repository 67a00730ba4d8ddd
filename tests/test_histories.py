"""Random histories of events, workers and failures, against a simple model of the platform.

Whatever is delivered, doubled, late, or stamped by a wrong clock, and whoever dies on the way: once all was
delivered and done, each living asset shows a thumbnail of its newest content, and a deleted one keeps nobody
busy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select, text, update

from tests import rows
from worker import inbox, jobs, publications
from worker.database import transaction
from worker.errors import AssetGone, DownloadFailed, LeaseLost, PlatformUnavailable
from worker.events import Event, EventKind
from worker.models import Asset, Job, JobState, Publication, PublicationState

if TYPE_CHECKING:
    from sqlalchemy import Engine

HISTORIES = 60
STEPS = 40
ASSETS = ("a1", "a2")
SETTINGS = rows.make_settings(quiet_window_s=0.0, max_attempts=5)


@dataclass
class Video:
    """An asset as the platform has it."""

    content: int = 0  #: 0 before it is ready
    is_deleted: bool = False
    shown: str | None = None


@dataclass
class Platform:
    """The truth, and the events it has sent about it."""

    videos: dict[str, Video] = field(default_factory=lambda: {name: Video() for name in ASSETS})
    minute: int = 0
    sent: list[Event] = field(default_factory=list)
    delivered: set[str] = field(default_factory=set)

    def send(self, kind: EventKind, asset_id: str, skew_min: int = 0) -> None:
        """Something happened; its event will be delivered some time."""
        self.minute += 1
        self.sent.append(
            rows.event(
                kind, minute=self.minute + skew_min, asset_id=asset_id, delivery_id=f"d{len(self.sent)}"
            )
        )


class Histories(RuleBasedStateMachine):
    """One history."""

    engine: Engine  # of the test

    @initialize()
    def start(self) -> None:
        """Begin with empty tables."""
        with self.engine.begin() as connection:
            connection.execute(text("TRUNCATE assets, webhook_events RESTART IDENTITY CASCADE"))
        self.platform = Platform()
        self.jobs: list[tuple[jobs.Claim, int]] = []  # with the content that the worker saw
        self.writes: list[publications.Claim] = []

    @rule(
        name=st.sampled_from(ASSETS),
        what=st.sampled_from(["content", "content", "content", "else", "deleted"]),
        is_edit=st.booleans(),
        skew_min=st.sampled_from([0, -60, 60]),
        is_delivered=st.booleans(),
    )
    def happen(self, name: str, what: str, is_edit: bool, skew_min: int, is_delivered: bool) -> None:
        """Something happens to an asset; an edit is told by an editor, whose clock may be wrong."""
        video = self.platform.videos[name]
        if what == "else":
            self.platform.send(EventKind.UPDATED, name)
        elif what == "deleted" and not video.is_deleted:
            video.is_deleted = True
            self.platform.send(EventKind.DELETED, name)
        else:
            is_edit = is_edit and video.content > 0 and not video.is_deleted
            video.content, video.is_deleted = video.content + 1, False
            self.platform.send(EventKind.EDITED if is_edit else EventKind.READY, name, skew_min * is_edit)
        if is_delivered:
            self._deliver(self.platform.sent[-1])

    @precondition(lambda self: self.platform.sent)
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        """Any event, once more or for the first time, in any order."""
        self._deliver(data.draw(st.sampled_from(self.platform.sent)))

    @rule(
        data=st.data(),
        ending=st.sampled_from(["complete", "complete", "complete", "fail", "give back", "die", "freeze"]),
        is_later=st.booleans(),
    )
    def work(self, data: st.DataObject, ending: str, is_later: bool) -> None:
        """A worker takes the next job and asks the platform; some job ends, now or later, in some way."""
        if claim := rows.claim_next(self.engine):
            self.jobs.append((claim, self.platform.videos[claim.external_id].content))
        if not self.jobs or is_later:
            return
        claim, content = data.draw(st.sampled_from(self.jobs))
        if ending in {"die", "freeze"}:
            self._expire(Job, claim.job_id)
        if ending != "freeze":  # who froze comes back after the lease is lost
            self.jobs.remove((claim, content))
        if ending not in {"die", "freeze"}:
            self._end(claim, content, ending)

    @rule(
        data=st.data(), ending=st.sampled_from(["confirm", "confirm", "fail", "give back", "die", "freeze"])
    )
    def publish(self, data: st.DataObject, ending: str) -> None:
        """A write is claimed; some write ends in some way."""
        if claim := self._claim_write():
            self.writes.append(claim)
        if not self.writes:
            return
        claim = data.draw(st.sampled_from(self.writes))
        if ending in {"die", "freeze"}:
            self._expire(Publication, claim.publication_id)
        if ending != "freeze":
            self.writes.remove(claim)
        if ending not in {"die", "freeze"}:
            self._end_write(claim, ending)

    @invariant()
    def no_asset_is_worked_on_twice(self) -> None:
        """The indexes promise it; and nothing is published that was never asked for."""
        with transaction(self.engine) as session:
            active = session.execute(
                select(Job.asset_id, Job.state == JobState.RUNNING)
                .where(Job.state.in_(["scheduled", "available", "retryable", "running"]))
                .order_by(Job.id)
            ).all()
            assert len(active) == len(set(active))
            assert not session.scalars(select(Job.id).where(Job.attempt > Job.max_attempts)).all()

    def teardown(self) -> None:
        """Deliver and do everything that is left, then compare with the platform."""
        if not hasattr(self, "platform"):
            return
        for event in [
            event for event in self.platform.sent if event.delivery_id not in self.platform.delivered
        ]:
            self._deliver(event)
        self._expire(Job)
        self._expire(Publication)
        while self._work():
            pass
        self._compare()

    def _compare(self) -> None:
        for name, video in self.platform.videos.items():
            with transaction(self.engine) as session:
                asset = session.scalar(select(Asset).where(Asset.external_id == name))
                if asset is None:
                    assert video.content == 0 or video.is_deleted
                    continue
                active = session.scalars(
                    select(Job.state).where(
                        Job.asset_id == asset.id, Job.state.in_(["scheduled", "available", "running"])
                    )
                ).all()
            assert active == []
            if video.is_deleted or video.content == 0:
                continue
            assert asset.deleted_at is None
            assert asset.fingerprint == f"content {video.content}"
            assert asset.published_generation == asset.generation
            assert video.shown == f"content {video.content}"

    def _deliver(self, event: Event) -> None:
        with transaction(self.engine) as session:
            inbox.record(session, [event], SETTINGS)
        self.platform.delivered.add(event.delivery_id)

    def _work(self) -> bool:
        """Do one thing that is to be done; False where there is none."""
        with transaction(self.engine) as session:
            session.execute(update(Job).values(scheduled_at=func.now() - timedelta(hours=1), hinted_at=None))
            session.execute(
                update(Publication).values(scheduled_at=func.now() - timedelta(hours=1), hinted_at=None)
            )
            if jobs.take_over(session, "test") or publications.take_over(session):
                return True
        if claim := rows.claim_next(self.engine):
            self._end(claim, self.platform.videos[claim.external_id].content, "complete")
            return True
        if write := self._claim_write():
            self._end_write(write, "confirm")
            return True
        return False

    def _end(self, claim: jobs.Claim, content: int, ending: str) -> None:
        video, fingerprint = self.platform.videos[claim.external_id], f"content {content}"
        try:
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
                    jobs.complete(session, claim, rows.result(fingerprint, time_s=float(content)))
        except LeaseLost:
            pass

    def _claim_write(self) -> publications.Claim | None:
        with transaction(self.engine) as session:
            hints = publications.announce(session, rehint_s=0.0)
        if not hints:
            return None
        with transaction(self.engine) as session:
            return publications.claim(session, hints[0].id, "test:1:publish", 30.0)

    def _end_write(self, claim: publications.Claim, ending: str) -> None:
        try:
            with transaction(self.engine) as session:
                if ending == "give back":
                    publications.give_back(session, claim)
                elif ending == "fail":
                    publications.fail(session, claim, PlatformUnavailable("down"))
                else:
                    publications.confirm(session, claim, f"content {claim.time_s:.0f}")
                    self.platform.videos[claim.external_id].shown = f"content {claim.time_s:.0f}"
        except LeaseLost:
            pass

    def _expire(self, table: type[Job | Publication], row_id: int | None = None) -> None:
        state = JobState.RUNNING if table is Job else PublicationState.SENDING
        condition = [table.state == state] + ([table.id == row_id] if row_id else [])
        with transaction(self.engine) as session:
            session.execute(
                update(table).where(*condition).values(lease_until=func.now() - timedelta(hours=1))
            )
            while jobs.take_over(session, "test") or publications.take_over(session):
                pass


def test_every_history_ends_with_the_newest_thumbnail(engine: Engine) -> None:
    """Hypothesis looks for one that does not."""
    machine = type("Machine", (Histories,), {"engine": engine})

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=HISTORIES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
