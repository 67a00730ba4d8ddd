"""How many requests to the API of one account this program makes at once, and begins in a second.

A platform that answers slowly would else have all workers wait for it, and one that counts requests would
refuse those of other programs with the same token, too.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from worker.errors import RequestHeldBack
from worker.http.deadline import TooSlow, next_wait_s

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from worker.settings import Settings


class RequestLimit:
    """The limit of one account, for all threads of this process.

    Args:
        at_once: how many requests; 0: any number.
        per_second: how many of them begin, evenly spaced; 0: any number.
    """

    def __init__(self, at_once: int = 0, per_second: float = 0.0) -> None:
        self._places = threading.BoundedSemaphore(at_once) if at_once else None
        self._interval_s = 1.0 / per_second if per_second else 0.0
        self._lock = threading.Lock()
        self._next_s = 0.0  # of the monotonic clock

    @contextmanager
    def place(self) -> Iterator[None]:
        """Wait until one more request may begin, and let it go on until the block ends.

        Raises:
            RequestHeldBack: the deadline of the exchange passed meanwhile.
        """
        try:
            self._wait_for_place()
        except TooSlow as exc:
            limits = "REQUESTS_PER_ACCOUNT, REQUESTS_PER_SECOND"
            raise RequestHeldBack(f"other requests of the account took too long ({limits})") from exc
        try:
            yield
        finally:
            if self._places:
                self._places.release()

    def _wait_for_place(self) -> None:
        if self._places:
            while not self._places.acquire(timeout=next_wait_s()):
                pass
        try:
            self._wait_for_turn()
        except BaseException:
            if self._places:
                self._places.release()
            raise

    def _wait_for_turn(self) -> None:
        if not self._interval_s:
            return
        while True:
            with self._lock:
                wait_s = self._next_s - time.monotonic()
                if wait_s <= 0:
                    self._next_s = time.monotonic() + self._interval_s
                    return
            time.sleep(min(wait_s, next_wait_s()))


_limits: dict[str, RequestLimit] = {}
_make: Callable[[], RequestLimit] = RequestLimit


def setup(settings: Settings) -> None:
    """Set the limits of every account in this process."""
    global _make  # noqa: PLW0603 - like the set-up of logging, once for the whole process
    _make = partial(RequestLimit, settings.requests_per_account, settings.requests_per_second)
    _limits.clear()


def limit_of(account: str) -> RequestLimit:
    """Return the limit of an account, which is named by how its variables begin, e.g. "MUX__MAIN"."""
    return _limits.setdefault(account, _make())
