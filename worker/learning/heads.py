"""Puts learned heads into use. A stand-in of branch `pages`: the whole comes with branch `learning`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from worker.database import NOW
from worker.database.learning import Head
from worker.database.states import HeadState
from worker.errors import PermanentError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class HeadRefused(PermanentError):
    """A head cannot be used; the message says what helps."""


def ship(session: Session, head_id: int, who: str) -> Head:
    """Put a head that passed into use."""
    head = session.get_one(Head, head_id, with_for_update=True)
    if head.state != HeadState.PASSED:
        raise HeadRefused(f"head {head_id} is {head.state}; only one that passed can be shipped")
    now = session.scalars(select(NOW)).one()
    same = (Head.model == head.model, Head.platform.is_not_distinct_from(head.platform))
    used = select(Head).where(
        *same, Head.account.is_not_distinct_from(head.account), Head.state == HeadState.SHIPPED
    )
    for one in session.scalars(used):
        one.state, one.retired_at, one.retired_because = HeadState.RETIRED, now, "another took its place"
        head.replaces_id = one.id
    session.flush()
    head.state, head.shipped_at, head.shipped_by = HeadState.SHIPPED, now, who
    session.flush()
    return head


def roll_back(session: Session, who: str, why: str, *, head_id: int) -> None:
    """Take a head out of use."""
    head = session.get_one(Head, head_id, with_for_update=True)
    if head.state != HeadState.SHIPPED:
        raise HeadRefused(f"head {head_id} is not in use")
    now = session.scalars(select(NOW)).one()
    head.state, head.retired_at, head.retired_because = HeadState.RETIRED, now, f"{who}: {why}"
    session.flush()


def readiness(_session: Session) -> str:
    """Say how much there is to learn from."""
    return "63 of about 400 videos"
