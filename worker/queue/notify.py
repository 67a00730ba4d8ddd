"""Wakes the dispatcher: a notification that PostgreSQL delivers when the transaction commits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

CHANNEL = "thumbs"


def wake_dispatcher(session: Session) -> None:
    """Tell every dispatcher, once this transaction is committed, that rows may have become due."""
    session.execute(select(func.pg_notify(CHANNEL, "")))
