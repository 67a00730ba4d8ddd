"""Harm done at random to a running system: who is killed, who is frozen, which way breaks."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil
import redis

from tests.support.faults import processes
from tests.support.faults.broker_illness import GARBAGE, OF_STORMS, QUEUE_KEYS, Illness
from worker.demo.simulator import InjectedFault

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tests.support.faults.system import System

DEAD_S = 0.5  # before it is started again, as supervisors do
FROZEN_S = (0.5, 8.0)  # some freezes are longer than a lease, none is as long as that of a write
BROKEN_S = (0.5, 3.0)
SICK_S = (1.0, 8.0)
SLOW_HEAD_S = 1.0  # between two bytes of a head that does not end: within the limit of any single read


class Nemesis:
    """Does harm, and undoes it later; call `turn` often, from the main thread.

    Args:
        system: the victim.
        chance: decides everything.
    """

    def __init__(self, system: System, chance: random.Random) -> None:
        self._system, self._chance = system, chance
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._busy: set[str] = set()
        self.done: Counter[str] = Counter()  #: what was done to whom, and how often

    def turn(self) -> None:
        """Undo what has lasted long enough, and start again who died by itself."""
        now_s = time.monotonic()
        due = [act for at_s, act in self._later if at_s <= now_s]
        self._later = [(at_s, act) for at_s, act in self._later if at_s > now_s]
        for act in due:
            act()
        for part in self._system.parts():
            if part.name not in self._busy and part.process.poll() is not None:
                self.done[f"{part.name} ended by itself"] += 1
                part.start()

    def is_at_work(self) -> bool:
        """Say whether there is harm that was not undone yet."""
        return bool(self._later)

    def strike(self) -> str:
        """Kill or freeze somebody, and say whom."""
        idle = [part for part in self._system.parts() if part.name not in self._busy]
        if not idle:
            return "nobody"
        victim = self._chance.choice(idle)
        harm = self._chance.choice((self._kill, self._kill, self._kill_child, self._freeze, self._freeze))
        what = harm(victim)
        self.done[what] += 1
        return what

    def break_way(self) -> str:
        """Hurt one way between a program and a server, and say which."""
        (program, server), way = self._chance.choice(sorted(self._system.ways.items()))
        of_platforms = ("slow head",) if server == "platform" else ()
        harm = self._chance.choice(("latency", "slices", "cut", "half-open", *of_platforms))
        if harm == "slow head":
            self._system.platform.faults.plan(InjectedFault(head_pause_s=SLOW_HEAD_S))
        way.latency_s = 0.1 if harm == "latency" else 0.0
        way.slice_bytes = 50 if harm == "slices" else None
        way.is_cut, way.is_half_open = harm == "cut", harm == "half-open"
        self._after(self._chance.uniform(*BROKEN_S), way.heal)
        self.done[f"{harm}: {server}"] += 1
        return f"{harm} from {program} to {server}"

    def upset_broker(self) -> str:
        """Let the broker refuse for a while, or put nonsense into its queues, and say what was done."""
        illness = self._chance.choice((*OF_STORMS, None))
        with suppress(redis.RedisError):  # it may be dead or frozen, which is upset enough
            if illness is None:
                self._system.broker().lpush(self._chance.choice(QUEUE_KEYS), *GARBAGE.values())
            else:
                illness.begin(self._system.broker())
        if illness is not None:
            self._after(self._chance.uniform(*SICK_S), lambda: self._cure(illness))
        what = f"broker: {illness.name if illness else 'nonsense in a queue'}"
        self.done[what] += 1
        return what

    def refuse_token(self) -> str:
        """Let the platform refuse the account's token for a while, and say with which status."""
        status = self._chance.choice((401, 403))
        self._system.platform.faults.plan(InjectedFault(status=status), count=1_000_000)
        self._after(self._chance.uniform(*SICK_S), self._system.platform.faults.clear)
        what = f"platform: token refused with {status}"
        self.done[what] += 1
        return what

    def _cure(self, illness: Illness) -> None:
        try:
            illness.end(self._system.broker())
        except redis.RedisError:
            self._after(DEAD_S, lambda: self._cure(illness))

    def _kill(self, victim: processes.ServicePart) -> str:
        self._busy.add(victim.name)
        (processes.kill if self._chance.random() < 0.5 else processes.kill_all)(victim)
        is_wiped = victim is self._system.valkey and self._chance.random() < 0.5
        if is_wiped:
            shutil.rmtree(self._system.folder / "valkey" / "appendonlydir", ignore_errors=True)

        def start_again() -> None:
            victim.start()
            self._busy.discard(victim.name)

        self._after(DEAD_S, start_again)
        return f"killed {victim.name}" + (" and its data deleted" if is_wiped else "")

    def _kill_child(self, victim: processes.ServicePart) -> str:
        below = processes.family(victim)[1:]
        if not below:
            return self._freeze(victim)
        with suppress(psutil.NoSuchProcess):
            self._chance.choice(below).kill()
        return f"killed a child of {victim.name}"

    def _freeze(self, victim: processes.ServicePart) -> str:
        self._busy.add(victim.name)
        processes.freeze(victim)

        def thaw() -> None:
            processes.thaw(victim)
            self._busy.discard(victim.name)

        self._after(self._chance.uniform(*FROZEN_S), thaw)
        return f"froze {victim.name}"

    def _after(self, wait_s: float, act: Callable[[], None]) -> None:
        self._later.append((time.monotonic() + wait_s, act))
