"""Deadlines for what is done on the network, and who may end it sooner.

Limits on single steps do not bound an exchange: a host that sends a byte of its head every few seconds keeps
to each of them for ever. So every socket of ours is waited for in short steps, and before each of them all
deadlines around it are asked, like the cancel scopes of Trio and AnyIO.

    with Deadline(30, should_stop=lease.check):
        client.get(url)
"""

from __future__ import annotations

import math
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Self

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Token

#: From the question about a host's name to the last byte of an answer's head, and of its body where that is
#: short. An API answers in one.
EXCHANGE_S = 30.0

WAIT_S = 0.5  #: while the other side is silent, the deadlines are asked this often


class TooSlow(httpx.TimeoutException):
    """An exchange was not over at its deadline."""


class Deadline:
    """When all that is done on the network inside its `with` block has to be over. It holds for one thread.

    Deadlines may stand inside each other: the first one that passes ends the work.

    Args:
        limit_s: from now on, not from the beginning of the block; None: no limit, only `should_stop`.
        now_s: the clock that counts, in seconds; one that stands still now and then gives more time.
        late: makes the error that is raised at the deadline; TooSlow by default.
        should_stop: called at least twice a second, and before every step; raises to give up.
    """

    def __init__(
        self,
        limit_s: float | None = None,
        *,
        now_s: Callable[[], float] = time.monotonic,
        late: Callable[[], Exception] | None = None,
        should_stop: Callable[[], None] = lambda: None,
    ) -> None:
        self._limit_s = math.inf if limit_s is None else limit_s
        self._now_s = now_s
        self._ends_s = now_s() + self._limit_s
        self._late = late or self._too_slow
        self._should_stop = should_stop
        self._token: Token[tuple[Deadline, ...]] | None = None

    def __enter__(self) -> Self:
        self._token = _AROUND.set((*_AROUND.get(), self))
        return self

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            _AROUND.reset(self._token)

    def left_s(self) -> float:
        """Return the seconds that are left.

        Raises:
            TooSlow, or what `late` makes: there are none.
        """
        self._should_stop()
        left_s = self._ends_s - self._now_s()
        if left_s <= 0:
            raise self._late()
        return left_s

    def _too_slow(self) -> Exception:
        return TooSlow(f"it was not over after {self._limit_s:g} s")


_AROUND: ContextVar[tuple[Deadline, ...]] = ContextVar("deadlines around", default=())


def one_exchange() -> Deadline:
    """Begin the deadline of a single exchange; it ends in TooSlow."""
    return Deadline(EXCHANGE_S)


def next_wait_s() -> float:
    """Return for how many seconds the next step may wait before this is to be asked again.

    Raises:
        Exception: of a deadline around us that has passed, or whatever its `should_stop` raises.
    """
    return min((WAIT_S, *(deadline.left_s() for deadline in _AROUND.get())))
