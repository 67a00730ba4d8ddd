"""The engine, and one transaction as a `with` block."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session

from worker.errors import SettingsInvalid
from worker.settings import get_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import URL, Engine

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


def url_of(address: str | None) -> URL:
    """Read the address of a PostgreSQL database, for SQLAlchemy with psycopg.

    Raises:
        SettingsInvalid: it is missing, or names something else.
    """
    if not address:
        raise SettingsInvalid("DATABASE_URL: missing; name a PostgreSQL database, or run `thumbs up`")
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):  # they repeat a part of the address, which may be the password's
        raise SettingsInvalid("DATABASE_URL: not an address like postgresql://user@host/name") from None
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        raise SettingsInvalid(f"DATABASE_URL: PostgreSQL is needed, not {url.get_backend_name()}")
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
        address: of the database, as `url_of` reads it.
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
    return create_engine(
        url_of(address),
        pool_pre_ping=True,
        pool_size=pool_size,
        pool_timeout=CONNECT_TIMEOUT_S,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            **TCP_LIMITS,
            "options": " ".join(f"-c {name}={value}" for name, value in timeouts.items()),
        },
    )


@cache
def get_engine() -> Engine:
    """Return the engine of this process, made on the first call."""
    return make_engine(get_settings().database_address)


@contextmanager
def transaction(bind: Engine | None = None) -> Iterator[Session]:
    """Open one transaction: committed at the end, rolled back by an exception; rows stay readable."""
    with Session(bind or get_engine(), expire_on_commit=False) as session, session.begin():
        yield session
