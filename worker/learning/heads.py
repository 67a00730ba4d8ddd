"""Heads as rows: which there are, which are in use, and who put them there. The only room that moves `heads`.

It stays light, since pages and the dispatcher use it: no numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import defer

from worker.database import NOW
from worker.database.learning import Head
from worker.database.states import HeadState
from worker.errors import HeadRefused
from worker.learning.readiness import readiness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

__all__ = [
    "HeadRefused",
    "find",
    "in_use",
    "list_heads",
    "lock",
    "readiness",
    "roll_back",
    "scope_of",
    "ship",
    "used_by",
]

_REPLACED = "head {} took its place"
_WHY_NOT = {
    HeadState.CANDIDATE: "it was not judged: run `python -m worker.learning evaluate {0}`",
    HeadState.REFUSED: "it was judged, and not proved to be better: train another one with more tests",
    HeadState.SHIPPED: "it is in use already",
    HeadState.RETIRED: "it was in use before: train and judge another one",
}


def list_heads(session: Session, *, model: str | None = None, limit: int = 20) -> Sequence[Head]:
    """List heads, the newest first, without their arrays."""
    wanted = select(Head).options(defer(Head.arrays)).order_by(Head.id.desc()).limit(limit)
    return session.scalars(wanted if model is None else wanted.where(Head.model == model)).all()


def find(session: Session, head_id: int) -> Head:
    """Find a head by its number.

    Raises:
        HeadRefused: there is none.
    """
    head = session.get(Head, head_id)
    if head is None:
        raise HeadRefused(
            f"there is no head {head_id}: `python -m worker.learning list` names those there are"
        )
    return head


def in_use(session: Session) -> Sequence[Head]:
    """List the heads in use: one for each model, and one for each model and account."""
    used = select(Head).options(defer(Head.arrays)).where(Head.state == HeadState.SHIPPED)
    return session.scalars(used.order_by(Head.id)).all()


def used_by(session: Session, model: str, platform: str | None, account: str | None) -> Head | None:
    """Find the head that an account's videos are judged with: its own one, else that of all."""
    used = select(Head).where(Head.state == HeadState.SHIPPED, Head.model == model)
    own = session.scalar(used.where(Head.platform == platform, Head.account == account)) if account else None
    return own or session.scalar(used.where(Head.account.is_(None)))


def scope_of(head: Head) -> str:
    """Say whose head it is: "mux/main", or "all accounts"."""
    return "all accounts" if head.account is None else f"{head.platform}/{head.account}"


def ship(session: Session, head_id: int, who: str) -> Head:
    """Put a head that passed the gate into use, in place of the one that is; a person decides that.

    Raises:
        HeadRefused: there is none, or it may not be used; the message says why.
    """
    head = lock(session, head_id)
    if head.state != HeadState.PASSED:
        raise HeadRefused(
            f"head {head_id} cannot be shipped: {_WHY_NOT[HeadState(head.state)].format(head_id)}"
        )
    _check_against(session, head)
    now = session.scalars(select(NOW)).one()
    used = session.scalar(select(Head).where(*_same_scope(head), Head.state == HeadState.SHIPPED))
    if used is not None:
        _retire(session, used, _REPLACED.format(head_id))
    head.replaces_id = None if used is None else used.id
    head.state, head.shipped_at, head.shipped_by = HeadState.SHIPPED, now, who
    session.flush()
    return head


def roll_back(session: Session, who: str, why: str, *, head_id: int) -> Head | None:
    """Take a head out of use, and put back what it replaced.

    Args:
        session: any.
        who: asks for it; "the rules" where nobody does.
        why: is told to people.
        head_id: in use.

    Returns:
        The head that is in use again; None: the order by hand is, or for an account what all have.

    Raises:
        HeadRefused: it is not in use.
    """
    head = lock(session, head_id)
    if head.state != HeadState.SHIPPED:
        raise HeadRefused(f"head {head_id} is not in use, so there is nothing to roll back")
    _retire(session, head, f"rolled back by {who}: {why}")
    before = None if head.replaces_id is None else session.get(Head, head.replaces_id, with_for_update=True)
    if before is None or before.retired_because != _REPLACED.format(head_id):
        return None
    before.state, before.retired_at, before.retired_because = HeadState.SHIPPED, None, None
    session.flush()
    return before


def _check_against(session: Session, head: Head) -> None:
    """Refuse a head that was proved to be better than something else than what is in use now."""
    used = used_by(session, head.model, head.platform, head.account)
    used_id, judged_id = None if used is None else used.id, (head.report or {}).get("against")
    if used_id != judged_id:
        raise HeadRefused(
            f"head {head.id} was judged against {_named(judged_id)}, and {_named(used_id)} is in use now: "
            f"judge it again: `python -m worker.learning evaluate {head.id}`"
        )


def _named(head_id: int | None) -> str:
    return "the order by hand" if head_id is None else f"head {head_id}"


def _retire(session: Session, head: Head, because: str) -> None:
    head.state, head.retired_because = HeadState.RETIRED, because
    head.retired_at = session.scalars(select(NOW)).one()
    session.flush()  # before another one takes its place: only one may be in use


def lock(session: Session, head_id: int) -> Head:
    """Find a head, and let nobody else change those of its scope meanwhile.

    Raises:
        HeadRefused: there is none.
    """
    head = find(session, head_id)
    session.execute(select(Head.id).where(*_same_scope(head)).order_by(Head.id).with_for_update())
    session.refresh(head)
    return head


def _same_scope(head: Head) -> tuple[ColumnElement[bool], ...]:
    return (
        Head.model == head.model,
        Head.platform.is_not_distinct_from(head.platform),
        Head.account.is_not_distinct_from(head.account),
    )
