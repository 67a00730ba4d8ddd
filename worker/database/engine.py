"""The engine, and one transaction as a `with` block.

A pooler may be between, such as PgBouncer in transaction mode: then each transaction may meet another session
of PostgreSQL, which other programs use before and after it. So nothing may be left in a session there. A
pooler gives a connection a process id of its own making, by which each connection finds out by itself.

Source: https://www.pgbouncer.org/features.html (what transaction pooling breaks)
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import psycopg
from sqlalchemy import create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session

from worker.errors import SettingsInvalid
from worker.settings import get_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection
    from sqlalchemy.engine import URL, Engine
    from sqlalchemy.pool import ConnectionPoolEntry

# A blocked database becomes an error that the caller answers, not a hung process.
CONNECT_TIMEOUT_S = 3
STATEMENT_TIMEOUT_MS = 10_000
LOCK_TIMEOUT_MS = 5_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 15_000
# A host that vanished is noticed after 25 s; by itself TCP would wait for a quarter of an hour or more.
TCP_LIMITS: dict[str, Any] = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # ms
}
_IS_POOLED = "is_pooled"  # in what SQLAlchemy lets us note of a connection


def url_of(address: str | None, variable: str = "DATABASE_URL") -> URL:
    """Read the address of a PostgreSQL database, for SQLAlchemy with psycopg.

    Args:
        address: as it was set.
        variable: which setting it is, for messages.

    Raises:
        SettingsInvalid: it is missing, or names something else.
    """
    if not address:
        raise SettingsInvalid(f"{variable}: missing; name a PostgreSQL database, or run `thumbs up`")
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):  # they repeat a part of the address, which may be the password's
        raise SettingsInvalid(f"{variable}: not an address like postgresql://user@host/name") from None
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        raise SettingsInvalid(f"{variable}: PostgreSQL is needed, not {url.get_backend_name()}")
    return url.set(drivername="postgresql+psycopg")


def make_engine(
    address: str | None,
    *,
    statement_timeout_ms: int = STATEMENT_TIMEOUT_MS,
    lock_timeout_ms: int = LOCK_TIMEOUT_MS,
    pool_size: int = 10,
) -> Engine:
    """Make an engine whose connections are checked before use, and whose statements end.

    Args:
        address: of the database, or of a pooler before it, as `url_of` reads it.
        statement_timeout_ms: a statement that takes longer ends with an error.
        lock_timeout_ms: so does one that waits longer for a lock.
        pool_size: connections that are kept open; up to ten more are opened when all are busy.

    Raises:
        SettingsInvalid: the address is missing, or names something else.
    """
    timeouts = {
        "statement_timeout": statement_timeout_ms,
        "lock_timeout": lock_timeout_ms,
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_TIMEOUT_MS,
    }
    engine = create_engine(
        url_of(address),
        pool_pre_ping=True,
        pool_size=pool_size,
        pool_timeout=CONNECT_TIMEOUT_S,
        connect_args={"connect_timeout": CONNECT_TIMEOUT_S, **TCP_LIMITS},
    )
    _limit(engine, timeouts)
    return engine


def _limit(engine: Engine, timeouts: dict[str, int]) -> None:
    """Set the time-outs: once in a session of our own, and with each BEGIN where it is shared."""
    of_session = "; ".join(f"SET {name} = {value}" for name, value in timeouts.items())
    # One message, so that a transaction takes no more round trips than without a pooler.
    begin = "; ".join(["BEGIN", *(f"SET LOCAL {name} = {value}" for name, value in timeouts.items())])

    def prepare(driver: psycopg.Connection[Any], record: ConnectionPoolEntry) -> None:
        driver.autocommit = True
        record.info[_IS_POOLED] = is_pooled(driver)
        if record.info[_IS_POOLED]:
            driver.prepare_threshold = None  # what one session has prepared, the next does not know
        else:
            driver.execute(of_session)
            driver.autocommit = False

    def begin_shared(connection: Connection) -> None:
        if connection.info[_IS_POOLED]:
            connection.exec_driver_sql(begin)

    event.listen(engine, "connect", prepare, insert=True)
    event.listen(engine, "begin", begin_shared)


def driver_of(connection: Connection) -> psycopg.Connection[Any]:
    """Return psycopg's own connection, for what SQLAlchemy does not offer."""
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)


def is_pooled(driver: psycopg.Connection[Any]) -> bool:
    """Tell whether a pooler is between this connection and PostgreSQL's process for it."""
    (process_id,) = driver.execute("SELECT pg_backend_pid()").fetchone() or (None,)
    return process_id != driver.info.backend_pid


def require_direct(driver: psycopg.Connection[Any]) -> None:
    """Refuse a connection that has no session of its own, for what needs one.

    Raises:
        SettingsInvalid: a pooler is between.
    """
    if is_pooled(driver):
        raise SettingsInvalid(
            "DATABASE_DIRECT_URL: name PostgreSQL itself; a pooler is between, through which migrations and"
            " notifications do not work"
        )


def is_outage(error: DBAPIError | psycopg.Error) -> bool:
    """Tell whether the connection failed or could not be made, and not only a statement."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    said = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(said, psycopg.OperationalError):
        return False
    # PostgreSQL gives each error of a statement a code. A connection that cannot be made has none, and what a
    # pooler says as it gives up is of class 08, "connection exception".
    return said.sqlstate is None or said.sqlstate.startswith("08")


@cache
def get_engine() -> Engine:
    """Return the engine of this process, made on the first call."""
    return make_engine(get_settings().database_address)


@contextmanager
def transaction(bind: Engine | None = None) -> Iterator[Session]:
    """Open one transaction: committed at the end, rolled back by an exception; rows stay readable."""
    with Session(bind or get_engine(), expire_on_commit=False) as session, session.begin():
        yield session
