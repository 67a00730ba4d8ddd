"""Telling workers what is due. A hint may be lost, late or doubled: the row is the truth."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import func, or_, select, update

from worker.database import NOW
from worker.database.models import Job, Publication
from worker.database.states import JobState, Priority, PublicationState

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

# So many announced rows of one priority may lie in the broker. More would only be announced again while they
# wait there.
MAX_ANNOUNCED = 500
MAX_BACKOFF = 10  # times as long as the first wait


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

    Each priority has its own share of the broker, so that a backfill does not keep live videos out.

    Args:
        session: its transaction.
        table: of the rows.
        is_waiting: which rows may be announced when their time has come.
        rehint_s: an announced row that no worker claimed for so long is announced again, then after twice as
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
    backoff = func.least(func.greatest(table.hint_no, 1), MAX_BACKOFF)
    is_fresh = table.hinted_at > NOW - timedelta(seconds=rehint_s) * backoff
    in_broker = session.scalar(select(func.count()).select_from(table).where(is_waiting, is_fresh)) or 0
    # A CTE, which runs once. As a subquery of the UPDATE, PostgreSQL may plan to run it again for every row,
    # each time skip those that are locked by now, and find as many others: the limit would not hold.
    due = (
        select(table.id)
        .where(is_waiting, table.scheduled_at <= NOW, or_(table.hinted_at.is_(None), ~is_fresh))
        .order_by(table.scheduled_at)
        .limit(max(0, MAX_ANNOUNCED - in_broker))
        # Another dispatcher may be at it: each takes the rows that the other has not locked.
        .with_for_update(skip_locked=True)
        .cte("due")
        .prefix_with("MATERIALIZED")
    )
    rows = session.execute(
        update(table)
        .where(table.id == due.c.id)
        .values(hinted_at=NOW, hint_no=table.hint_no + 1, **values)
        .returning(table.id, table.hint_no, table.priority)
    )
    return [Hint(row_id, number, Priority(priority)) for row_id, number, priority in rows]


def mark_unsent(session: Session, table: type[Job | Publication], ids: Collection[int]) -> None:
    """Note that the hints of these rows were not sent, so that the next round announces them again."""
    session.execute(update(table).where(table.id.in_(ids)).values(hinted_at=None))


def mark_all_unsent(session: Session) -> None:
    """Note that the broker has lost every hint, so that the next round announces all that waits again."""
    for table, state in ((Job, JobState.AVAILABLE), (Publication, PublicationState.PENDING)):
        session.execute(update(table).where(table.state == state).values(hinted_at=None))


def next_due_in_s(
    session: Session, table: type[Job | Publication], is_waiting: ColumnElement[bool]
) -> float | None:
    """Tell in how many seconds the next row becomes due; None where none waits for its time."""
    until_s = func.extract("epoch", func.min(table.scheduled_at) - NOW)
    seconds = session.scalar(select(until_s).where(is_waiting, table.scheduled_at > NOW))
    return None if seconds is None else float(seconds)
