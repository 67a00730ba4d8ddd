"""Takes the numbers of a test's days from the customer's own systems, where the platform tells none."""

from __future__ import annotations

from datetime import date  # noqa: TC003 - NamedTuple
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from worker.database import NOW
from worker.database.models import Asset
from worker.database.states import TrialKind, TrialState
from worker.database.trials import Slot, Trial
from worker.errors import MalformedPayload
from worker.platforms import PLATFORMS
from worker.platforms.statistics import Counts
from worker.trials.slots.drawing import date_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class ToldDay(NamedTuple):
    """How often a video was seen on one day of a test."""

    where: str  #: its place in the message, for errors
    trial_id: int
    day: date  #: in the test's time zone; it must be over, so that the whole of it is told
    views: int  #: how often the video was played
    impressions: int | None = None  #: how often its picture was seen, if that is counted
    watch_s: float | None = None  #: how long it was watched in all, in seconds, if that is counted


def tell_day(session: Session, told: ToldDay) -> None:
    """Note how often a video was seen on one day of a test; told again, the later numbers count.

    Raises:
        MalformedPayload: nothing can be noted: no such test runs, its platform tells the numbers itself, or
            the day is none of it, is not over, or does not count. The message says which.
    """
    where, number = told.where, told.trial_id
    trial = session.get(Trial, number)
    if trial is None:
        raise MalformedPayload(f"`{where}.test`: there is no test {number}; `thumbs test list` has its id")
    if trial.state != TrialState.RUNNING:
        raise MalformedPayload(f"`{where}.test`: test {number} has ended, and counts no more")
    if trial.kind != TrialKind.SLOTS:
        raise MalformedPayload(f"`{where}.test`: test {number} draws viewers: tell what its buckets did")
    capabilities = PLATFORMS[session.get_one(Asset, trial.asset_id).platform].capabilities
    if capabilities.counts is not Counts.NONE:
        raise MalformedPayload(f"`{where}.test`: {capabilities.label} tells the numbers of test {number}")
    slot = _slot_of(session, trial, told)
    slot.views, slot.impressions, slot.watch_s = told.views, told.impressions, told.watch_s
    slot.counted_at, slot.why = session.scalars(select(NOW)).one(), ""


def _slot_of(session: Session, trial: Trial, told: ToldDay) -> Slot:
    """Find and lock the day that is told of, or refuse it."""
    of_trial = select(Slot).where(Slot.trial_id == trial.id).order_by(Slot.number)
    slot = next((one for one in session.scalars(of_trial) if date_of(one, trial) == told.day), None)
    if slot is None:
        raise MalformedPayload(f"`{told.where}.day`: {told.day} is no day of test {trial.id}")
    session.refresh(slot, with_for_update=True)
    if slot.is_void:
        raise MalformedPayload(f"`{told.where}.day`: {told.day} does not count: {slot.why}")
    if slot.ask_at is None:
        raise MalformedPayload(
            f"`{told.where}.day`: {told.day} is not over in {trial.timezone}; tell it a day later"
        )
    return slot
