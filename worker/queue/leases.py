"""The leases of the rows that this process works on, jobs or publications: renewed, and watched.

Work asks its lease often whether to go on, at least once in each stage and many times a second while a
video is decoded. Two threads look after all leases: one renews them in the database, the other, which waits
for nothing, ends the process if work stops asking: then a call into the model or a library hangs, and no
thread can be stopped from outside. The leases run out, and other workers take over.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from worker.database import transaction
from worker.errors import JobTimedOut, LeaseLost, Overtaken, Stopping, first_line
from worker.queue.leased_rows import Claim
from worker.queue.watchdog import end_process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

RENEWALS_PER_LEASE = 3  #: so that one may fail


ClaimT = TypeVar("ClaimT", bound=Claim)


@dataclass(frozen=True, slots=True)
class SilenceLimits:
    """How long work may be silent before its process is ended."""

    #: No call of ours takes so long: exchanges with platforms end after 30 s, and the slowest batch of the
    #: largest model on a CPU takes half a minute.
    silence_s: float = 300.0
    #: While the process stops. It is to be gone before an orchestrator kills it (Kubernetes after 30 s).
    stop_s: float = 25.0
    watch_s: float = 1.0  #: between two looks at the leases


class Lease(Generic[ClaimT]):
    """The right to work on one row. Its `check` says when to stop."""

    def __init__(self, claim: ClaimT, lease_s: float, timeout_s: float, stopping: threading.Event) -> None:
        self.claim = claim
        self.heard_s = time.monotonic()  #: when the work last asked
        self._ends_s = self.heard_s + lease_s
        self._times_out_s = self.heard_s + timeout_s
        self._timeout_s = timeout_s
        self._stopping = stopping
        self._is_lost = False
        self._is_overtaken = False

    def check(self) -> None:
        """Let the work go on, or stop it by an error; to be called often, see `SilenceLimits`.

        Raises:
            Stopping: this process is to end.
            LeaseLost: another worker has the row, or may have it.
            Overtaken: something newer, or the asset's deletion, makes the work useless.
            JobTimedOut: the attempt took too long.
        """
        self.heard_s = time.monotonic()
        if self._stopping.is_set():
            raise Stopping("this worker is stopping")
        if self._is_lost:
            raise LeaseLost("another worker took it over, or somebody cancelled it")
        if self.heard_s >= self._ends_s:
            raise LeaseLost("the lease could not be renewed: the database did not answer")
        if self._is_overtaken:
            raise Overtaken("something newer makes this useless")
        if self.heard_s >= self._times_out_s:
            raise JobTimedOut(f"it took over {self._timeout_s:.0f} s and was stopped (JOB_TIMEOUT_S)")

    def check_ours(self) -> None:
        """Let the work go on as `check` does, also where something newer makes it useless.

        A write that is on its way may arrive even if it is given up, and must not arrive after the newer one.

        Raises:
            Stopping, LeaseLost, JobTimedOut: as `check`.
        """
        with suppress(Overtaken):
            self.check()

    def mark_renewed(self, until_s: float, *, is_overtaken: bool) -> None:
        """Note that the row is still ours, until `until_s` of the monotonic clock."""
        self._ends_s = until_s
        self._is_overtaken = is_overtaken

    def mark_lost(self) -> None:
        """Note that another worker has the row; the next `check` stops the work."""
        self._is_lost = True


class Leases(Generic[ClaimT]):
    """All leases of this process. Use as a context manager.

    Args:
        engine: the database.
        renew: extends leases in it, by so many seconds; returns the ids of the rows that are still ours, and
            for each whether something newer makes the work on it useless.
        lease_s: a lease that is not renewed for so long ends.
        timeout_s: for one attempt at one row.
        stopping: set when this process is to end.
        limits: on the silence of work.
        abort: ends the process at once; gets the reason.
    """

    def __init__(
        self,
        engine: Engine,
        renew: Callable[[Session, Sequence[ClaimT], float], dict[int, bool]],
        lease_s: float,
        timeout_s: float,
        stopping: threading.Event,
        limits: SilenceLimits = SilenceLimits(),
        abort: Callable[[str], None] = end_process,
    ) -> None:
        self.stopping = stopping
        self._engine, self._renew = engine, renew
        self._lease_s, self._timeout_s = lease_s, timeout_s
        self._limits = limits
        self._abort = abort
        self._held: set[Lease[ClaimT]] = set()
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        for work in (self._renew_all, self._watch_all):
            threading.Thread(target=work, name=f"leases{work.__name__}", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()

    @contextmanager
    def hold(self, claim: ClaimT) -> Iterator[Lease[ClaimT]]:
        """Renew and watch a row's lease until the block ends."""
        lease = Lease(claim, self._lease_s, self._timeout_s, self.stopping)
        self._held.add(lease)
        try:
            yield lease
        finally:
            self._held.discard(lease)

    def renew(self) -> None:
        """Renew every lease once."""
        # The time before the question, not after it: how long the answer took must not count in our favour.
        leases, asked_s = list(self._held), time.monotonic()
        if not leases:
            return
        try:
            with transaction(self._engine) as session:
                renewed = self._renew(session, [lease.claim for lease in leases], self._lease_s)
        except SQLAlchemyError as exc:
            log.warning("leases cannot be renewed: %s", first_line(exc))
            return
        for lease in leases:
            if lease.claim.row_id in renewed:
                lease.mark_renewed(asked_s + self._lease_s, is_overtaken=renewed[lease.claim.row_id])
            else:
                lease.mark_lost()

    def _renew_all(self) -> None:
        while not self._closed.wait(self._lease_s / RENEWALS_PER_LEASE):
            self.renew()

    def _watch_all(self) -> None:
        while not self._closed.wait(self._limits.watch_s):
            max_s = self._limits.stop_s if self.stopping.is_set() else self._limits.silence_s
            for lease in list(self._held):
                silent_s = time.monotonic() - lease.heard_s
                if silent_s > max_s:
                    what = f"the work on row {lease.claim.row_id}"
                    self._abort(f"{what} hangs: nothing heard of it for {silent_s:.0f} s")
