"""Telling workers what is due. A hint may be lost, late or doubled: the row is the truth."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import func, or_, select, update

from worker.database.models import Job, Publication
from worker.database.states import JobState, Priority, PublicationState

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

# So many announced rows of one priority may lie in the broker. More would only be announced again while they
# wait there.
MAX_ANNOUNCED = 500
LONGEST_PATIENCE = 10  # times as long as the first wait

_NOW = func.clock_timestamp()


class Hint(NamedTuple):
    """What a worker is told: look at this row."""

    id: int
    number: int  #: counts the hints of one row
    priority: Priority = Priority.LIVE


def announce(
    session: Session,
    table: type[Job | Publication],
    is_waiting: ColumnElement[bool],
    rehint_s: float,
    **values: Any,
) -> list[Hint]:
    """Mark the rows that are due, and return the hints to send once this is committed.

    Args:
        session: its transaction.
        table: of the rows.
        is_waiting: which rows may be announced when their time has come.
        rehint_s: an announced row that nobody claimed for so long is announced again, then after twice as
            long, and so on: while all workers are busy, hints must not fill the broker.
        **values: set on the rows besides.
    """
    return [
        hint
        for priority in Priority
        for hint in _announce(session, table, is_waiting & (table.priority == priority), rehint_s, values)
    ]


def _announce(
    session: Session,
    table: type[Job | Publication],
    is_waiting: ColumnElement[bool],
    rehint_s: float,
    values: Mapping[str, Any],
) -> list[Hint]:
    patience = func.least(func.greatest(table.hint_no, 1), LONGEST_PATIENCE)
    is_fresh = table.hinted_at > _NOW - timedelta(seconds=rehint_s) * patience
    in_broker = session.scalar(select(func.count()).select_from(table).where(is_waiting, is_fresh)) or 0
    ids = (
        select(table.id)
        .where(is_waiting, table.scheduled_at <= _NOW, or_(table.hinted_at.is_(None), ~is_fresh))
        .order_by(table.scheduled_at)
        .limit(max(0, MAX_ANNOUNCED - in_broker))
        .with_for_update(skip_locked=True)
    )
    rows = session.execute(
        update(table)
        .where(table.id.in_(ids.scalar_subquery()))
        .values(hinted_at=_NOW, hint_no=table.hint_no + 1, **values)
        .returning(table.id, table.hint_no, table.priority)
    )
    return [Hint(row_id, number, Priority(priority)) for row_id, number, priority in rows]


def unannounce(session: Session, table: type[Job | Publication], ids: Collection[int]) -> None:
    """The hints could not be sent: announce these rows again as soon as the broker is back."""
    session.execute(update(table).where(table.id.in_(ids)).values(hinted_at=None))


def unannounce_all(session: Session) -> None:
    """The broker has forgotten every hint: announce all that waits again."""
    for table, state in ((Job, JobState.AVAILABLE), (Publication, PublicationState.PENDING)):
        session.execute(update(table).where(table.state == state).values(hinted_at=None))


def next_lease_ends_in_s(
    session: Session, table: type[Job | Publication], held: JobState | PublicationState
) -> float | None:
    """Seconds until the next lease of a row in this state ends; None where none is to end."""
    at = func.extract("epoch", func.min(table.lease_until) - _NOW)
    seconds = session.scalar(select(at).where(table.state == held, table.lease_until > _NOW))
    return None if seconds is None else float(seconds)


def next_due_in_s(
    session: Session, table: type[Job | Publication], is_waiting: ColumnElement[bool]
) -> float | None:
    """Seconds until the next row is due; None where none waits for its time."""
    at = func.extract("epoch", func.min(table.scheduled_at) - _NOW)
    seconds = session.scalar(select(at).where(is_waiting, table.scheduled_at > _NOW))
    return None if seconds is None else float(seconds)
