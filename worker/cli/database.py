"""The database as operators' commands meet it: found by itself, and its errors put into one sentence."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from psycopg.errors import (
    DeadlockDetected,
    InsufficientPrivilege,
    LockNotAvailable,
    QueryCanceled,
    SerializationFailure,
    UndefinedColumn,
    UndefinedTable,
)
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from worker.admin.accounts import check_filters
from worker.admin.find import NotFound
from worker.database import get_engine, make_engine
from worker.database.engine import LOCK_TIMEOUT_MS, STATEMENT_TIMEOUT_MS
from worker.errors import (
    ConfigurationError,
    PermanentError,
    RequestError,
    SettingsInvalid,
    TablesInUse,
    UnknownAccount,
    first_line,
)
from worker.settings import get_settings
from worker.standalone.servers import folder_words, running_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session


@contextmanager
def open_database() -> Iterator[Engine]:
    """Yield the engine; what the block then fails by becomes one sentence for the operator.

    Raises:
        ClickException: the database does not answer, refuses or gives up, nothing is of that name, or the
            request is refused.
        ConfigurationError: there is no database, or its tables are not up to date.
    """
    settings = get_settings()
    # Beside a `thumbs up` in the same folder, its own database is meant.
    own = None if settings.database_url else running_postgres(settings.data_dir / "postgres")
    if own is None and settings.database_url is None:
        raise SettingsInvalid(
            f"no service under {folder_words(settings.data_dir)}; set DATA_DIR or DATABASE_URL to what it "
            "uses, or run this in the folder of `thumbs up`"
        )
    engine = make_engine(own) if own else get_engine()
    try:
        yield engine
    except (NotFound, PermanentError, RequestError, TablesInUse) as error:
        raise click.ClickException(str(error)) from error
    except DBAPIError as error:
        if isinstance(error.orig, (UndefinedTable, UndefinedColumn)):
            raise ConfigurationError(
                "the database's tables are not up to date: run `thumbs migrate`"
            ) from error
        raise click.ClickException(_sentence(error, engine)) from error
    finally:
        engine.dispose()


def require_known(session: Session, platform: str | None, account: str | None = None) -> None:
    """Check the values of `--platform` and `--account`. Raises UsageError where one means nothing."""
    try:
        check_filters(session, platform, account, get_settings())
    except UnknownAccount as error:
        raise click.UsageError(str(error)) from error


def _sentence(error: DBAPIError, engine: Engine) -> str:
    """Say what the database did, and what helps."""
    # PostgreSQL adds lines with hints and positions; the first one says what is wrong.
    reason = first_line(error.orig or error)
    match error.orig:
        case QueryCanceled():
            return (
                f"the database took longer than {STATEMENT_TIMEOUT_MS // 1000} s: narrow the command with"
                " --platform or --since, where it has them, or try again"
            )
        case LockNotAvailable():
            return f"the rows were held by another program for {LOCK_TIMEOUT_MS // 1000} s: run it again"
        case DeadlockDetected() | SerializationFailure():
            return f"another program changed the same rows: run it again ({reason})"
        case InsufficientPrivilege():
            role = engine.url.username or "of DATABASE_URL"
            return f"the database's role {role} may not do this: run it as the tables' owner ({reason})"
    if isinstance(error, (OperationalError, InterfaceError)):
        return f"the database does not answer: {reason}"
    return f"the database refuses this: {reason}"
