"""Notice that the database is not the one that we wrote to, because an older backup was restored.

The rows of a restored database do not know what was done since the backup was made. PostgreSQL tells such a
database from the former one: a new cluster has another identifier, recovery and failover begin a new
timeline, and `pg_restore` makes tables with new numbers. A copy of its files that is put back looks the same.

Source: https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-CONTROLDATA
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads the annotations when the program runs
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from worker.database.base import NOW, Base

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_READ_IDENTITY = text("""
    SELECT concat_ws('/',
        (SELECT system_identifier FROM pg_control_system()),
        (SELECT timeline_id FROM pg_control_checkpoint()),
        CAST(CAST('assets' AS regclass) AS oid))
""")


class DatabaseIdentity(Base):
    """A database that these rows were once in; the newest is the one that they are in now."""

    __tablename__ = "database_identities"

    identity: Mapped[str] = mapped_column(primary_key=True)
    first_seen_at: Mapped[datetime] = mapped_column(server_default=NOW)


def restored_at(session: Session) -> datetime | None:
    """Tell when a program first met these rows in another database than before; None: never.

    The present database is noted if it is new.
    """
    identity = session.execute(_READ_IDENTITY).scalar_one()
    if session.get(DatabaseIdentity, identity) is None:
        # Another process may note it at the same time; then its time is the one that counts.
        session.execute(insert(DatabaseIdentity).values(identity=identity).on_conflict_do_nothing())
    return noted_restore(session)


def noted_restore(session: Session) -> datetime | None:
    """Tell the same by what programs have noted so far, and write nothing."""
    count, newest = session.execute(select(func.count(), func.max(DatabaseIdentity.first_seen_at))).one()
    return newest if count > 1 else None
