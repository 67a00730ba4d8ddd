"""Days that pass for a test, which nobody can wait for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import update

from worker.database import transaction
from worker.database.trials import CountInbox, Trial, TrialDay, TrialLook

if TYPE_CHECKING:
    from sqlalchemy import Engine

# The inbox comes first: what the dispatcher takes from it just now is with the days when those are moved.
_TIMES = (CountInbox.at, TrialDay.day, TrialLook.at, Trial.started_at, Trial.ends_at, Trial.looked_at)
# Once there and back again: else one day might come to where the next one still is.
_AWAY_DAYS = 10_000


def pass_days(engine: Engine, trial_id: int, days: int) -> None:
    """Move the start and the end of a test, and what was counted and found so far, so many days back."""
    with transaction(engine) as session:
        for time in _TIMES:
            table = time.class_
            of_trial = (table.id if table is Trial else table.trial_id) == trial_id
            for step in (_AWAY_DAYS + days, -_AWAY_DAYS):
                moved = {time.key: time - timedelta(days=step)}
                session.execute(update(table).where(of_trial).values(moved))
