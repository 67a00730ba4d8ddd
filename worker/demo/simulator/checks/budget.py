"""How many requests a platform's API answers in a while, and what its answers say about that."""

from __future__ import annotations

import math
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Allowance(NamedTuple):
    """How many requests of one kind are answered within a window of time."""

    requests: int
    window_s: float = 60.0


class AllowanceUse(NamedTuple):
    """What a request left of the allowance that it was charged to."""

    allowance: Allowance
    left: int  #: requests; -1: this one is refused
    wait_s: float  #: until there is more

    @property
    def is_over(self) -> bool:
        """True when the request is one too many."""
        return self.left < 0

    @property
    def resets_in_s(self) -> int:
        """Whole seconds until there is more, rounded up."""
        return math.ceil(self.wait_s)

    @property
    def resets_at(self) -> str:
        """Time at which there is more, in ISO 8601, rounded up to whole seconds."""
        return datetime.fromtimestamp(math.ceil(time.time() + self.wait_s), UTC).isoformat()


class Budget:
    """Counts the requests of one account, each kind by itself, in windows that begin with a first request.

    Args:
        allowances: by the kind of request.
        clock: tells seconds; a test can stop it.
    """

    def __init__(
        self, allowances: Mapping[str, Allowance], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._allowances = allowances
        self._clock = clock
        self._windows: dict[str, tuple[float, int]] = {}  # its end, of the clock; requests in it
        self._lock = threading.Lock()

    def spend(self, kind: str) -> AllowanceUse:
        """Count one request of a kind."""
        allowance, now_s = self._allowances[kind], self._clock()
        with self._lock:
            end_s, count = self._windows.get(kind, (-math.inf, 0))
            if now_s >= end_s:
                end_s, count = now_s + allowance.window_s, 0
            # A refused request costs nothing more.
            self._windows[kind] = end_s, min(count + 1, allowance.requests)
        return AllowanceUse(allowance, allowance.requests - count - 1, end_s - now_s)


def countdown(spent: AllowanceUse) -> dict[str, str]:
    """Write how many requests there are, and how many are left, as most vendors do."""
    return {
        "X-RateLimit-Limit": str(spent.allowance.requests),
        "X-RateLimit-Remaining": str(max(spent.left, 0)),
    }


def wait(spent: AllowanceUse) -> dict[str, str]:
    """Write how long to wait, in an answer that refuses only (RFC 9110, 10.2.3)."""
    return {"Retry-After": str(spent.resets_in_s)} if spent.is_over else {}
