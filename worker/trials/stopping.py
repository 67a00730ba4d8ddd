"""Ends tests. A stand-in of branch `pages`: the whole comes with branch `trials`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from worker.database import NOW
from worker.database.states import TrialOutcome, TrialState

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database.trials import Trial


def stop(session: Session, trial: Trial, who: str, why: str, *, apply: int | None = None) -> None:
    """End a test because a person says so, and show this one of its variants."""
    if trial.state == TrialState.ENDED:
        return
    end(session, trial, TrialOutcome.STOPPED, why or "a person stopped it", winner=apply, who=who)


def end(
    session: Session,
    trial: Trial,
    outcome: TrialOutcome,
    why: str,
    winner: int | None = None,
    who: str | None = None,
) -> None:
    """End a test."""
    trial.state, trial.outcome, trial.why, trial.winner = TrialState.ENDED, outcome, why, winner
    trial.ended_at, trial.ended_by = session.scalars(select(NOW)).one(), who
    session.flush()
