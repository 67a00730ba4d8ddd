"""Takes the numbers of a test's days from the customer's own systems, where the platform tells none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from worker.database import NOW
from worker.database.models import Asset
from worker.database.states import TrialKind, TrialState
from worker.database.trials import Slot, Trial
from worker.platforms import PLATFORMS
from worker.platforms.statistics import Counts
from worker.trials.slots.drawing import date_of

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.orm import Session


def tell_day(
    session: Session,
    trial_id: int,
    day: date,
    views: int,
    impressions: int | None = None,
    watch_s: float | None = None,
) -> bool:
    """Note how often a video was seen on one day of a test; told again, the later numbers count.

    Args:
        session: its transaction.
        trial_id: of a test by days.
        day: in the test's time zone; it must be over, so that the whole of it is told.
        views: how often the video was played.
        impressions: how often its picture was seen, if that is counted.
        watch_s: how long it was watched in all, in seconds, if that is counted.

    Returns:
        False where nothing was noted, and telling it again now does not help: no such test runs, its platform
        tells the numbers itself, or the day is none of it, is not over, or does not count.
    """
    trial = session.get(Trial, trial_id)
    if trial is None or trial.state != TrialState.RUNNING or trial.kind != TrialKind.SLOTS:
        return False
    asset = session.get_one(Asset, trial.asset_id)
    if PLATFORMS[asset.platform].capabilities.counts is not Counts.NONE:
        return False
    is_over = (Slot.trial_id == trial_id, ~Slot.is_void, Slot.ask_at.is_not(None))
    for slot in session.scalars(select(Slot).where(*is_over).with_for_update()):
        if date_of(slot, trial) == day:
            slot.views, slot.impressions, slot.watch_s = views, impressions, watch_s
            slot.counted_at, slot.why = session.scalars(select(NOW)).one(), ""
            return True
    return False
