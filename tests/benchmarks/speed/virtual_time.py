"""Time that passes only when nothing more happens at a moment: hours are simulated in seconds, always alike.

What happens is a generator of steps. A step is a function that gets a callback, and calls it when the step is
over.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Iterator

Resume = Callable[[], None]
Step = Callable[[Resume], None]
Steps = Iterator[Step]


class VirtualTime:
    """Runs any number of processes, each a generator of steps."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._events: list[tuple[float, int, Resume]] = []
        self._numbers = (
            itertools.count()
        )  # of two events at one time, the one that was planned first comes first

    def after(self, seconds: float, resume: Resume) -> None:
        """Call back so many seconds from now."""
        heapq.heappush(self._events, (self.now_s + seconds, next(self._numbers), resume))

    def sleep(self, seconds: float) -> Step:
        """Make a step that takes so many seconds."""
        return lambda resume: self.after(seconds, resume)

    def start(self, steps: Steps) -> None:
        """Begin a process now."""

        def go_on() -> None:
            step = next(steps, None)
            if step is not None:
                step(go_on)

        self.after(0.0, go_on)

    def run(self, until_s: float) -> None:
        """Let time pass."""
        while self._events and self._events[0][0] <= until_s:
            self.now_s, _, resume = heapq.heappop(self._events)
            resume()
        self.now_s = until_s


class Resource:
    """Something of which there are so many, and for which one waits in line: cores, a lock, a device."""

    def __init__(self, clock: VirtualTime, count: int) -> None:
        self._clock, self.count = clock, count
        self._taken, self._line = 0, deque[Resume]()
        self.forget()

    def forget(self) -> None:
        """Begin to measure anew."""
        self._used_s = self._waited_s = 0.0
        self._began_s = self._noted_s = self._clock.now_s

    def take(self) -> Step:
        """Make a step that ends when there is a place."""

        def ask(resume: Resume) -> None:
            self._note()
            if self._taken < self.count:
                self._taken += 1
                self._clock.after(0.0, resume)
            else:
                self._line.append(resume)

        return ask

    def give(self) -> None:
        """Leave the place to the next in line."""
        self._note()
        if self._line:
            self._clock.after(0.0, self._line.popleft())
        else:
            self._taken -= 1

    def use(self, seconds: float, slice_s: float) -> Steps:
        """Yield the steps of so many seconds in a place, in turns with the others, a slice of time each."""
        while seconds > 0:
            yield self.take()
            yield self._clock.sleep(min(slice_s, seconds))
            self.give()
            seconds -= slice_s

    @property
    def busy(self) -> float:
        """The share of the places that was taken, on average."""
        self._note()
        return self._used_s / (self.count * (self._clock.now_s - self._began_s))

    @property
    def waiting(self) -> float:
        """How many waited, on average."""
        self._note()
        return self._waited_s / (self._clock.now_s - self._began_s)

    def _note(self) -> None:
        passed_s = self._clock.now_s - self._noted_s
        self._used_s += passed_s * self._taken
        self._waited_s += passed_s * len(self._line)
        self._noted_s = self._clock.now_s
