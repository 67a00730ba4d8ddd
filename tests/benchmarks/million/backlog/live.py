"""Live webhooks in real time, with real rows and the real dispatcher; only the work itself is a stand-in.

The receiver's code records events at a steady rate, a `Dispatcher` runs, and slots, each a thread, claim what
it announces, in the order of the broker's priorities. To "work" is to wait. What is measured of each live
video: how long the commit took, and how long after it a slot had claimed the job.
"""

from __future__ import annotations

import heapq
import itertools
import multiprocessing
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.support.service import builders
from worker import jobs
from worker.database import make_engine, transaction
from worker.dispatch.dispatcher import Dispatcher
from worker.errors import LeaseLost
from worker.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from worker.queue.hints import Hint

LEASE_S = 60.0  #: no slot renews: none works for so long
_numbers = itertools.count()


class HintQueue:
    """Stands in for the broker: keeps hints in its memory, the most urgent first."""

    def __init__(self) -> None:
        self._hints: list[tuple[int, int, int]] = []
        self._has_any, self._is_new = threading.Condition(), True

    def send(self, queue: str, hint: Hint) -> None:
        """Take a hint; those of writes are left alone, as nothing is written here."""
        if queue == "analyze":
            with self._has_any:
                heapq.heappush(self._hints, (hint.priority, next(_numbers), hint.id))
                self._has_any.notify()

    def is_new(self) -> bool:
        """Tell whether hints that were sent before may be lost: at first, as it is empty then."""
        return self._is_new

    def mark(self) -> None:
        """Note that they were looked after."""
        self._is_new = False

    def take(self, wait_s: float) -> int | None:
        """Take the next hint, and return the id of its job; None where none comes in time."""
        with self._has_any:
            if not self._hints:
                self._has_any.wait(wait_s)
            return heapq.heappop(self._hints)[2] if self._hints else None


class _CountingDispatcher(Dispatcher):
    rounds = 0

    def run_once(self) -> float:
        self.rounds += 1
        return super().run_once()


@dataclass(frozen=True, slots=True)
class Load:
    """What a round is made of."""

    seconds: float = 20.0
    events_per_s: float = 3.0
    slots: int = 32
    work_s: float = 1.6
    jobs_per_account: int = 0  #: as JOBS_PER_ACCOUNT; 0: any number


@dataclass
class Measured:
    """What a round has shown, in seconds for each live video."""

    commits_s: list[float] = field(default_factory=list)
    ways_s: list[float] = field(default_factory=list)
    finished: int = 0  #: jobs of every account
    rounds: int = 0  #: of the dispatcher


class Round:
    """One round of live events on one database; `run` it once."""

    def __init__(self, address: str, engine: Engine, load: Load) -> None:
        self._address, self._engine, self._load = address, engine, load
        self._settings = Settings(jobs_per_account=load.jobs_per_account, debounce_s=0.0)
        self._hints, self._stop = HintQueue(), threading.Event()
        self._claimed_at_s: dict[str, float] = {}
        self._lock, self.measured = threading.Lock(), Measured()

    def run(self) -> Measured:
        """Record events until the time is up, let their jobs be claimed, and return what was measured."""
        dispatcher = _CountingDispatcher(self._engine, self._settings, self._hints, "benchmark")
        threads = [threading.Thread(target=dispatcher.run, args=(self._stop,))]
        threads += [threading.Thread(target=self._work, args=(f"slot {n}",)) for n in range(self._load.slots)]
        for thread in threads:
            thread.start()
        try:
            self._wait(2 * self._load.work_s)  # until every slot has something to do
            # In a process of its own, as the receiver is: it must not wait for this one's threads.
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as receiver:
                sent = receiver.submit(record_events, self._address, self._load).result()
            self._wait(2.0)
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()
        self.measured.rounds = dispatcher.rounds
        for video, (came_s, committed_s) in sent.items():
            self.measured.commits_s.append(committed_s - came_s)
            if video in self._claimed_at_s:
                self.measured.ways_s.append(max(0.0, self._claimed_at_s[video] - committed_s))
        return self.measured

    def _wait(self, seconds: float) -> None:
        self._stop.wait(seconds)

    def _work(self, owner: str) -> None:
        while not self._stop.is_set():
            job_id = self._hints.take(0.2)
            if job_id is None:
                continue
            with transaction(self._engine) as session:
                claim = jobs.claim(session, job_id, owner, LEASE_S, self._settings.jobs_per_account)
            if claim is None:
                continue
            self._claimed_at_s[claim.external_id] = time.monotonic()
            self._wait(self._load.work_s)
            with suppress(LeaseLost), transaction(self._engine) as session:
                jobs.complete(session, claim, builders.result(claim.external_id))
            with self._lock:
                self.measured.finished += 1


def record_events(address: str, load: Load) -> dict[str, tuple[float, float]]:
    """Record a READY of a new video again and again, as the receiver does.

    Returns:
        For each video when it came and when it was committed, by the monotonic clock of the machine.
    """
    engine, settings = make_engine(address), Settings(debounce_s=0.0)
    sent = {}
    began_s = time.monotonic() + 0.2
    for number in range(-1, int(load.seconds * load.events_per_s)):  # the first one only warms up
        time.sleep(max(0.0, began_s + number / load.events_per_s - time.monotonic()))
        video = f"live-{time.time_ns()}"
        event = builders.event(asset_id=video, account="live", delivery_id=video)
        came_s = time.monotonic()
        builders.record(engine, event, settings=settings)
        if number >= 0:
            sent[video] = (came_s, time.monotonic())
    engine.dispose()
    return sent


def percentile(values: list[float], share: float) -> float:
    """Return the value that so large a share of them does not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
