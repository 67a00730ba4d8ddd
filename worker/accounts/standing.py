"""How an account stands, as conditions on its row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, false, func, or_, select

from worker.database import NOW
from worker.database.accounts import Account

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

# So many different assets in a row at which the platform failed are an outage. One asset that fails again and
# again is none, and has a back-off of its own.
BREAKER_FAILURES = 5


def is_closed(*, to_writes: bool = True) -> ColumnElement[bool]:
    """Build the condition that an account's platform is not to be asked yet.

    Args:
        to_writes: whether a write is to be made; else the platform is only read.
    """
    closed = func.coalesce(Account.closed_until > NOW, false())
    return closed if to_writes else and_(closed, ~only_writes_ail())


def ails(*, to_writes: bool = True) -> ColumnElement[bool]:
    """Build the condition that an account is known to be refused or down, so that one row at a time asks.

    Args:
        to_writes: as `is_closed`.
    """
    refused_or_down = or_(Account.refused_at.is_not(None), Account.failures >= BREAKER_FAILURES)
    return refused_or_down if to_writes else and_(refused_or_down, ~only_writes_ail())


def only_writes_ail() -> ColumnElement[bool]:
    """Build the condition that an account's videos can be read, and nothing can be written."""
    is_failing = Account.failures >= BREAKER_FAILURES
    return and_(Account.only_writes_fail, is_failing, Account.refused_at.is_(None))


def next_opening_in_s(session: Session) -> float | None:
    """Tell in how many seconds the next account opens; None where none is closed."""
    until_s = func.extract("epoch", func.min(Account.closed_until) - NOW)
    seconds = session.scalar(select(until_s).where(is_closed(), Account.paused_at.is_(None)))
    return None if seconds is None else float(seconds)
