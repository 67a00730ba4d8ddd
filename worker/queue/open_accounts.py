"""How many rows of an account workers may have at a time: none while it is paused or closed.

What the states of an account mean, and who writes them, `worker.accounts` says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sqlalchemy import func, or_, select, update

from worker import accounts
from worker.database.accounts import Account

if TYPE_CHECKING:
    from collections import Counter

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from worker.database.models import Job, Publication


def most_by_account(
    session: Session, limit: int, held: Counter[int | None], *, to_write: bool
) -> dict[int | None, int | None]:
    """Read how many rows of each account may be out at a time, in hand or announced; None: any number.

    Args:
        session: its transaction.
        limit: of an account that is well; 0: none.
        held: rows that workers have in hand. Some may be from before an account began to ail, and take long:
            they must not keep the one from going out that asks whether all is well again.
        to_write: whether the rows are writes.
    """
    is_shut = or_(Account.paused_at.is_not(None), accounts.is_closed(to_writes=to_write))
    standing = session.execute(select(Account.id, is_shut, accounts.ails(to_writes=to_write)))
    return {
        account_id: 0 if shut else held[account_id] + 1 if is_ailing else limit or None
        for account_id, shut, is_ailing in standing
    }


def has_room(
    session: Session, table: type[Job | Publication], row_id: int, is_held: ColumnElement[bool], limit: int
) -> bool:
    """Tell whether a worker may take this row of its account; if not, the row is announced again later.

    True until the transaction ends: claims of accounts that have a limit wait for each other.

    Args:
        session: the transaction that claims the row.
        table: of the row.
        row_id: which row.
        is_held: which rows of the table workers have.
        limit: how many of one account they may have at a time; 0: any number.
    """
    if not limit:
        return True
    account_id = session.scalar(select(table.account_id).where(table.id == row_id))
    if account_id is None:
        return True
    # Not the account's row: the ends of claims lock that one after a job's row, claims would before.
    lock = func.hashtextextended(f"{table.__tablename__} of account {account_id}", 0)
    session.execute(select(func.pg_advisory_xact_lock(lock)))
    held = session.scalar(
        select(func.count()).select_from(table).where(is_held, table.account_id == account_id)
    )
    if cast("int", held) < limit:
        return True
    # The dispatcher is not woken: were its limit another one, the two would go round and round.
    session.execute(update(table).where(table.id == row_id).values(hinted_at=None))
    return False


def waits_for(session: Session, table: type[Job | Publication], row_id: int) -> str | None:
    """Say which account keeps a row from being taken, e.g. "mux/main is refused"; None: none does."""
    of_row = select(Account, accounts.is_closed(), accounts.ails()).join(
        table, table.account_id == Account.id
    )
    standing = session.execute(of_row.where(table.id == row_id)).one_or_none()
    if standing is None:
        return None
    account, is_closed, is_ailing = standing
    states = {"paused": account.paused_at, "refused": account.refused_at, "closed": is_closed or is_ailing}
    state = next((name for name, holds in states.items() if holds), None)
    return f"{account.platform}/{account.account} is {state}" if state else None
