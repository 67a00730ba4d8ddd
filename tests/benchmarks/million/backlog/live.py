"""Live webhooks in real time: real rows, dispatcher and broker; only the work itself is a stand-in.

The receiver's code records events at a steady rate in one process, a `Dispatcher` runs in a second one, and
slots, each a thread, claim what it announces in further ones, in the order of the broker's priorities. To
"work" is to wait. What is measured of each live video: how long the commit took, and how long after it a slot
had claimed the job.
"""

from __future__ import annotations

import base64
import json
import multiprocessing
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import redis
from kombu.transport.redis import Channel

from tests.support.service import builders
from worker import jobs
from worker.database import make_engine, transaction
from worker.dispatch.broker import Broker
from worker.dispatch.celery_app import KEY_PREFIX, WorkerKind
from worker.dispatch.dispatcher import Dispatcher
from worker.dispatch.hint_message import read_hint
from worker.errors import LeaseLost
from worker.settings import Settings

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier, Event

    from sqlalchemy import Engine

LEASE_S = 60.0  #: no slot renews: none works for so long
SLOTS_OF_PROCESS = 8
WAIT_S = 1  #: for a hint; then a slot looks whether it is to stop
#: The broker's lists of hints for `analyze`, the most urgent first.
QUEUES = [KEY_PREFIX + WorkerKind.ANALYZE] + [
    f"{KEY_PREFIX}{WorkerKind.ANALYZE}{Channel.sep}{step}" for step in Channel.priority_steps[1:]
]

# Of each process of a round.
_start: Barrier
_stop: Event


class _CountingDispatcher(Dispatcher):
    rounds = 0

    def run_once(self) -> float:
        self.rounds += 1
        return super().run_once()


@dataclass(frozen=True, slots=True)
class Load:
    """What a round is made of."""

    seconds: float = 15.0
    events_per_s: float = 3.0
    slots: int = 32
    work_s: float = 1.6
    jobs_per_account: int = 0  #: as JOBS_PER_ACCOUNT; 0: any number

    @property
    def settings(self) -> Settings:
        """What all processes go by."""
        return Settings(jobs_per_account=self.jobs_per_account, debounce_s=0.0)


class Place(NamedTuple):
    """Where a round is held."""

    address: str  #: of the database
    broker: str  #: address of a Redis or Valkey of the round's own; it is wiped


@dataclass
class RoundMeasures:
    """What a round has shown, in seconds for each live video."""

    commits_s: list[float] = field(default_factory=list)
    ways_s: list[float] = field(default_factory=list)
    finished: int = 0  #: jobs of every account
    rounds: int = 0  #: of the dispatcher
    dispatcher_cores_s: float = 0.0
    slots_cores_s: float = 0.0


def hold(place: Place, load: Load) -> RoundMeasures:
    """Record events until the time is up, let their jobs be claimed, and return what was measured."""
    with redis.Redis.from_url(place.broker) as broker:
        broker.flushdb()
    spawn = multiprocessing.get_context("spawn")
    processes = -(-load.slots // SLOTS_OF_PROCESS)
    start, stop = spawn.Barrier(processes + 2), spawn.Event()
    with ProcessPoolExecutor(processes + 2, spawn, _enter, (start, stop)) as pool:
        dispatching = pool.submit(dispatch, place, load)
        slots = [
            pool.submit(work, place, load, range(first, min(first + SLOTS_OF_PROCESS, load.slots)))
            for first in range(0, load.slots, SLOTS_OF_PROCESS)
        ]
        try:
            sent = pool.submit(record_events, place, load).result()
            time.sleep(2.0)
        finally:
            stop.set()
        found = RoundMeasures()
        found.rounds, found.dispatcher_cores_s = dispatching.result()
        claimed_at_s: dict[str, float] = {}
        for of_process in (slot.result() for slot in slots):
            claimed_at_s |= of_process[0]
            found.finished += of_process[1]
            found.slots_cores_s += of_process[2]
    for video, (came_s, committed_s) in sent.items():
        found.commits_s.append(committed_s - came_s)
        if video in claimed_at_s:
            found.ways_s.append(max(0.0, claimed_at_s[video] - committed_s))
    return found


def _enter(start: Barrier, stop: Event) -> None:
    global _start, _stop  # a process of a pool gets such things in no other way
    _start, _stop = start, stop


def dispatch(place: Place, load: Load) -> tuple[int, float]:
    """Dispatch until the round is over, and return how many turns it took, and seconds of a core."""
    engine = make_engine(place.address)
    dispatcher = _CountingDispatcher(engine, load.settings, Broker(place.broker), "benchmark")
    _start.wait()
    began_s, stop = time.process_time(), threading.Event()
    threading.Thread(target=lambda: (_stop.wait(), stop.set())).start()
    dispatcher.run(stop)
    engine.dispose()
    return dispatcher.rounds, time.process_time() - began_s


def work(place: Place, load: Load, slots: range) -> tuple[dict[str, float], int, float]:
    """Let slots of one process work until the round is over.

    Returns:
        When each video was claimed, by the monotonic clock of the machine; how many jobs were finished; and
        seconds of a core.
    """
    engine = make_engine(place.address, pool_size=len(slots))
    claimed_at_s: dict[str, float] = {}
    finished: list[int] = []
    threads = [
        threading.Thread(target=_work, args=(engine, place, load, f"slot {slot}", claimed_at_s, finished))
        for slot in slots
    ]
    _start.wait()
    began_s = time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.dispose()
    return claimed_at_s, len(finished), time.process_time() - began_s


def _work(
    engine: Engine, place: Place, load: Load, owner: str, claimed_at_s: dict[str, float], finished: list[int]
) -> None:
    broker = redis.Redis.from_url(place.broker)
    while not _stop.is_set():
        job_id = _next(broker)
        if job_id is None:
            continue
        with transaction(engine) as session:
            claim = jobs.claim(session, job_id, owner, LEASE_S, load.jobs_per_account)
        if claim is None:
            continue
        claimed_at_s[claim.external_id] = time.monotonic()
        _stop.wait(load.work_s)
        with suppress(LeaseLost), transaction(engine) as session:
            jobs.complete(session, claim, builders.result(claim.external_id))
        finished.append(claim.row_id)
    broker.close()


def _next(broker: redis.Redis) -> int | None:
    """Take the next hint, and return the id of its job; None where none comes in time."""
    found: Any = broker.brpop(QUEUES, WAIT_S)
    if found is None:
        return None
    message = json.loads(read_hint(WorkerKind.ANALYZE, found[1]))
    return int(json.loads(base64.b64decode(message["body"]))[0][0])


def record_events(place: Place, load: Load) -> dict[str, tuple[float, float]]:
    """Record a READY of a new video again and again, as the receiver does, once every slot has work.

    Returns:
        For each video when it came and when it was committed, by the monotonic clock of the machine.
    """
    engine, settings = make_engine(place.address), load.settings
    sent = {}
    _start.wait()
    began_s = time.monotonic() + 2 * load.work_s
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
