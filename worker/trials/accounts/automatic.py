"""Starts tests by itself, for new videos of accounts that want it and are seen often enough."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import exists, select

from worker.database import transaction
from worker.database.accounts import Account
from worker.database.base import STATEMENT_BEGAN
from worker.database.models import Asset, Job
from worker.database.states import FINAL, JobState
from worker.database.trials import Trial
from worker.trials import prospects, starting
from worker.trials.accounts import traffic
from worker.trials.accounts.wishes import wishes_of
from worker.trials.refused import TrialRefused
from worker.trials.running import IS_RUNNING

if TYPE_CHECKING:
    from datetime import timedelta

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from worker.settings import Settings

STARTED_BY = "TESTS=auto"
VARIANTS = 2
# Videos that a round considers; the rest waits for the next one.
BATCH = 200


def begin_tests(engine: Engine, settings: Settings, since: timedelta, longest_s: float) -> int:
    """Start tests of videos that a run has just completed, or note why none is started.

    Args:
        engine: the database.
        settings: say which accounts want tests by themselves.
        since: how long ago a run may have ended; those of longer ago were considered before.
        longest_s: when to stop.

    Returns:
        How many were started.
    """
    ends_at = time.monotonic() + longest_s
    with transaction(engine) as session:
        wanting = _accounts_that_want(session, settings)
        found = _new_videos(session, wanting, since) if wanting else []
    begun = 0
    for asset_id in found:
        if time.monotonic() >= ends_at:
            break
        with transaction(engine) as session:
            begun += consider(session, asset_id, settings)
    return begun


def consider(session: Session, asset_id: int, settings: Settings) -> bool:
    """Start a test of a video, or note why not; False too where another program holds its row."""
    locked = select(Asset).where(Asset.id == asset_id).with_for_update(skip_locked=True)
    asset = session.scalar(locked)
    if asset is None or asset.untested_because is not None or _was_tested(session, asset):
        return False
    asset.untested_because = _why_not(session, asset, settings)
    if asset.untested_because is not None:
        return False
    try:
        starting.start(session, asset, STARTED_BY, settings, count=VARIANTS)
    except TrialRefused as refused:
        asset.untested_because = str(refused)
        return False
    return True


def _why_not(session: Session, asset: Asset, settings: Settings) -> str | None:
    """Say why a test promises too little, or has to wait; None where one may start."""
    name = f"{asset.platform}/{asset.account}"
    known = traffic.of_account(session, asset.platform, asset.account)
    if known is None:
        # One test measures how often the account's videos are seen; more would be begun blindly.
        if _has_running(session, asset):
            return f"how often videos of {name} are seen is being measured by another test"
        return None
    expected = prospects.expected(known, VARIANTS, settings.test_days)
    if expected.is_promising:
        return None
    return f"videos of {name} are seen too seldom: {expected.said}, and a test ends after {expected.days}"


def _accounts_that_want(session: Session, settings: Settings) -> list[int]:
    rows = session.execute(select(Account.id, Account.platform, Account.account))
    return [row.id for row in rows if wishes_of(row.platform, row.account, settings).tests == "auto"]


def _new_videos(session: Session, account_ids: list[int], since: timedelta) -> list[int]:
    """List the videos of these accounts that a run has just completed and nobody has considered."""
    completed = (
        Job.state.in_(FINAL),  # as the index has it
        Job.state == JobState.COMPLETED,
        Job.finished_at >= STATEMENT_BEGAN - since,
        Job.account_id.in_(account_ids),
    )
    is_new = (Asset.untested_because.is_(None), Asset.deleted_at.is_(None), Asset.fingerprint.is_not(None))
    found = select(Asset.id).join(Job, Job.asset_id == Asset.id).where(*completed, *is_new)
    untested = found.where(~exists().where(Trial.asset_id == Asset.id))
    return list(session.scalars(untested.distinct().limit(BATCH)))


def _was_tested(session: Session, asset: Asset) -> bool:
    return session.scalar(select(exists().where(Trial.asset_id == asset.id))) or False


def _has_running(session: Session, asset: Asset) -> bool:
    """Tell whether a test of the account runs."""
    of_account = (Asset.platform == asset.platform, Asset.account == asset.account)
    running = select(Trial.id).join(Asset, Asset.id == Trial.asset_id).where(IS_RUNNING)
    return session.scalar(running.where(*of_account).limit(1)) is not None
