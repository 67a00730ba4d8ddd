"""Which variant is shown on which day: drawn once, when a test begins."""

from __future__ import annotations

import hashlib
import itertools
import math
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from worker.database import NOW
from worker.database.models import Asset
from worker.database.trials import Slot, Variant
from worker.platforms import PLATFORMS
from worker.trials.slots.admission import timezone_of

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.orm import Session

    from worker.database.trials import Trial

#: When a slot's numbers are read: platforms go on to count for a day or two.
COUNTED_AFTER = timedelta(days=3)

# From when the last numbers are there until the test ends at the latest.
LAST_LOOK = timedelta(days=1)


def begin_slots(session: Session, trial: Trial) -> list[Slot]:
    """Draw the slots of a test that was just started, from the next midnight on, and set when it ends.

    Args:
        session: its transaction; the asset's row is locked, the trial and its variants are stored.
        trial: of the kind of slots, with the time zone that its account wants; from `started_at` to `ends_at`
            it lasts as many days as there are slots.
    """
    asset = session.get_one(Asset, trial.asset_id)
    trial.timezone = timezone_of(PLATFORMS[asset.platform].capabilities, trial.timezone or "UTC")
    is_of_it = Variant.trial_id == trial.id
    variants = session.scalar(select(func.count()).select_from(Variant).where(is_of_it)) or 0
    days = round((trial.ends_at - trial.started_at) / timedelta(days=1))
    times = day_times(session.scalars(select(NOW)).one(), trial.timezone, days // variants * variants)
    slots = [
        Slot(trial_id=trial.id, number=number, variant=variant, from_at=from_at, to_at=to_at)
        for number, (variant, (from_at, to_at)) in enumerate(
            zip(itertools.chain.from_iterable(_orders(trial.salt, variants)), times, strict=False)
        )
    ]
    session.add_all(slots)
    trial.ends_at = slots[-1].to_at + COUNTED_AFTER + LAST_LOOK
    session.flush()
    return slots


def _orders(salt: str, variants: int) -> itertools.chain[tuple[int, ...]]:
    return itertools.chain(block_order(salt, block, variants) for block in itertools.count())


def block_order(salt: str, block: int, variants: int) -> tuple[int, ...]:
    """Draw in which order a block shows the variants: each order is as probable as any other.

    SHA-256 of `SALT:block:NUMBER`, modulo the number of orders, is the place in the list of all of them. With
    two variants, that is a coin.

    Args:
        salt: of the test.
        block: its number, from 0.
        variants: how many there are; 4 at most.
    """
    drawn = int.from_bytes(hashlib.sha256(f"{salt}:block:{block}".encode()).digest(), "big")
    place = drawn % math.factorial(variants)
    return next(itertools.islice(itertools.permutations(range(variants)), place, None))


def day_times(now: datetime, timezone: str, days: int) -> list[tuple[datetime, datetime]]:
    """List when whole days begin and end, from the next midnight on, in UTC.

    A day on which the clocks change has 23 or 25 hours.

    Args:
        now: aware.
        timezone: whose midnights, e.g. Europe/Berlin.
        days: how many.
    """
    zone = ZoneInfo(timezone)
    first = now.astimezone(zone).date() + timedelta(days=1)
    midnights = [_midnight(first + timedelta(days=day), zone) for day in range(days + 1)]
    return list(itertools.pairwise(midnights))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def date_of(slot: Slot, trial: Trial) -> date:
    """Return the day that a slot is, in the test's time zone."""
    return slot.from_at.astimezone(ZoneInfo(trial.timezone or "UTC")).date()
