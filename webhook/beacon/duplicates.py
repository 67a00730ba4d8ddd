"""Knows batches that came before: those of this process, and by Valkey, where it answers, those of all."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from webhook.beacon.limits import IDS_KEPT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

KEY = "thumbs:seen:"  # the prefix of all our keys
KNOWN_S = 900  # nobody sends a batch again later
WITHIN_S = 0.5  # for all batches of a flush together
#: Of a process: two of them leave 360,000 keys at most, 60 MB, as the hints to workers need room there, too.
MOST_IDS = 1000
PAUSE_S = 30.0  # it is not asked again so soon after it failed

log = logging.getLogger(__name__)


class RecentIds:
    """The ids of the newest batches; safe to share between threads."""

    def __init__(self, most: int = IDS_KEPT) -> None:
        self._most = most
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def is_new(self, name: str) -> bool:
        """Tell whether an id was not here before, and remember it."""
        with self._lock:
            if name in self._ids:
                return False
            self._ids[name] = None
            if len(self._ids) > self._most:
                self._ids.popitem(last=False)
            return True


class SharedIds:
    """The ids of the batches of the last quarter of an hour, of all processes; for one thread.

    Where Valkey does not answer at once, or is asked about more than `MOST_IDS`, batches count as new: twice
    at worst, alike in all variants.
    """

    def __init__(self, address: str | None, now_s: Callable[[], float] = time.monotonic) -> None:
        """Connect to nothing yet.

        Args:
            address: of Redis or Valkey; None: there is none.
            now_s: tells the time.
        """
        self._now_s = now_s
        self._asked_again_s = now_s()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="seen")
        self._asked: Future[set[str]] | None = None
        self._client = address and redis.Redis.from_url(
            address, socket_timeout=WITHIN_S, socket_connect_timeout=WITHIN_S, retry=Retry(NoBackoff(), 0)
        )

    def known(self, ids: Sequence[str]) -> set[str]:
        """Tell which ids another process has taken, and take the others; it takes half a second at most."""
        is_busy = self._asked is not None and not self._asked.done()
        if not self._client or not ids or is_busy or self._now_s() < self._asked_again_s:
            return set()
        # In a thread of its own: a limit of a connection is none of the name server.
        self._asked = self._thread.submit(_take, self._client, ids[:MOST_IDS])
        try:
            return self._asked.result(WITHIN_S)
        except (redis.RedisError, OSError, TimeoutError) as error:
            log.warning("batches that came twice are not known: Redis failed: %s", type(error).__name__)
            self._asked_again_s = self._now_s() + PAUSE_S
            return set()


def _take(client: redis.Redis, ids: Sequence[str]) -> set[str]:
    with client.pipeline(transaction=False) as asked:
        for name in ids:
            asked.set(f"{KEY}{name}", 1, nx=True, ex=KNOWN_S)
        is_taken = asked.execute()
    return {name for name, was_free in zip(ids, is_taken, strict=True) if not was_free}
