"""The database, asked for a bounded time.

PostgreSQL's own time limits end slow statements, but a server that is frozen or cut off keeps none of them:
the one who reads its answer waits for ever. So a few threads do the asking, and a request waits for them only
so long.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, TypeVar

from worker.database import transaction

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Engine
    from sqlalchemy.orm import Session

T = TypeVar("T")

ANSWER_WITHIN_S = 4.0  # Mux waits 5 s; connecting and each statement have shorter limits of their own


class BoundedDatabase:
    """An engine and the threads that use it; safe to share between threads."""

    def __init__(self, engine: Engine, connections: int) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="database")

    def in_transaction(self, work: Callable[[Session], T]) -> T:
        """Do the work in a transaction of its own, which is committed when the work returns.

        Raises:
            TimeoutError: the database is silent. The work may be committed all the same, a little later.
            SQLAlchemyError: the database is down, or refuses.
        """

        def in_one(engine: Engine) -> T:
            with transaction(engine) as session:
                return work(session)

        return self.ask(in_one, ANSWER_WITHIN_S)

    def ask(self, question: Callable[[Engine], T], within_s: float) -> T:
        """Call a function with the engine, and return what it returns.

        Raises:
            TimeoutError: it takes longer than `within_s`; it may go on all the same.
            SQLAlchemyError: the database is down, or refuses.
        """
        # In our context, so that what is done there belongs to our trace.
        future = self._threads.submit(copy_context().run, question, self._engine)
        try:
            return future.result(within_s)
        finally:
            # Of use only while it waits for a thread: a late answer would still hold up the next request.
            future.cancel()
