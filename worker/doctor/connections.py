"""Check the way to PostgreSQL: what is between, and whether what needs a session of its own has one."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from worker.database import make_engine, url_of
from worker.database.engine import driver_of, is_pooled
from worker.doctor.finding import Finding, State
from worker.doctor.servers import reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from worker.settings import Settings

_READ_PLACE = text("SELECT system_identifier, current_database() FROM pg_control_system()")
_WHAT = "direct connection"
_NAME = "name PostgreSQL itself, and the same database, in DATABASE_DIRECT_URL"


def check_connections(settings: Settings) -> Iterator[Finding]:
    """Check that the dispatcher and migrations reach PostgreSQL itself, where the others use a pooler."""
    address, direct = settings.database_address, settings.database_direct_address
    if address is None:
        return
    try:
        with _connection(address) as given:
            has_pooler, place = is_pooled(driver_of(given)), given.execute(_READ_PLACE).one()
    except SQLAlchemyError:  # what is wrong was said of the database
        return
    if direct is not None:
        url_of(direct, "DATABASE_DIRECT_URL")
        try:
            with _connection(direct) as own:
                yield _direct(own, is_same=own.execute(_READ_PLACE).one() == place)
        except SQLAlchemyError as error:
            yield Finding(_WHAT, State.FAILED, reason_of(error), "start it, or correct DATABASE_DIRECT_URL")
    elif has_pooler:
        says = "DATABASE_URL goes through a pooler, and DATABASE_DIRECT_URL is not set"
        remedy = "set it for `thumbs dispatch` and `thumbs migrate`, which end without it; others need it not"
        yield Finding(_WHAT, State.WARNING, says, remedy)


@contextmanager
def _connection(address: str) -> Iterator[Connection]:
    engine = make_engine(address)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _direct(connection: Connection, *, is_same: bool) -> Finding:
    if is_pooled(driver_of(connection)):
        return Finding(_WHAT, State.FAILED, "DATABASE_DIRECT_URL goes through a pooler, too", _NAME)
    if not is_same:
        return Finding(_WHAT, State.FAILED, "DATABASE_DIRECT_URL is another database", _NAME)
    if connection.scalar(text("SHOW transaction_read_only")) == "on":
        says, remedy = "DATABASE_DIRECT_URL is read-only", "name the primary server there"
        return Finding(_WHAT, State.FAILED, says, remedy)
    return Finding(_WHAT, State.OK, "to the database that DATABASE_URL names")
