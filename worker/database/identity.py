"""Notice that the database is not the one that we wrote to, because an older backup was restored.

The rows of a restored database do not know what was done since the backup was made. PostgreSQL tells such a
database from the former one: a new cluster has another identifier, recovery and failover begin a new
timeline, and `pg_restore` makes tables with new numbers. A copy of its files that is put back looks the same.
The migration that made the table notes the first database, and the dispatcher every other when it connects.

Source: https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-CONTROLDATA
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from worker.database.base import NOW, Base

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

_READ_IDENTITY = text("""
    SELECT concat_ws('/',
        (SELECT system_identifier FROM pg_control_system()),
        (SELECT timeline_id FROM pg_control_checkpoint()),
        CAST(CAST('assets' AS regclass) AS oid))
""")

# Migrations note the database that they are made in. So rows without one are those of a backup that was made
# before they did so, unless nothing has ever been written.
_HAS_PUBLICATIONS = text("SELECT EXISTS (SELECT FROM publications)")
_UNKNOWN, _LONG_AGO = "unknown", datetime.fromtimestamp(0, UTC)


class DatabaseIdentity(Base):
    """A database that these rows were once in; the newest is the one that they are in now."""

    __tablename__ = "database_identities"

    identity: Mapped[str] = mapped_column(primary_key=True)
    first_seen_at: Mapped[datetime] = mapped_column(server_default=NOW)


def restored_at(session: Session) -> datetime | None:
    """Tell when a program first met these rows in another database than before; None: never.

    The present database is noted if it is new.
    """
    identity, seen = _read(session)
    if identity not in seen:
        if _is_unknown_origin(session, seen):
            _note(session, identity=_UNKNOWN, first_seen_at=_LONG_AGO)
        # Another process may note it at the same time; then its time is the one that counts.
        _note(session, identity=identity)
        return restored_at(session)
    return max(seen.values()) if len(seen) > 1 else None


def look(session: Session) -> datetime | None:
    """Tell the same without a change of the rows: it is now, where no program has met them yet."""
    identity, seen = _read(session)
    if identity in seen:
        return max(seen.values()) if len(seen) > 1 else None
    return session.scalar(select(NOW)) if seen or _is_unknown_origin(session, seen) else None


def _read(session: Session) -> tuple[str, dict[str, datetime]]:
    """Read the present database's identity, and since when each is known."""
    identity = session.execute(_READ_IDENTITY).scalar_one()
    seen = {row.identity: row.first_seen_at for row in session.scalars(select(DatabaseIdentity))}
    return identity, seen


def _is_unknown_origin(session: Session, seen: Mapping[str, datetime]) -> bool:
    return not seen and bool(session.scalar(_HAS_PUBLICATIONS))


def _note(session: Session, **values: Any) -> None:
    session.execute(insert(DatabaseIdentity).values(**values).on_conflict_do_nothing())
