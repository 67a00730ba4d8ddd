"""An operator stops the work on an account, and lets it go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import case, func, update

from worker.accounts.standing import ails
from worker.database import NOW
from worker.database.accounts import Account

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def pause(session: Session, account_id: int, actor: str, why: str) -> None:
    """Let the account's rows wait until `resume`; what is under way ends normally."""
    paused_at = func.coalesce(Account.paused_at, NOW)  # a second pause renames the reason only
    values = {"paused_at": paused_at, "paused_by": actor, "paused_because": why}
    session.execute(update(Account).where(Account.id == account_id).values(values))


def resume(session: Session, account_id: int) -> None:
    """Let the account's rows go out at once; where it ails, one of them first, which asks the platform."""
    values = {
        "paused_at": None,
        "paused_by": None,
        "paused_because": "",
        # Where the platform itself named a time, that holds.
        "closed_until": case((ails(), None), else_=Account.closed_until),
    }
    session.execute(update(Account).where(Account.id == account_id).values(values))
