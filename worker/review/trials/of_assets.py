"""Tells of each asset's newest test what the library and the asset's page say about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select, true

from worker.database.models import Asset
from worker.database.states import TrialState
from worker.database.trials import Trial, TrialLook
from worker.review.trials.words import as_sentence

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

UNSEEN = "It has begun, and nothing is known yet."


class Tested(NamedTuple):
    """An asset's newest test, in short."""

    trial_id: int
    state: str
    outcome: str | None  #: None: it runs
    said: str  #: a sentence
    started_at: datetime
    ends_at: datetime  #: at the latest
    ended_at: datetime | None

    @property
    def is_running(self) -> bool:
        """Whether viewers see its variants."""
        return self.state == TrialState.RUNNING


def newest_tests(session: Session, ids: Sequence[int]) -> dict[int, Tested]:
    """Find the newest test of each of these assets, with one statement; nothing of those without one."""
    newest = select(Trial).where(Trial.asset_id == Asset.id).order_by(Trial.id.desc()).limit(1)
    trial = newest.lateral("trial")
    look = (
        select(TrialLook.said)
        .where(TrialLook.trial_id == trial.c.id)
        .order_by(TrialLook.id.desc())
        .limit(1)
        .lateral("look")
    )
    columns = (trial.c.id, trial.c.state, trial.c.outcome, trial.c.why, look.c.said)
    times = (trial.c.started_at, trial.c.ends_at, trial.c.ended_at)
    rows = session.execute(
        select(Asset.id, *columns, *times)
        .select_from(Asset)
        .join(trial, true())
        .outerjoin(look, true())
        .where(Asset.id.in_(ids))
    )
    return {
        asset_id: Tested(trial_id, state, outcome, said_of(state, why, said), *when)
        for asset_id, trial_id, state, outcome, why, said, *when in rows
    }


def said_of(state: str, why: str, said: str | None) -> str:
    """Return the sentence that stands for a test: of its newest look, or why it ended."""
    return as_sentence((said or UNSEEN) if state == TrialState.RUNNING else (why or said or UNSEEN))
