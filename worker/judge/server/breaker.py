"""Leaves a judge alone that fails, so that videos do not wait for it one after the other."""

from __future__ import annotations

import logging
import math
import time
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from worker.errors import Unjudged
from worker.judge.server.refusals import AskedToWait, OfOneRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

logger = logging.getLogger(__name__)

MOST_FAILURES = 5  #: in a row; then the judge is left alone
PAUSE_S = 60.0
MISCONFIGURED_S = 600.0  #: what an operator has to mend is tried again after so long

#: Words of Unjudged that say something of the server; the others are of one video, or of ourselves.
FAILURES = frozenset({"timeout", "busy", "failed", "invalid"})


class Breaker:
    """Remembers for a process how its judge fared. Several threads may share it.

    After a pause the judge is asked again, and is left alone again at its first failure. Once it has
    answered, a request that it does not take is a failure like others: no video is to stop it for all.

    Args:
        now_s: a clock that never goes back.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._lock = Lock()
        self._failures = 0
        self._has_answered = False
        self._closed_until_s = -math.inf
        self._reason = Unjudged("paused", "")

    def check(self) -> None:
        """Check whether the judge may be asked.

        Raises:
            Unjudged: `misconfigured`, with what has to be mended, or `paused`.
        """
        with self._lock:
            left_s = self._closed_until_s - self._now_s()
            reason = self._reason
        if left_s <= 0:
            return
        result = "misconfigured" if reason.result == "misconfigured" else "paused"
        raise Unjudged(result, f"{reason}; it is asked again in {math.ceil(left_s)} s")

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Watch over what a judge does; where that fails, it may begin a pause."""
        try:
            yield
        except Unjudged as exc:
            self.fail(exc)
            raise

    def succeed(self) -> None:
        """Note that the judge gave an answer that could be read."""
        with self._lock:
            self._failures = 0
            self._has_answered = True

    def fail(self, failure: Unjudged) -> None:
        """Note a failure, and begin a pause where it asks for one."""
        with self._lock:
            if failure.result in FAILURES or isinstance(failure, OfOneRequest):
                self._failures += 1
            pause_s = self._pause_s(failure)
            until_s = self._now_s() + pause_s
            if not pause_s or until_s <= self._closed_until_s:
                return
            self._closed_until_s, self._reason = until_s, failure
        logger.warning("The judge is left alone for %d s: %s", math.ceil(pause_s), failure)

    def _pause_s(self, failure: Unjudged) -> float:
        pause_s = 0.0
        may_be_the_video = isinstance(failure, OfOneRequest) and self._has_answered
        if failure.result == "misconfigured" and not (may_be_the_video and self._failures < MOST_FAILURES):
            pause_s = MISCONFIGURED_S
        elif failure.result in FAILURES and self._failures >= MOST_FAILURES:
            pause_s = PAUSE_S
        return max(pause_s, failure.wait_s) if isinstance(failure, AskedToWait) else pause_s
