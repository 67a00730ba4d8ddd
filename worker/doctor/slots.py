"""Check whether platforms tell what tests by days need: how often a video was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from worker.database.models import Asset
from worker.database.states import TrialState
from worker.database.trials import Slot, Trial
from worker.doctor.finding import Finding, State
from worker.doctor.servers import ask_database
from worker.platforms import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from worker.settings import Settings


def check_slots(settings: Settings) -> Iterator[Finding]:
    """Name the accounts whose views could not be read; nothing is said where all could."""
    yield from ask_database(settings, "tests by days", _untold)


def _untold(session: Session) -> Iterator[Finding]:
    is_untold = (Slot.counted_at.is_(None), ~Slot.is_void, Slot.asks > 0, Slot.why != "")
    by_account = (
        select(Asset.platform, Asset.account, func.count(), func.max(Slot.why))
        .join(Trial, Trial.asset_id == Asset.id)
        .join(Slot, Slot.trial_id == Trial.id)
        .where(Trial.state == TrialState.RUNNING, *is_untold)
        .group_by(Asset.platform, Asset.account)
        .order_by(Asset.platform, Asset.account)
    )
    for platform, account, days, why in session.execute(by_account):
        says = f"{platform}/{account}: the views of {days} days of tests could not be read: {why}"
        yield Finding("tests by days", State.WARNING, says, _remedy(platform))


def _remedy(platform: str) -> str:
    needed = PLATFORMS[platform].capabilities.count_permission if platform in PLATFORMS else ""
    if not needed:
        return f"docs/platforms/{platform}.md says where the numbers come from"
    return f"they need {needed}: docs/platforms/{platform}.md, step 1"
