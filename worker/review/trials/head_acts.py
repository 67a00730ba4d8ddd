"""What people do with learned heads: put one into use, and take it back. Each act is one transaction."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import select

from worker.admin.find import NotFound
from worker.database import transaction
from worker.database.learning import Head
from worker.database.states import HeadState, Role
from worker.errors import PermanentError, ThumbsError
from worker.learning import heads
from worker.people import audit
from worker.people.roles import NotAllowed
from worker.review.trials.heads import find_head

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from worker.people.roles import Actor

_FOR_OPERATORS = "this takes the role operator for all accounts; `thumbs invite` can give it"
_NO_REASON = "write down why; others will want to know it"


class HeadConflict(ThumbsError):
    """What is in use changed since the page was opened. Nothing was changed; the message says what holds."""


class NoReason(PermanentError):
    """An act on what all videos are picked with needs a reason."""


def ship(engine: Engine, actor: Actor, head_id: int, why: str) -> Head:
    """Put a head into use that passed the gate; the one before it retires.

    Raises:
        NotFound: there is no such head.
        NotAllowed: they are no operator of all accounts.
        NoReason: they gave none.
        HeadConflict: it is no longer one that passed.
        PermanentError: as `worker.learning.heads.ship`.
    """
    with _locked(engine, actor, head_id, why) as (session, head):
        if head.state == HeadState.SHIPPED and head.shipped_by == actor.name:
            return head  # a form that was sent twice
        if head.state != HeadState.PASSED:
            raise HeadConflict(_holds(head))
        heads.ship(session, head.id, actor.name)
        audit.note(session, actor, "ship-head", head=head.id, why=why)
        return head


def roll_back(engine: Engine, actor: Actor, head_id: int, why: str) -> Head:
    """Take a head out of use, so that what was in use before it is used again.

    Raises:
        NotFound, NotAllowed, NoReason: as `ship`.
        HeadConflict: it is not in use any more.
        PermanentError: as `worker.learning.heads.roll_back`.
    """
    with _locked(engine, actor, head_id, why) as (session, head):
        if head.state != HeadState.SHIPPED:
            raise HeadConflict(_holds(head))
        heads.roll_back(session, actor.name, why, head_id=head.id)
        audit.note(session, actor, "roll-back-head", head=head.id, why=why)
        return head


@contextmanager
def _locked(engine: Engine, actor: Actor, head_id: int, why: str) -> Iterator[tuple[Session, Head]]:
    if not actor.may_everywhere(Role.OPERATOR):
        raise NotAllowed(_FOR_OPERATORS)
    if not why:
        raise NoReason(_NO_REASON)
    with transaction(engine) as session:
        head = find_head(session, actor, head_id)
        if head is None:
            raise NotFound("there is no such head")
        # All heads of this one's model and account, so that two people do not put two into use.
        same = (Head.model == head.model, Head.platform.is_not_distinct_from(head.platform))
        rows = select(Head.id).where(*same, Head.account.is_not_distinct_from(head.account))
        session.execute(rows.order_by(Head.id).with_for_update())
        session.refresh(head)
        yield session, head


def _holds(head: Head) -> str:
    match head.state:
        case HeadState.SHIPPED:
            return f"head {head.id} is in use already; {head.shipped_by} shipped it"
        case HeadState.RETIRED:
            because = f": {head.retired_because}" if head.retired_because else ""
            return f"head {head.id} is out of use by now{because}"
    return f"head {head.id} is {head.state}; only one that passed can be shipped"
