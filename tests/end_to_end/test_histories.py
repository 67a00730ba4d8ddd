"""Random histories of events, workers and failures, against a simple model of the platform.

Whatever is delivered, doubled, late, or stamped by a wrong clock, and whoever dies on the way: once all was
delivered and done, each living asset shows a thumbnail of its newest content, and a deleted one keeps nobody
busy. What a person chose is shown until they release it, wherever edits took its moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
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
from sqlalchemy import select, text

from tests.support.service import builders
from tests.support.service.history_model import ASSETS, LENGTH_S, ModelChoice, ModelPlatform
from tests.support.service.history_service import SETTINGS, ModelService
from worker import choices, jobs, publications
from worker.choices import ChoiceRefused, ChoiceRequest
from worker.database import transaction
from worker.database.models import Asset, Job, Publication
from worker.database.states import JobState
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from sqlalchemy import Engine


STEPS = 40
# No pick lies at such a moment, wherever edits take it: those are whole seconds.
MOMENTS_S = (30.25, 90.25, 150.25, 190.25)


class Histories(RuleBasedStateMachine):
    """One history."""

    engine: Engine  # of the test

    @initialize()
    def start(self) -> None:
        """Begin with empty tables."""
        with self.engine.begin() as connection:
            tables = "assets, events, deliveries, job_log, candidates"
            connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
        self.platform = ModelPlatform()
        self.service = ModelService(self.engine, self.platform)
        self.jobs: list[tuple[jobs.JobClaim, int]] = []  # with the content that the worker saw
        self.writes: list[publications.PublicationClaim] = []

    @rule(
        name=st.sampled_from(ASSETS),
        what=st.sampled_from(["content", "content", "content", "else", "deleted"]),
        edit=st.sampled_from(["", "", "replaced", "head off", "tail off"]),
        skew_min=st.sampled_from([0, -60, 60]),
        is_delivered=st.booleans(),
    )
    def happen(self, name: str, what: str, edit: str, skew_min: int, is_delivered: bool) -> None:
        """Something happens to an asset; an edit is told by an editor, whose clock may be wrong."""
        video = self.platform.videos[name]
        if what == "else":
            self.platform.send(EventKind.UPDATED, name)
        elif what == "deleted" and not video.is_deleted:
            video.is_deleted = True
            self.platform.send(EventKind.DELETED, name)
        else:
            is_edit = edit != "" and video.content > 0 and not video.is_deleted
            change = video.change(edit or "replaced").edit
            kind = EventKind.EDITED if is_edit else EventKind.READY
            self.platform.send(kind, name, skew_min * is_edit, change)
        if is_delivered:
            self.service.deliver(self.platform.sent[-1])

    @precondition(lambda self: self.platform.sent)
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        """Any event, once more or for the first time, in any order."""
        self.service.deliver(data.draw(st.sampled_from(self.platform.sent)))

    @rule(
        data=st.data(),
        ending=st.sampled_from(["complete", "complete", "complete", "fail", "give back", "die", "freeze"]),
        is_later=st.booleans(),
    )
    def work(self, data: st.DataObject, ending: str, is_later: bool) -> None:
        """A worker takes the next job and asks the platform; some job ends, now or later, in some way."""
        if claim := builders.claim_next(self.engine):
            self.jobs.append((claim, self.platform.videos[claim.external_id].content))
        if not self.jobs or is_later:
            return
        claim, content = data.draw(st.sampled_from(self.jobs))
        if ending in {"die", "freeze"}:
            self.service.expire(Job, claim.row_id)
        if ending != "freeze":  # who froze comes back after the lease is lost
            self.jobs.remove((claim, content))
        if ending not in {"die", "freeze"}:
            self.service.end(claim, content, ending)

    @rule(
        data=st.data(), ending=st.sampled_from(["confirm", "confirm", "fail", "give back", "die", "freeze"])
    )
    def publish(self, data: st.DataObject, ending: str) -> None:
        """A write is claimed; some write ends in some way."""
        if claim := self.service.claim_write():
            self.writes.append(claim)
        if not self.writes:
            return
        claim = data.draw(st.sampled_from(self.writes))
        if ending in {"die", "freeze"}:
            self.service.expire(Publication, claim.row_id)
        if ending != "freeze":
            self.writes.remove(claim)
        if ending not in {"die", "freeze"}:
            self.service.end_write(claim, ending)

    @rule(name=st.sampled_from(ASSETS), time_s=st.sampled_from(MOMENTS_S))
    def choose(self, name: str, time_s: float) -> None:
        """A person chooses a moment; one that the video does not have is refused."""
        video = self.platform.videos[name]
        length_s = video.contents[video.looked_at - 1].duration_s if video.looked_at else LENGTH_S
        with transaction(self.engine) as session:
            asset = self.service.locked(session, name)
            if asset is None or asset.deleted_at:
                return
            try:
                choices.choose(session, asset, ChoiceRequest(time_s=time_s), "ada", "")
            except ChoiceRefused:
                assert time_s >= length_s
                return
        assert time_s < length_s
        video.choice = ModelChoice(time_s)

    @rule(name=st.sampled_from(ASSETS))
    def release(self, name: str) -> None:
        """A person wants the best pick again."""
        video = self.platform.videos[name]
        with transaction(self.engine) as session:
            asset = self.service.locked(session, name)
            released = None if asset is None else choices.release(session, asset, "bob", "")
        assert (released is None) == (video.choice is None)
        video.choice = None

    @rule(name=st.sampled_from(ASSETS))
    def requeue(self, name: str) -> None:
        """An operator wants another run."""
        with transaction(self.engine) as session:
            if asset := self.service.locked(session, name):
                jobs.requeue(session, asset.id, "eve", "", SETTINGS)

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
            self.service.deliver(event)
        self.service.expire(Job)
        self.service.expire(Publication)
        while self.service.work():
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
            assert video.shown == str(video.stands.time_s if video.stands else float(video.content))
            assert self.service.choice(asset) == (
                video.choice and (video.choice.time_s, video.choice.is_lost)
            )


@pytest.mark.parametrize("histories", [10, pytest.param(45, marks=pytest.mark.faults)])
def test_every_history_ends_with_the_newest_thumbnail(engine: Engine, histories: int) -> None:
    """Hypothesis looks for one that does not."""
    machine = type("Machine", (Histories,), {"engine": engine})

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=histories,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
