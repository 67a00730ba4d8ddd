"""Workers of the simulated day: they claim, renew, fail and end rows by the product's own code.

What a worker does between its transactions is a stand-in: it takes as long as was measured (`stand_ins`), and
a few videos, writes and workers fail as they do.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections import defaultdict
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.benchmarks.million.day import stand_ins
from worker import accounts, jobs, publications
from worker.database import transaction
from worker.errors import (
    AssetGone,
    DownloadFailed,
    LeaseLost,
    Overtaken,
    PlatformUnavailable,
    UnreadableVideo,
)
from worker.queue.leases import RENEWALS_PER_LEASE

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from tests.benchmarks.million.day.events import Agenda
    from worker.queue.hints import Hint
    from worker.settings import Settings

DOWNLOAD_FAILS = 0.02  #: of attempts
UNREADABLE = 0.003
WRITE_FAILS = 0.03
WORKER_DIES = 0.0005  #: of attempts: its lease runs out, and the dispatcher gives the job to another
SLOTS_OF_PROCESS = 2  #: ANALYZE_CONCURRENCY by default
WRITES_OF_PROCESS = 8


class Fleet(ABC):
    """Slots of one kind of worker. Hints wait in front of them, the most urgent first."""

    kind: str
    slots_of_process: int

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        agenda: Agenda,
        slots: int,
        seed: int,
        wake: Callable[[], None],
    ) -> None:
        self.engine, self.settings, self.agenda, self.wake = engine, settings, agenda, wake
        self.chance = random.Random(seed)  # noqa: S311 - no secret
        self.lags_s: list[tuple[float, float]] = []  #: when a row was claimed, and how long it had been due
        self.busy_s = 0.0  #: of all slots
        self._waiting: list[Hint] = []
        self._free = list(range(slots))
        self._held: dict[int, dict[int, Any]] = defaultdict(dict)  #: by process and slot

    def take(self, hint: Hint) -> None:
        """Take a hint from the broker; a free slot follows it at once."""
        self._waiting.append(hint)
        self.agenda.after(0.0, self._follow)

    @abstractmethod
    def claim(self, session: Session, row_id: int, owner: str) -> Any:
        """Claim a row; None where it is not to be taken."""

    @abstractmethod
    def renew(self, session: Session, claims: list[Any]) -> None:
        """Renew the leases of a process."""

    @abstractmethod
    def begin(self, slot: int, claim: Any) -> None:
        """Begin the work on a claimed row."""

    def end(self, slot: int, change: Callable[[Session], object]) -> None:
        """End a claim by a change of its rows, and let the slot take the next hint."""
        with suppress(LeaseLost):
            self.do(f"{self.kind}: end", change)
        self.release(slot)
        self.wake()

    def release(self, slot: int) -> None:
        """Let a slot take the next hint."""
        self._held[slot // self.slots_of_process].pop(slot, None)
        self._free.append(slot)
        self.agenda.after(0.0, self._follow)

    def do(self, kind: str, change: Callable[[Session], object]) -> None:
        """Make a change in a transaction, and note what it took."""

        def act() -> None:
            with transaction(self.engine) as session:
                change(session)

        self.agenda.timed(kind, act)

    def _follow(self) -> None:
        while self._waiting and self._free:
            hint = self._waiting.pop(min(range(len(self._waiting)), key=lambda n: self._waiting[n].priority))
            self._start(hint)

    def _start(self, hint: Hint) -> None:
        slot, found = self._free.pop(), list[Any]()
        process = slot // self.slots_of_process
        owner = f"host:{process}:{self.kind}"
        self.do(f"{self.kind}: claim", lambda session: found.append(self.claim(session, hint.id, owner)))
        if found[0] is None:
            self._free.append(slot)
            return
        if not self._held[process]:
            self.agenda.after(self.settings.lease_s / RENEWALS_PER_LEASE, partial(self._renew, process))
        self._held[process][slot] = found[0]
        self.begin(slot, found[0])

    def _renew(self, process: int) -> None:
        if claims := list(self._held[process].values()):
            self.do(f"{self.kind}: renew", lambda session: self.renew(session, claims))
            self.agenda.after(self.settings.lease_s / RENEWALS_PER_LEASE, partial(self._renew, process))


class Analyzers(Fleet):
    """Look at videos."""

    kind, slots_of_process = "analyze", SLOTS_OF_PROCESS
    in_bucket = False  #: whether pictures are kept out of the rows

    def claim(self, session: Session, row_id: int, owner: str) -> jobs.JobClaim | None:
        """Claim a job."""
        claim = jobs.claim(session, row_id, owner, self.settings.lease_s, self.settings.jobs_per_account)
        if claim:
            due_at = session.get_one(jobs.ROWS._table, row_id).scheduled_at  # noqa: SLF001 - which the claim has read
            now = self.agenda.clock.now
            self.lags_s.append((self.agenda.clock.now_s, (now - due_at).total_seconds()))
        return claim

    def renew(self, session: Session, claims: list[jobs.JobClaim]) -> None:
        """Renew the leases of a process."""
        jobs.renew(session, claims, self.settings.lease_s)

    def begin(self, slot: int, claim: jobs.JobClaim) -> None:
        """Go through the stages of a job, as long as each takes."""
        if self.chance.random() < WORKER_DIES:
            self.agenda.after(2 * self.settings.lease_s, partial(self.release, slot))
            self._held[slot // self.slots_of_process].pop(slot)
            return
        cost = stand_ins.cost_of(self.chance)
        self._note_stage(claim, "metadata")
        self.do("analyze: stage", lambda s: accounts.note_answer(s, claim.platform, claim.account))
        if claim.known_fingerprint is not None and not claim.is_forced:
            # Its own write made the platform send an event, and nothing has changed.
            self._after(
                slot,
                stand_ins.PLATFORM_CALL_S,
                lambda session: jobs.complete_unchanged(session, claim, f"shown-{claim.asset_id}"),
            )
            return
        passed_s = 0.0
        for stage, seconds in stand_ins.stages_s(cost).items():
            if stage != "metadata":
                self.agenda.after(passed_s, partial(self._note_stage, claim, stage))
            passed_s += seconds
        if (drawn := self.chance.random()) < DOWNLOAD_FAILS:
            error = DownloadFailed("the connection was cut")
            self._after(slot, 1.0, lambda session: jobs.fail(session, claim, error))
        elif drawn < DOWNLOAD_FAILS + UNREADABLE:
            broken = UnreadableVideo("no frame can be decoded")
            self._after(slot, 1.0, lambda session: jobs.fail(session, claim, broken))
        else:
            result = partial(stand_ins.result, cost, self.chance, in_bucket=self.in_bucket)
            self._after(slot, passed_s, lambda session: jobs.complete(session, claim, result()))

    def _after(self, slot: int, seconds: float, change: Callable[[Session], object]) -> None:
        self.busy_s += seconds
        self.agenda.after(seconds, partial(self.end, slot, change))

    def _note_stage(self, claim: jobs.JobClaim, stage: str) -> None:
        self.do("analyze: stage", lambda session: jobs.note_stage(session, claim, stage))


class Publishers(Fleet):
    """Write thumbnails to the platform, which tells of it by an event."""

    kind, slots_of_process = "publish", WRITES_OF_PROCESS
    down: frozenset[str] = frozenset()  #: accounts whose platform is away
    on_written: Callable[[publications.PublicationClaim], None]

    def claim(self, session: Session, row_id: int, owner: str) -> publications.PublicationClaim | None:
        """Claim a write."""
        limit = self.settings.writes_per_account
        claim = publications.claim(session, row_id, owner, self.settings.lease_s, limit)
        if claim:
            publications.Marks.read(session, claim)
        return claim

    def renew(self, session: Session, claims: list[publications.PublicationClaim]) -> None:
        """Renew the leases of a process."""
        publications.renew(session, claims, self.settings.lease_s)

    def begin(self, slot: int, claim: publications.PublicationClaim) -> None:
        """Ask the platform what it shows, then write."""
        self.busy_s += 2 * stand_ins.PLATFORM_CALL_S
        self.agenda.after(stand_ins.PLATFORM_CALL_S, partial(self._write, slot, claim))

    def _write(self, slot: int, claim: publications.PublicationClaim) -> None:
        names = (claim.platform, claim.account)
        if claim.account in self.down or self.chance.random() < WRITE_FAILS:
            self._fail(slot, claim, PlatformUnavailable("502 from the platform"))
            return
        self.do("publish: note", lambda session: accounts.note_answer(session, *names))
        try:
            self.do("publish: note", lambda session: publications.begin_write(session, claim))
        except Overtaken as exc:
            self._fail(slot, claim, exc)
        except LeaseLost:
            self.release(slot)
        else:
            self.agenda.after(stand_ins.PLATFORM_CALL_S, partial(self._confirm, slot, claim))

    def _confirm(self, slot: int, claim: publications.PublicationClaim) -> None:
        names = (claim.platform, claim.account)
        self.do("publish: note", lambda session: accounts.note_answer(session, *names, to_write=True))
        self.end(slot, lambda session: publications.confirm(session, claim, f"shown-{claim.asset_id}"))
        self.on_written(claim)

    def _fail(self, slot: int, claim: publications.PublicationClaim, error: Exception) -> None:
        is_refused = isinstance(error, AssetGone)
        self.end(slot, lambda session: publications.fail(session, claim, error, is_refused=is_refused))
