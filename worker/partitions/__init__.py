"""Partitions of the tables that grow by the day, one a week: made ahead, dropped when it is too old.

To drop a partition is one short step and leaves nothing behind, however many rows it has; to delete them
takes time, writes as much again to the log of the database, and leaves space that a vacuum has to find. Rows
whose week has no partition are in the default one, where they stay until they are deleted.

The functions of the database that are called here act as the owner of the tables (migration 0026), since the
role of the services has rights to rows only.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import column, exists, func, select, table, text

from worker.database import STATEMENT_BEGAN, transaction

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Engine, TableClause
    from sqlalchemy.orm import Session

WEEKS_AHEAD = 4
KEYS = {"events": "received_at", "job_log": "at", "candidates": "created_at"}
"""The partitioned tables, and the column of each that says to which week a row belongs."""

# Whoever comes after us waits as long as we do; the receiver gives up after a second.
_LOCK_BRIEFLY = text("SET LOCAL lock_timeout = '250ms'")
# Others wait while a partition is made, for which PostgreSQL reads all of the default one.
_WORK_BRIEFLY = text("SET LOCAL statement_timeout = '800ms'")


class Partition(NamedTuple):
    """One partition of a table."""

    table: str
    name: str
    first_at: datetime | None  #: None of the first partition, which has all that is older
    end_at: datetime  #: the moment after it


def make_ahead(engine: Engine, weeks: int = WEEKS_AHEAD) -> Iterator[str]:
    """Make the partitions of this week and the next ones that are missing, and yield their names.

    Each week in a transaction of its own, so that others wait for one of them at most.

    Raises:
        OperationalError: somebody had a default partition locked, and trying again later helps; or so many
            rows are in one that it cannot be read within that time.
        IntegrityError: a row came to a default partition just then; trying again helps.
    """
    for ahead in range(weeks + 1):
        with transaction(engine) as session:
            session.execute(_LOCK_BRIEFLY)
            session.execute(_WORK_BRIEFLY)
            made = session.scalars(select(func.thumbs_make_partitions(ahead))).all()
        yield from made


def drop_oldest(session: Session, of_table: str, kept_days: int) -> Partition | None:
    """Drop a table's oldest partition if all of it is older than so many days; None where it is not.

    One at a time, because its table is locked until the transaction ends.

    Raises:
        OperationalError: somebody uses the table for longer than we wait; trying again later helps.
    """
    session.execute(_LOCK_BRIEFLY)
    kept_since = STATEMENT_BEGAN - timedelta(days=kept_days)
    found = func.thumbs_drop_partition(of_table, kept_since).table_valued("name", "first_at", "end_at")
    dropped = session.execute(select(found)).one_or_none()
    return None if dropped is None else Partition(of_table, *dropped)


def default_of(of_table: str) -> TableClause:
    """Return the default partition of a table, with the columns `id` and of `KEYS`."""
    return table(f"{of_table}_default", column("id"), column(KEYS[of_table]))


def tables_with_strays(session: Session) -> Iterator[str]:
    """Find the tables that have rows in their default partition."""
    for of_table in KEYS:
        if session.scalar(select(exists().select_from(default_of(of_table)))):
            yield of_table


def made_until(session: Session) -> datetime | None:
    """Return until when each table has partitions: of the one that ends first; None where there are none."""
    ends = "SELECT max(end_at) AS last FROM thumbs_partitions() GROUP BY parent"
    found: datetime | None = session.scalar(text(f"SELECT min(last) FROM ({ends}) ends"))  # noqa: S608
    return found
