"""Check what was learned: heads in use and rolled back, and how much there is to learn from."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from worker.database import NOW
from worker.database.learning import Head
from worker.database.states import HeadState
from worker.doctor.finding import Finding, State
from worker.doctor.servers import ask_database
from worker.learning import heads
from worker.learning.watch import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from worker.settings import Settings

_TOLD_OF_ROLLBACK = timedelta(days=30)
_LEARN = "`python -m worker.learning train` learns from them"


def check_learning(settings: Settings) -> Iterator[Finding]:
    """Look at the heads, and at what there is to learn from; nothing is said where there is nothing."""
    yield from ask_database(settings, "learned", _heads)


def _heads(session: Session) -> Iterator[Finding]:
    used = heads.in_use(session)
    ready = heads.readiness(session)
    for head in used:
        says = f"head {head.id} is in use for {heads.scope_of(head)} since {head.shipped_at:%Y-%m-%d}"
        if ready.model is None or head.model == ready.model:
            yield Finding("learned", State.OK, says)
        else:
            remedy = f"train one for {ready.model}: `python -m worker.learning train`"
            yield Finding(
                "learned", State.WARNING, f"{says}, and of no use: videos have another model", remedy
            )
    yield from _rolled_back(session)
    if not used and (ready.tests or ready.choices):
        remedy = _LEARN if ready.is_enough else ""
        says = f"nothing yet: {'' if ready.is_enough else 'not enough: '}{ready}"
        yield Finding("learned", State.OK, says, remedy)


def _rolled_back(session: Session) -> Iterator[Finding]:
    """Tell for a month of the heads that the rules took out of use."""
    since = session.scalars(select(NOW)).one() - _TOLD_OF_ROLLBACK
    retired = select(Head.id, Head.retired_because).where(
        Head.state == HeadState.RETIRED,
        Head.retired_at > since,
        Head.retired_because.startswith(f"rolled back by {RULES}"),
    )
    for head_id, because in session.execute(retired.order_by(Head.id)):
        remedy = "nothing needs to be done; train another one when there are more tests"
        yield Finding("learned", State.WARNING, f"head {head_id} was {because}", remedy)
