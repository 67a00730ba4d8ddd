"""A day of videos through the real receiver's code, the real dispatcher and simulated workers."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from tests.benchmarks.million.day import stand_ins
from tests.benchmarks.million.day.arrivals import DAY_S, Told, Video
from tests.benchmarks.million.day.events import Agenda
from tests.benchmarks.million.day.fleet import Analyzers, Publishers
from worker.database import transaction
from worker.database.models import Asset, Job
from worker.database.states import IS_WAITING, JobState
from worker.dispatch import retention, row_counts
from worker.dispatch.dispatcher import Dispatcher
from worker.dispatch.maintenance import EVERY_S
from worker.inbox import record
from worker.platforms.event import Event, EventKind
from worker.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Engine

    from tests.benchmarks.million.day.clock import Clock
    from tests.benchmarks.million.day.fleet import Fleet
    from tests.benchmarks.million.postgres import Database
    from worker.publications import PublicationClaim
    from worker.queue.hints import Hint

#: Between two sweeps of an idle dispatcher. By default it is 5 s, and the nights would be 17,000 rounds.
SWEEP_S = 600.0
#: The account whose platform is away for the first minute of each window.
DOWN, DOWN_S = "account-5", 60.0

_OPEN = text(
    f"SELECT exists(SELECT FROM jobs WHERE {IS_WAITING} OR state = 'running')"  # noqa: S608 - ours
    " OR exists(SELECT FROM publications WHERE state IN ('pending', 'sending'))"
)


class _Broker:
    """Hands hints to the fleets as they come."""

    def __init__(self, fleets: dict[str, Fleet]) -> None:
        self._fleets = fleets

    def send(self, queue: str, hint: Hint) -> None:
        self._fleets[queue].take(hint)

    def is_new(self) -> bool:
        return False

    def mark(self) -> None:
        pass


@dataclass
class Turns:
    """What the dispatcher did."""

    began_s: list[float]  #: of the day
    took_s: list[float]  #: of cores, ours and PostgreSQL's


class Simulation:
    """One day; `run` it once.

    Args:
        database: migrated; goes by the clock.
        clock: of that database.
        slots: of all workers that look at videos.
        writes: the same of those that write.
        in_bucket: whether pictures are kept out of the rows.
    """

    def __init__(self, database: Database, clock: Clock, slots: int, writes: int, *, in_bucket: bool) -> None:
        engine = self.engine = database.engine
        self.agenda = Agenda(clock, database.answering_s)
        self.settings = Settings(sweep_s=SWEEP_S)
        self.analyzers = Analyzers(engine, self.settings, self.agenda, slots, 2, self.wake)
        self.analyzers.in_bucket = in_bucket
        self.publishers = Publishers(engine, self.settings, self.agenda, writes, 3, self.wake)
        self.publishers.on_written = self._tell_of_write
        self.turns = Turns([], [])
        self.events = 0
        broker = _Broker({"analyze": self.analyzers, "publish": self.publishers})
        self._dispatcher = Dispatcher(engine, self.settings, broker, "dispatcher")
        self._is_turning, self._is_woken, self._round = False, False, 0
        self._chance = random.Random(4)  # noqa: S311 - no secret
        self._last_s, self._is_over = 0.0, False

    def run(self, videos: Iterable[Video]) -> None:
        """Let a day pass, and what it left over be finished."""
        previous_s = -DAY_S
        for video in videos:
            if video.came_s - previous_s > EVERY_S:
                self._open_window(video.came_s)
            previous_s = video.came_s
            for told in video.told:
                self.agenda.at(video.came_s + told.after_s, partial(self._receive, video, told))
                self._last_s = max(self._last_s, video.came_s + told.after_s)
        self.agenda.at(0.0, self._turn)
        self.agenda.at(self._last_s + EVERY_S, self._look_whether_over)
        self.agenda.run(lambda: self._is_over)

    def _open_window(self, at_s: float) -> None:
        """Let a platform be away for a while, and maintenance be done twice, as in every minute."""
        for late_s in (0.0, EVERY_S):
            self.agenda.at(at_s + late_s, self._maintain)
        self.agenda.at(at_s, lambda: setattr(self.publishers, "down", frozenset({DOWN})))
        self.agenda.at(at_s + DOWN_S, lambda: setattr(self.publishers, "down", frozenset()))

    def _receive(self, video: Video, told: Told) -> None:
        self._record(
            Event(
                platform="mux",
                account=video.account,
                delivery_id=f"{video.id}-{told.kind}",
                type=f"video.asset.{told.kind}",
                kind=told.kind,
                asset_id=video.id,
                happened_at=self.agenda.clock.begins_at + timedelta(seconds=video.came_s + told.after_s),
                title=f"Title of {video.id}",
                payload=stand_ins.payload(self._chance),
            )
        )

    def _tell_of_write(self, claim: PublicationClaim) -> None:
        """Send what a platform sends after each of our writes: the asset was changed."""
        told = Event(
            platform=claim.platform,
            account=claim.account,
            delivery_id=f"{claim.external_id}-updated-{claim.row_id}",
            type="video.asset.updated",
            kind=EventKind.UPDATED,
            asset_id=claim.external_id,
            happened_at=self.agenda.clock.now,
            payload=stand_ins.payload(self._chance),
        )
        self.agenda.after(stand_ins.PLATFORM_CALL_S, partial(self._record, told))

    def _record(self, event: Event) -> None:
        self.events += 1

        def act() -> None:
            with transaction(self.engine) as session:
                record.record(session, [event], self.settings)

        self.agenda.timed("receive", act)
        self.wake()

    def wake(self) -> None:
        """Let the dispatcher do a round, as a notification does; one does for all that came during one."""
        self._is_woken = True
        if not self._is_turning:
            self._is_turning = True
            self.agenda.after(0.0, self._turn)

    def _turn(self) -> None:
        """Do one round. The dispatcher is busy for as long as it really took."""
        self._is_turning, self._is_woken = True, False
        self._round += 1
        waits_s: list[float] = []
        spent = self.agenda.timed("dispatch: turn", lambda: waits_s.append(self._dispatcher.run_once()))
        self.turns.began_s.append(self.agenda.clock.now_s)
        self.turns.took_s.append(spent.seconds)
        self.agenda.after(spent.seconds, partial(self._rest, waits_s[0]))

    def _rest(self, wait_s: float) -> None:
        if self._is_woken:
            self._turn()
            return
        self._is_turning = False
        number = self._round
        self.agenda.after(
            wait_s, lambda: self._turn() if number == self._round and not self._is_turning else None
        )

    def _maintain(self) -> None:
        def count() -> None:
            with transaction(self.engine) as session:
                row_counts.count(session, self.settings)

        self.agenda.timed("maintenance: count", count)
        self.agenda.timed("maintenance: prune", lambda: retention.prune(self.engine, self.settings, 1.0))

    def _look_whether_over(self) -> None:
        with transaction(self.engine) as session:
            self._is_over = not session.scalar(_OPEN)
        if not self._is_over:
            self.agenda.after(EVERY_S, self._look_whether_over)


def ends(engine: Engine) -> dict[str, int]:
    """Count how the videos of the simulation ended; nothing may be left over.

    Returns:
        How many are published, deleted, given up, not usable, and `lost`: none of these.
    """
    newest = select(Job.state).where(Job.asset_id == Asset.id).order_by(Job.id.desc()).limit(1)
    columns = (Asset.generation, Asset.published_generation, Asset.deleted_at)
    found = dict.fromkeys(("published", "deleted", "given up", "unusable", "lost"), 0)
    with transaction(engine) as session:
        rows = select(*columns, newest.correlate(Asset).scalar_subquery()).where(
            Asset.external_id.like("video-%")
        )
        for generation, published, deleted_at, state in session.execute(rows):
            found[_end(generation, published, deleted_at is not None, state)] += 1
    return found


def _end(generation: int, published: int, is_deleted: bool, state: str | None) -> str:
    if is_deleted:
        return "deleted"
    if generation and generation == published:
        return "published"
    if state == JobState.DISCARDED:
        return "given up"
    return "unusable" if generation == 0 and state is None else "lost"
