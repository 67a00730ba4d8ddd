"""Lets things happen in the order of their times: a simulation of discrete events, in one thread.

The clock stands still while an act does its real work. An actor that is busy with it, as a dispatcher is with
its turn, says so itself, by what it does at a later time.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.million.day.clock import Clock


class Act(NamedTuple):
    """What was done, in seconds of a core: what it takes on a machine that has nothing else to do."""

    python_s: float  #: of this process, which builds statements and reads rows
    postgres_s: float  #: of the server's process that answers it

    @property
    def seconds(self) -> float:
        """Both, one after the other; the way between them is left out."""
        return self.python_s + self.postgres_s


@dataclass
class Agenda:
    """What is to happen, and what each kind of it took."""

    clock: Clock
    postgres_s: Callable[[], float]  #: of the server's processes that answer us, so far
    acts: dict[str, list[Act]] = field(default_factory=lambda: defaultdict(list))
    _due: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def at(self, at_s: float, act: Callable[[], None]) -> None:
        """Let an act happen at a time of the clock; in the past means now."""
        heapq.heappush(self._due, (max(at_s, self.clock.now_s), next(self._numbers), act))

    def after(self, delay_s: float, act: Callable[[], None]) -> None:
        """Let an act happen later."""
        self.at(self.clock.now_s + delay_s, act)

    def run(self, is_over: Callable[[], bool]) -> None:
        """Let everything happen until nothing is left or `is_over` says so."""
        while self._due and not is_over():
            self.clock.now_s, _, act = heapq.heappop(self._due)
            act()

    def timed(self, kind: str, act: Callable[[], object]) -> Act:
        """Do something now, and note what it really took."""
        python_s, postgres_s = time.process_time(), self.postgres_s()
        act()
        spent = Act(time.process_time() - python_s, self.postgres_s() - postgres_s)
        self.acts[kind].append(spent)
        return spent
