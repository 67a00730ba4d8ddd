"""Changes of tables while programs read and write them, for migrations.

Whoever waits for a lock on a table makes all others wait who come later. So a migration waits for a quarter
of a second only, holds such a lock for as long as adding a column takes, and has it on one table at a time:
each step is committed. A migration that was interrupted is run again from its beginning, so each step also
has to work where it was done before.
"""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from alembic import op
from psycopg.errors import DeadlockDetected, LockNotAvailable
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from worker.database.engine import driver_of, require_direct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection, Engine

log = logging.getLogger(__name__)

# Any number, the same in every process: it makes a second migration wait for the first.
LOCK = 7_421_190
POLL_S = 0.2

# Together with the change itself well below the second that the receiver waits for a lock; also below
# PostgreSQL's `deadlock_timeout`, so that it is the migration that steps back, and nobody else.
LOCK_TIMEOUT_MS = 250
ATTEMPTS = 30
LOCKED = (DeadlockDetected, LockNotAvailable)
PAUSE_S = 1.0

BATCH_IDS = 2_000  # a few milliseconds, in which their rows are locked


@contextmanager
def only_migration(engine: Engine) -> Iterator[Connection]:
    """Open a connection of which there is one at a time, and whose statements wait for no lock for long.

    Others wait without a transaction: building an index concurrently waits for all transactions.

    Raises:
        SettingsInvalid: a pooler is between, and what is set and locked here would stay in another's session.
    """
    with engine.connect() as connection:
        require_direct(driver_of(connection))
        try:
            connection.execute(text(f"SET lock_timeout = {LOCK_TIMEOUT_MS}; SET statement_timeout = 0"))
            connection.commit()
            while not connection.scalar(text(f"SELECT pg_try_advisory_lock({LOCK})")):
                connection.rollback()
                time.sleep(POLL_S)
            connection.commit()
            yield connection
        finally:
            connection.invalidate()  # closes it, and ends with it the lock and what was set


def again_while_locked(step: Callable[[], object]) -> None:
    """Do a step again when others have locked what it needs.

    Raises:
        OperationalError: they still had after half a minute, or it fails for another reason.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            step()
        except OperationalError as error:
            if attempt == ATTEMPTS or not isinstance(error.orig, LOCKED):
                raise
            log.warning("the tables are in use; trying again (%d of %d)", attempt, ATTEMPTS - 1)
            time.sleep(PAUSE_S)
        else:
            return


def commit() -> None:
    """Commit what the migration did so far, so that it holds no locks while it goes on."""
    with op.get_context().autocommit_block():
        pass


def lock(*tables: str) -> None:
    """Lock tables for their change, several in the order of programs: `assets`, `jobs`, `publications`."""
    _lock(tables, ())


def change(tables: Sequence[str], *statements: str) -> None:
    """Lock tables as `lock` does, change them, and commit; all of the change is one message.

    For changes of many steps. On a machine with a load of 20, a migration waits for a core between any two
    messages, for a twentieth of a second: a change of 25 kept others waiting for longer than the receiver
    waits.
    """
    _lock(tables, statements)
    commit()


def _lock(tables: Sequence[str], statements: Sequence[str]) -> None:
    names = ", ".join(tables)
    # The first mode stops nobody, and ends a vacuum that PostgreSQL began by itself; only waiting for longer
    # than LOCK_TIMEOUT_MS does.
    op.execute(f"SET LOCAL lock_timeout = 0; LOCK TABLE {names} IN SHARE UPDATE EXCLUSIVE MODE")
    exclusive = (
        f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}",
        f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE",
    )
    op.execute(";\n".join((*exclusive, *statements)))


def create_index(
    name: str,
    table: str,
    columns: Sequence[str],
    where: str | None = None,
    *,
    method: str = "btree",
    storage: str | None = None,
    is_unique: bool = False,
) -> None:
    """Build an index while others write to the table; it waits for older transactions, such as a backup."""
    options = f" WITH ({storage})" if storage else ""
    condition = f" WHERE {where}" if where else ""
    unique = "UNIQUE " if is_unique else ""
    with _patient():
        if not _is_valid(name):  # left over by a build that was interrupted, or missing
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.execute(
            f"CREATE {unique}INDEX CONCURRENTLY IF NOT EXISTS {name} ON {table}"
            f" USING {method} ({', '.join(columns)}){options}{condition}"
        )


def drop_index(name: str) -> None:
    """Drop an index while others use the table."""
    with _patient():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def replace_index(name: str, table: str, columns: Sequence[str], where: str) -> None:
    """Build an index anew under its name; the one of before serves until then."""
    create_index(f"{name}_new", table, columns, where)
    drop_index(name)
    with _patient():
        op.execute(f"ALTER INDEX {name}_new RENAME TO {name}")


def in_batches(table: str, statement: str) -> None:
    """Change a table's rows a few at a time, each time in a transaction of its own.

    Args:
        table: whose ids are gone through.
        statement: with `:first` and `:last`, the ids of a batch; done twice, it changes nothing more.
    """
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        last = connection.scalar(text(f"SELECT max(id) FROM {table}")) or 0  # noqa: S608 - a name of our own
        first = connection.scalar(text(f"SELECT min(id) FROM {table}")) or 1  # noqa: S608
        for start in range(first, last + 1, BATCH_IDS):
            ids = {"first": start, "last": start + BATCH_IDS - 1}
            again_while_locked(partial(connection.execute, text(statement), ids))


@contextmanager
def _patient() -> Iterator[None]:
    """Wait for locks as long as needed: for those that these statements take, nobody else has to wait."""
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        try:
            yield
        finally:
            op.execute(f"SET lock_timeout = {LOCK_TIMEOUT_MS}")


def _is_valid(name: str) -> bool:
    found = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
    return bool(op.get_bind().scalar(found, {"name": name}))
