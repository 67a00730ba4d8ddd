"""Partitions of the tables that grow by the day, one a week: made ahead, dropped when it is too old.

To drop a partition is one short step and leaves nothing behind, however many rows it has; to delete them
takes time, writes as much again to the log of the database, and leaves space that a vacuum has to find. Rows
whose week has no partition are in the default one, where they stay until they are deleted.

The functions of the database that are called here act as the owner of the tables (migration 0026), since the
role of the services has rights to rows only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy.orm import Session

WEEKS_AHEAD = 4
KEYS = {"events": "received_at", "job_log": "at", "candidates": "created_at"}
"""The partitioned tables, and the column of each that says to which week a row belongs."""

# Whoever comes after us waits as long as we do; the receiver gives up after a second.
_BRIEFLY = text("SET LOCAL lock_timeout = '250ms'")
_KEPT_SINCE = "statement_timestamp() - make_interval(days => CAST(:days AS integer))"


class Partition(NamedTuple):
    """One partition of a table."""

    table: str
    name: str
    first_at: datetime | None  #: None of the first partition, which has all that is older
    end_at: datetime  #: the moment after it


def make_ahead(session: Session, weeks: int = WEEKS_AHEAD) -> list[str]:
    """Make the partitions of this week and the next ones that are missing, and return their names.

    Raises:
        OperationalError: somebody had a default partition locked; trying again later helps.
        IntegrityError: a row came to a default partition just then; trying again helps.
    """
    session.execute(_BRIEFLY)
    return list(session.scalars(text("SELECT thumbs_make_partitions(:weeks)"), {"weeks": weeks}))


def drop_oldest(session: Session, table: str, kept_days: int) -> Partition | None:
    """Drop a table's oldest partition if all of it is older than so many days; None where it is not.

    One at a time, because its table is locked until the transaction ends.

    Raises:
        OperationalError: somebody uses the table for longer than we wait; trying again later helps.
    """
    session.execute(_BRIEFLY)
    dropped = session.execute(
        text(f"SELECT name, first_at, end_at FROM thumbs_drop_partition(:of_table, {_KEPT_SINCE})"),  # noqa: S608
        {"of_table": table, "days": kept_days},
    ).one_or_none()
    return None if dropped is None else Partition(table, *dropped)


def delete_strays(session: Session, table: str, kept_days: int, most: int) -> int:
    """Delete rows of a default partition that are older than so many days, and return how many there were.

    From the whole table, whose triggers a deletion from the partition alone would not fire.
    """
    key = KEYS[table]
    rows = f"{table}_default WHERE {key} < {_KEPT_SINCE} LIMIT :most FOR UPDATE SKIP LOCKED"
    deleted = session.execute(
        text(
            f"WITH old AS MATERIALIZED (SELECT id, {key} FROM {rows}) DELETE FROM {table} USING old"  # noqa: S608
            f" WHERE {table}.id = old.id AND {table}.{key} = old.{key} RETURNING 1"
        ),
        {"days": kept_days, "most": most},
    )
    return len(deleted.all())


def tables_with_strays(session: Session) -> Iterator[str]:
    """Find the tables that have rows in their default partition."""
    for table in KEYS:
        if session.scalar(text(f"SELECT EXISTS (SELECT FROM {table}_default)")):  # noqa: S608
            yield table


def made_until(session: Session) -> datetime | None:
    """Return until when each table has partitions: of the one that ends first; None where there are none."""
    ends = "SELECT max(end_at) AS last FROM thumbs_partitions() GROUP BY parent"
    found: datetime | None = session.scalar(text(f"SELECT min(last) FROM ({ends}) ends"))  # noqa: S608
    return found
