"""Shows the pictures of tests by days, and reads their numbers, in threads beside the dispatcher's rounds.

One thread only moves rows, every half minute; the other asks platforms, which may be slow. Any number of
dispatchers may do so: the asset's row, and the slot's, decide who does what.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Self

from sqlalchemy.exc import SQLAlchemyError

from worker.errors import Stopping, first_line
from worker.trials.slots.counting import count_due
from worker.trials.slots.turning import turn_due

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from worker.settings import Settings

log = logging.getLogger(__name__)

TURN_EVERY_S = 30.0
COUNT_EVERY_S = 60.0
STOP_S = 5.0  # a platform that is silent must not hold the dispatcher up


class SlotSchedule:
    """Keeps all tests by days going, from the start of a `with` block to its end.

    Args:
        engine: the database.
        settings: the accounts.
        every_s: how often each of the two is done, in seconds.
    """

    def __init__(
        self, engine: Engine, settings: Settings, every_s: tuple[float, float] = (TURN_EVERY_S, COUNT_EVERY_S)
    ) -> None:
        self._engine, self._settings = engine, settings
        self._stopping = threading.Event()
        turns, counts = every_s
        self._threads = [
            threading.Thread(target=self._run, args=(step, pause_s), name=name, daemon=True)
            for name, step, pause_s in (("slots", self._turn, turns), ("slot counts", self._count, counts))
        ]

    def __enter__(self) -> Self:
        """Start both."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop after what is under way; what is left is done after the next start."""
        self._stopping.set()
        until_s = time.monotonic() + STOP_S
        for thread in self._threads:
            thread.join(max(0.0, until_s - time.monotonic()))

    def _turn(self) -> None:
        turn_due(self._engine, self._stopping.is_set)

    def _count(self) -> None:
        count_due(self._engine, self._settings, self._check)

    def _check(self) -> None:
        if self._stopping.is_set():
            raise Stopping("the dispatcher is stopping")

    def _run(self, step: Callable[[], None], pause_s: float) -> None:
        while not self._stopping.is_set():
            try:
                step()
            except Stopping:
                return
            except SQLAlchemyError as exc:
                log.warning("tests by days wait for the database: %s", first_line(exc))
            except Exception:
                # A bug of ours: the log shows where, and the thread goes on.
                log.exception("a step of the tests by days failed")
            self._stopping.wait(pause_s)
