"""Reads what was counted of a test. A stand-in: the whole comes with the beacon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from worker.database.trials import TrialCount, TrialDay, Variant
from worker.trials.sums import Sums

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.orm import Session


def read_buckets(session: Session, trial_id: int) -> dict[int, Sums]:
    """Read what the viewers of each bucket did in all of a test."""
    rows = session.scalars(select(TrialCount).where(TrialCount.trial_id == trial_id))
    return {row.bucket: _sums(row) for row in rows}


def read_days(session: Session, trial_id: int) -> dict[date, tuple[Sums, ...]]:
    """Read what the viewers of each variant did on each day."""
    count = session.scalar(select(func.count()).where(Variant.trial_id == trial_id)) or 0
    days: dict[date, list[Sums]] = {}
    for row in session.scalars(select(TrialDay).where(TrialDay.trial_id == trial_id).order_by(TrialDay.day)):
        days.setdefault(row.day, [Sums()] * count)[row.variant] = _sums(row)
    return {day: tuple(sums) for day, sums in days.items()}


def _sums(row: TrialCount | TrialDay) -> Sums:
    return Sums(row.impressions, row.plays, row.quality_plays, row.watch_s, row.watch_s2)
