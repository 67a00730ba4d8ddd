"""Reads from the platform how often a video was seen on each day of a test."""

from __future__ import annotations

import logging
import math
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import or_, select

from worker import accounts
from worker.database import NOW, transaction
from worker.database.accounts import Account
from worker.database.models import Asset
from worker.database.states import TrialState
from worker.database.trials import Slot, Trial
from worker.errors import CredentialsRefused, Stopping, ThumbsError, TransientError, first_line
from worker.http.deadline import Deadline
from worker.platforms import platform_of
from worker.platforms.statistics import Counts, Granularity
from worker.trials.slots.turning import void_block

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from worker.platforms.statistics import Hour
    from worker.settings import Settings

log = logging.getLogger(__name__)

# After a swap, pages and players that are open still show the picture before. These hours are left out of
# every day, swapped or not: which days begin with a swap depends on the coin, and what is left out must not.
WASHED_OUT = timedelta(hours=2)

MAX_ASKS = 10  # a week, with the pauses between
FIRST_PAUSE, LONGEST_PAUSE = timedelta(hours=1), timedelta(hours=24)
HELD_PAUSE = timedelta(minutes=15)  # while the account is paused or ails
ASK_S = 60.0  # for all requests of one slot


class NotToldYet(TransientError):
    """The account's own systems count, and have not told this day yet."""


class Sum(NamedTuple):
    """What was counted in a slot."""

    views: int
    impressions: int | None
    watch_s: float | None


class _Question(NamedTuple):
    """What a platform is to be asked."""

    trial_id: int
    number: int
    platform: str
    account: str
    external_id: str
    media_url: str | None
    from_at: datetime
    to_at: datetime


def count_due(engine: Engine, settings: Settings, check: Callable[[], None] = lambda: None) -> int:
    """Read the numbers of all slots for which it is time; return how many were asked for.

    No transaction is open while a platform is asked. A failure is noted at the slot, and asked again later.

    Args:
        engine: the database.
        settings: the accounts.
        check: raises Stopping to give up.
    """
    asked = 0
    while True:
        check()
        with transaction(engine) as session:
            question = _take(session)
        if question is None:
            return asked
        asked += 1
        try:
            found = _ask(question, settings, check)
        except Stopping:
            raise
        except ThumbsError as error:
            said = first_line(error)
            log.warning("%s/%s: views were not read: %s", question.platform, question.external_id, said)
            with transaction(engine) as session:
                _note_failure(session, question, said)
        else:
            with transaction(engine) as session:
                _note_sum(session, question, found)


def _take(session: Session) -> _Question | None:
    """Claim the slot that has waited longest, so that no other dispatcher asks for it.

    Those of accounts that are not to be asked now are put off, which costs them nothing.
    """
    this = (Account.platform == Asset.platform, Account.account == Asset.account)
    to_read = (accounts.is_closed(to_writes=False), accounts.ails(to_writes=False))
    is_held = select(Account.id).where(*this, or_(Account.paused_at.is_not(None), *to_read)).exists()
    due = (
        select(Slot, Asset, is_held)
        .join(Trial, Trial.id == Slot.trial_id)
        .join(Asset, Asset.id == Trial.asset_id)
        .where(
            Trial.state == TrialState.RUNNING, Slot.counted_at.is_(None), ~Slot.is_void, Slot.ask_at <= NOW
        )
        .order_by(Slot.ask_at)
        .limit(1)
        .with_for_update(of=Slot, skip_locked=True)
    )
    while (found := session.execute(due).one_or_none()) is not None:
        slot, asset, held = found
        now = session.scalars(select(NOW)).one()
        if not held:
            slot.ask_at = now + min(FIRST_PAUSE * 2**slot.asks, LONGEST_PAUSE)
            slot.asks += 1
            where = (asset.platform, asset.account, asset.external_id, asset.media_url)
            return _Question(slot.trial_id, slot.number, *where, slot.from_at, slot.to_at)
        slot.ask_at = now + HELD_PAUSE
        session.flush()
    return None


def _ask(question: _Question, settings: Settings, check: Callable[[], None]) -> Sum:
    names = (question.platform, question.account)
    with (
        closing(platform_of(*names, settings, question.media_url)) as platform,
        Deadline(ASK_S, should_stop=check),
    ):
        capabilities = platform.capabilities
        if capabilities.counts is Counts.NONE:
            raise NotToldYet("no count of this day was posted to /v1/counts yet")
        try:
            hours = platform.stats(question.external_id, question.from_at, question.to_at)
        except CredentialsRefused as exc:
            needed = capabilities.count_permission
            raise CredentialsRefused(f"{exc}; views need {needed}" if needed else str(exc)) from exc
    is_rate = capabilities.counts is Counts.PLAY_RATE
    return add_up(hours, question.from_at, question.to_at, capabilities.counts_by, is_rate=is_rate)


def add_up(
    hours: Sequence[Hour], from_at: datetime, to_at: datetime, by: Granularity, *, is_rate: bool
) -> Sum:
    """Add up the hours that lie wholly within a slot, without its first two; or its days.

    Args:
        hours: as the platform tells them; one that is left out was not seen.
        from_at: when the slot begins.
        to_at: when it ends.
        by: how finely the platform tells.
        is_rate: whether it tells how often a player was loaded, too.
    """
    is_hourly = by is Granularity.HOUR
    first_at = from_at + WASHED_OUT if is_hourly else from_at
    last_at = to_at - (timedelta(hours=1) if is_hourly else timedelta(days=1))
    within = [hour for hour in hours if first_at <= hour.at <= last_at]
    watched = [hour.watch_s for hour in within if hour.watch_s is not None]
    return Sum(
        sum(hour.views for hour in within),
        sum(hour.impressions or 0 for hour in within) if is_rate else None,
        math.fsum(watched) if watched else None,
    )


def _slot(session: Session, question: _Question) -> Slot | None:
    this = (Slot.trial_id == question.trial_id, Slot.number == question.number)
    is_open = (Slot.counted_at.is_(None), ~Slot.is_void)
    return session.scalar(select(Slot).where(*this, *is_open).with_for_update())


def _note_sum(session: Session, question: _Question, found: Sum) -> None:
    slot = _slot(session, question)
    if slot is not None:
        slot.views, slot.impressions, slot.watch_s = found
        slot.counted_at, slot.why = session.scalars(select(NOW)).one(), ""


def _note_failure(session: Session, question: _Question, said: str) -> None:
    slot = _slot(session, question)
    if slot is None:
        return
    slot.why = said
    if slot.asks >= MAX_ASKS:
        void_block(session, slot, f"its numbers were not told: {said}")
