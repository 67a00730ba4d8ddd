"""Watches the heads in use, from the dispatcher: one that is proved to be worse is rolled back by itself."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from worker.database import NOW, transaction
from worker.database.states import HeadState
from worker.learning import heads
from worker.learning.challenge import challenged
from worker.learning.drift import drift_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from worker.database.learning import Head

log = logging.getLogger(__name__)

RULES = "the rules"  #: who it is that rolls back
_DRIFT_EVERY = timedelta(days=30)
_DRIFT_SPAN = timedelta(days=90)


def watch(engine: Engine) -> int:
    """Look at each head in use, and roll back those that lose; return how many."""
    with transaction(engine) as session:
        used = [head.id for head in heads.in_use(session)]
    return sum(_look(engine, head_id) for head_id in used)


def _look(engine: Engine, head_id: int) -> bool:
    with transaction(engine) as session:
        head = heads.lock(session, head_id)
        if head.state != HeadState.SHIPPED:
            return False  # a person took it out of use meanwhile
        why = _loss(session, head) or _drifted(session, head)
        if why:
            heads.roll_back(session, RULES, why, head_id=head_id)
    if why:
        log.warning("head %s is rolled back: %s", head_id, why, extra={"action": "head-rolled-back"})
    return bool(why)


def _loss(session: Session, head: Head) -> str:
    found = challenged(session, head.id)
    if not found.is_proved:
        return ""
    return f"viewers played less with it in {found.tests} tests against the order by hand"


def _drifted(session: Session, head: Head) -> str:
    """Judge by the newest tests where a month has passed, and note that it was done."""
    now, report = session.scalars(select(NOW)).one(), dict(head.report or {})
    looked_at = report.get("drift", {}).get("at")
    if not _is_due(now, head.shipped_at, looked_at):
        return ""
    found = drift_of(session, head.id, _DRIFT_SPAN)
    gain = found.gain
    report["drift"] = {
        "at": now.timestamp(),
        "tests": gain.size,
        "changed": found.changed,
        "gain": gain.mean,
    }
    head.report = report
    session.flush()
    if not found.is_worse:
        return ""
    return f"{gain.mean:+.1%} plays against the order by hand in the {gain.size} tests of the last 90 days"


def _is_due(now: datetime, shipped_at: datetime | None, looked_at: float | None) -> bool:
    last = looked_at if looked_at is not None else shipped_at.timestamp() if shipped_at else 0.0
    return now.timestamp() - last >= _DRIFT_EVERY.total_seconds()
