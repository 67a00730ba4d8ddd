"""What is said and done while the broker fails: one line with the remedy, and waits that grow."""

from __future__ import annotations

import logging
import random
import time
from types import MappingProxyType

import redis
from kombu.exceptions import OperationalError

from worker.errors import first_line

log = logging.getLogger(__name__)

# An outage is told once, and again so often while it lasts. One that comes and goes is told no more often
# than SETTLED_S: a disk must not fill with it.
REMINDER_S = 60.0
SETTLED_S = 5.0
# Waits before the next try. The last one is short enough that nobody waits for a broker that is well again.
FIRST_WAIT_S, LAST_WAIT_S = 0.5, 8.0
_MAX_WORDS = 200  # of an answer: a server that makes no sense may send a page

# A subclass stands before its base. redis-py takes the code of these from the front of the answer.
_FAILOVER = "wait for the failover, or point REDIS_URL at the primary"
_BY_CLASS = (
    (redis.ReadOnlyError, f"it is a read-only replica: {_FAILOVER}"),
    (redis.OutOfMemoryError, "its memory is full: raise its maxmemory, or remove what others keep in it"),
    (redis.exceptions.NoPermissionError, "its user may not do this: give it the rights in docs/operate.md"),
    (redis.AuthenticationError, "it does not accept the password: correct REDIS_URL"),
    (redis.BusyLoadingError, "it loads its data: wait"),
    (redis.exceptions.MasterDownError, f"it is a replica without its primary: {_FAILOVER}"),
    (redis.exceptions.ClusterDownError, "its cluster is down: repair the cluster"),
)  # fmt: skip
_BY_CODE = MappingProxyType(
    {
        "MISCONF": "it cannot store its data: make room on its disk, and read its log",
        "WRONGTYPE": "a key of ours is no list: see what else writes to thumbs:*, and delete that key",
        "UNBLOCKED": f"it became a replica: {_FAILOVER}",
        "BUSY": "a script keeps it busy: wait, or end it with SCRIPT KILL",
    }
)


class BrokerOutage:
    """Counts failures of the broker in a row, and tells of them without filling the log."""

    def __init__(self) -> None:
        self._failures = 0
        self._began_s = 0.0
        self._told_s: dict[str, float] = {}  # when each remedy was named last
        self._told: set[str] = set()  # of those, in this outage

    def note(self, error: Exception) -> None:
        """Tell of a failure: of the first one of its kind, and then once a minute."""
        now_s = time.monotonic()
        if not self._failures:
            self._began_s = now_s
        self._failures += 1
        remedy, answer = describe(error)
        quiet_s = REMINDER_S if remedy in self._told else SETTLED_S
        if now_s - self._told_s.get(remedy, float("-inf")) >= quiet_s:
            self._told_s[remedy] = now_s
            self._told.add(remedy)
            log.warning("%s (%s)", remedy, answer, extra={"action": "broker_outage"})

    def end(self) -> None:
        """Note that the broker works, and say so if it was told that it did not."""
        if self._told:
            lasted_s = time.monotonic() - self._began_s
            log.info("the broker works again, after %.1f s", lasted_s, extra={"action": "broker_back"})
        self._failures = 0
        self._told.clear()

    def wait_s(self) -> float:
        """Return how long to wait before the next try; some is left to chance: not all come at once."""
        longest_s = min(LAST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(self._failures - 1, 10))
        return longest_s * random.uniform(0.5, 1.0)  # noqa: S311 - no secret


def describe(error: Exception) -> tuple[str, str]:
    """Say what helps, in words that are the same for all failures of a kind, and what the broker answered."""
    while isinstance(error, OperationalError) and isinstance(error.__cause__, Exception):
        error = error.__cause__  # Kombu's wrapper hides the kind
    answer = first_line(error)[:_MAX_WORDS] or type(error).__name__
    for kind, remedy in _BY_CLASS:
        if isinstance(error, kind):
            return f"the broker refuses: {remedy}", answer
    if isinstance(error, redis.ResponseError):
        remedy = _BY_CODE.get(answer.partition(" ")[0], "read its log")
        return f"the broker refuses: {remedy}", answer
    return "the broker does not answer: start it, or correct REDIS_URL", answer
