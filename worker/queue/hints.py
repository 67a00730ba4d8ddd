"""Telling workers what is due. A hint may be lost, late or doubled: the row is the truth."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import ARRAY, BigInteger, cast, func, literal, or_, select, true, union_all, update

from worker.database import NOW, STATEMENT_BEGAN
from worker.database.states import Priority
from worker.queue import open_accounts
from worker.queue.shares import Shares

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy import CTE, ColumnElement, Select
    from sqlalchemy.orm import Session

    from worker.database.models import Job, Publication
    from worker.queue.shares import Group

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
    is_held: ColumnElement[bool],
    rehint_s: float,
    limit: int,
    **values: Any,
) -> list[Hint]:
    """Mark the rows that are due, and return the hints to send once this is committed, in this order.

    Accounts take turns, each with its share of the broker (see `shares`); so do rows of no account. Each
    priority has its own shares, so that a backfill does not keep live videos out.

    Args:
        session: its transaction.
        table: of the rows.
        is_waiting: which rows may be announced when their time has come.
        is_held: which rows workers have.
        rehint_s: an announced row that no worker claimed for so long is announced again, then after twice as
            long, and so on: while all workers are busy, hints must not fill the broker.
        limit: how many rows of one account workers may have at a time; 0: any number.
        **values: set on the rows besides.
    """
    backoff = func.least(func.greatest(table.hint_no, 1), MAX_BACKOFF)
    is_fresh = table.hinted_at > STATEMENT_BEGAN - timedelta(seconds=rehint_s) * backoff
    # That there is a time is said, because the index holds only such rows.
    is_announced = is_waiting & table.hinted_at.is_not(None) & is_fresh
    held = _count_held(session, table, is_held)
    shares = Shares(
        most=open_accounts.most_by_account(session, limit, held, to_write=table.IS_WRITE) | {None: None},
        held=held,
        announced=_count_announced(session, table, is_announced),
    )
    is_due = is_waiting & (table.scheduled_at <= STATEMENT_BEGAN) & or_(table.hinted_at.is_(None), ~is_fresh)
    hints: list[Hint] = []
    for priority in Priority:
        due = _due(table, is_due & (table.priority == priority), shares, priority)
        rows = session.execute(
            update(table)
            .where(table.id == due.c.id)
            .values(hinted_at=NOW, hint_no=table.hint_no + 1, **values)
            .returning(due.c.turn, table.id, table.hint_no, table.account_id)
        )
        for _, row_id, number, account_id in sorted(rows, key=itemgetter(0)):
            hints.append(Hint(row_id, number, priority))
            shares.announced[priority][account_id] += 1
    return hints


def _count_held(
    session: Session, table: type[Job | Publication], is_held: ColumnElement[bool]
) -> Counter[Group]:
    held = select(table.account_id, func.count()).where(is_held).group_by(table.account_id)
    return Counter(dict(session.execute(held).all()))


def _count_announced(
    session: Session, table: type[Job | Publication], is_announced: ColumnElement[bool]
) -> Mapping[Priority, Counter[Group]]:
    by = (table.priority, table.account_id)
    announced: dict[Priority, Counter[Group]] = {priority: Counter() for priority in Priority}
    for priority, group, count in session.execute(
        select(*by, func.count()).where(is_announced).group_by(*by)
    ):
        announced[Priority(priority)][group] = count
    return announced


def _due(
    table: type[Job | Publication], is_due: ColumnElement[bool], shares: Shares, priority: Priority
) -> CTE:
    """Select the rows to announce, and for each its turn: how many of its account come before it."""
    rooms = shares.rooms(priority)
    longest = max(rooms.values(), default=0)

    def first(is_of_group: ColumnElement[bool]) -> Select[int, int | None, datetime]:
        columns = (table.id, table.account_id, table.scheduled_at)
        # By the account, too, which is the same in all of them: else PostgreSQL does not see that the index
        # on account, priority and time has them in this order, and sorts all that are due.
        ordered = select(*columns).where(is_due, is_of_group).order_by(table.account_id, table.scheduled_at)
        # Another dispatcher may be at it: each takes the rows that the other has not locked.
        return ordered.limit(longest).with_for_update(skip_locked=True, of=table)

    # A query for each account, which reads no more rows than there is room for.
    accounts = {account: room for account, room in rooms.items() if account is not None}
    groups = func.unnest(_array(accounts.keys()), _array(accounts.values()))
    group = groups.table_valued("account_id", "room").render_derived("share")
    of_account = first(table.account_id == group.c.account_id).correlate(group).lateral("of_account")
    of_none = first(table.account_id.is_(None)).subquery("of_none")
    found = union_all(
        select(of_account, group.c.room).select_from(group.join(of_account, true())),
        select(of_none, literal(rooms.get(None, 0)).label("room")),
    ).subquery("found")
    turn = func.row_number().over(partition_by=found.c.account_id, order_by=found.c.scheduled_at)
    ranked = select(found.c.id, found.c.room, turn.label("turn")).subquery("ranked")
    # Where there are more accounts than hints, chance decides who comes first: nobody has to remember whose
    # turn it was, and nobody is last every time.
    picked = select(ranked.c.id, ranked.c.turn).where(ranked.c.turn <= ranked.c.room)
    picked = picked.order_by(ranked.c.turn, func.random()).limit(shares.room_of_all(priority))
    # A CTE, which runs once. As a subquery of the UPDATE, PostgreSQL may plan to run it again for every row,
    # each time skip those that are locked by now, and find as many others: the limit would not hold.
    return picked.cte("due").prefix_with("MATERIALIZED")


def _array(numbers: Collection[int]) -> ColumnElement[Any]:
    return cast(list(numbers), ARRAY(BigInteger))


def mark_unsent(session: Session, table: type[Job | Publication], ids: Collection[int]) -> None:
    """Note that the hints of these rows were not sent, so that the next round announces them again."""
    session.execute(update(table).where(table.id.in_(ids)).values(hinted_at=None))


def mark_all_unsent(
    session: Session, table: type[Job | Publication], is_waiting: ColumnElement[bool]
) -> None:
    """Note that the broker has lost every hint, so that the next round announces all that waits again."""
    session.execute(update(table).where(is_waiting, table.hinted_at.is_not(None)).values(hinted_at=None))


def next_due_in_s(
    session: Session, table: type[Job | Publication], is_waiting: ColumnElement[bool]
) -> float | None:
    """Tell in how many seconds the next row becomes due; None where none waits for its time."""
    waits_s = []
    for priority in Priority:  # by which the index is ordered; what was announced before is not in it
        until_s = func.extract("epoch", table.scheduled_at - NOW)
        is_later = (table.priority == priority, table.scheduled_at > STATEMENT_BEGAN)
        later = select(until_s).where(is_waiting, table.hinted_at.is_(None), *is_later)
        waits_s.append(session.scalar(later.order_by(table.scheduled_at).limit(1)))
    return min((float(wait_s) for wait_s in waits_s if wait_s is not None), default=None)
