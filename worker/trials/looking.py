"""Looks at tests: ends those that cannot go on, and judges those whose time has come.

Any number of dispatchers may do so at once. Each test has a transaction of its own, in which its asset's row
is locked first, as wherever something about an asset is decided.
"""

from __future__ import annotations

import json
import logging
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_, select
from sqlalchemy.exc import DBAPIError

from worker import choices
from worker.database import NOW, transaction
from worker.database.base import STATEMENT_BEGAN
from worker.database.models import Asset
from worker.database.states import TrialKind, TrialMetric, TrialOutcome
from worker.database.trials import Trial, TrialLook
from worker.trials import stopping
from worker.trials.accounts.wishes import Wishes, settings_of
from worker.trials.counting import read_buckets, read_days
from worker.trials.judging import judge
from worker.trials.running import IS_RUNNING, is_live, newest_look, variants_of
from worker.trials.slots.judging import count_slots, judge_slots
from worker.trials.verdict import Counted, TrialVerdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement, Engine
    from sqlalchemy.orm import Session

    from worker.settings import Settings

__all__ = ["Wishes", "look_at", "look_at_due", "settings_of"]

log = logging.getLogger(__name__)

COUNTING = "counting"  #: the verdict while there is none
# Tests that a round takes up of each kind; what is left waits for the next one.
BATCH = 500


def look_at(session: Session, trial: Trial, settings: Settings) -> TrialVerdict:
    """Judge what was counted of a test that runs, keep it where it is news, and end the test if it is time.

    Args:
        session: with the asset's row locked.
        trial: of that asset.
        settings: say what a verdict may change.
    """
    before = newest_look(session, trial.id)
    now = session.scalars(select(NOW)).one()
    verdict = _judged(session, trial, before, now)
    trial.looked_at = now
    if verdict.outcome is not None or before is None or before.numbers != _as_stored(verdict.numbers):
        look = TrialLook(trial_id=trial.id, at=now, numbers=verdict.numbers, evidence=verdict.evidence)
        look.verdict, look.said = verdict.outcome or COUNTING, verdict.said
        session.add(look)
    if verdict.outcome is not None:
        wishes = settings_of(session.get_one(Asset, trial.asset_id), settings)
        apply = verdict.winner if verdict.outcome in stopping.APPLIED[wishes.tests_apply] else None
        stopping.end(session, trial, verdict.outcome, verdict.said, verdict.winner, apply=apply)
    session.flush()
    return verdict


def look_at_due(engine: Engine, settings: Settings, longest_s: float) -> int:
    """End the tests that cannot go on, and look at those that are due.

    Args:
        engine: the database.
        settings: say how often to look, and what a verdict may change.
        longest_s: when to stop; what is left is done in the next round.

    Returns:
        How many were ended or looked at.
    """
    ends_at = time.monotonic() + longest_s

    def look(session: Session, trial: Trial) -> None:
        look_at(session, trial, settings)

    is_due = _is_due(settings)
    over = _each(engine, ~is_live(), _end_over, ends_at)
    return over + _each(engine, and_(is_live(), is_due), look, ends_at)


def why_over(session: Session, asset: Asset, trial: Trial) -> tuple[TrialOutcome, str] | None:
    """Say what ends a test without a verdict, see `running.is_live`; None where nothing does."""
    if asset.deleted_at is not None:
        return TrialOutcome.DELETED, "the video was deleted at its platform"
    choice = choices.open_choice(session, asset)
    if choice is not None and choice.lost_at is None:
        return TrialOutcome.CHOICE, f"{choice.who} chose a thumbnail"
    if asset.fingerprint != trial.fingerprint:
        return TrialOutcome.CONTENT, "the video has other content now"
    if asset.foreign_thumbnail is not None:
        return TrialOutcome.FOREIGN, "somebody else set a thumbnail at the platform"
    return None


def _judged(session: Session, trial: Trial, before: TrialLook | None, now: datetime) -> TrialVerdict:
    if trial.kind == TrialKind.SLOTS:
        return judge_slots(count_slots(session, trial))
    return judge(_counted(session, trial, before, now))


def _counted(session: Session, trial: Trial, before: TrialLook | None, now: datetime) -> Counted:
    """Gather what a verdict is made from."""
    return Counted(
        ranges=tuple((one.bucket_from, one.bucket_to) for one in variants_of(session, trial.id)),
        buckets=read_buckets(session, trial.id),
        days=read_days(session, trial.id),
        metric=TrialMetric(trial.metric),
        alpha=trial.alpha,
        tau=trial.tau,
        started_at=trial.started_at,
        now=now,
        ends_at=trial.ends_at,
        evidence=before.evidence if before else {},
    )


def _end_over(session: Session, trial: Trial) -> None:
    over = why_over(session, session.get_one(Asset, trial.asset_id), trial)
    if over is not None:
        stopping.end(session, trial, *over)


def _is_due(settings: Settings) -> ColumnElement[bool]:
    """Build the condition that a test is to be judged: now and then, and when its time is up."""
    long_ago = STATEMENT_BEGAN - timedelta(seconds=settings.test_look_s)
    is_last = and_(Trial.ends_at <= STATEMENT_BEGAN, Trial.looked_at < Trial.ends_at)
    return or_(Trial.looked_at.is_(None), Trial.looked_at < long_ago, is_last)


def _each(
    engine: Engine,
    wanted: ColumnElement[bool],
    act: Callable[[Session, Trial], None],
    ends_at: float,
) -> int:
    """Do something to each running test that meets a condition, until time is up; return to how many."""
    which = (IS_RUNNING, wanted)
    found = select(Trial.id, Trial.asset_id).join(Asset, Asset.id == Trial.asset_id).where(*which)
    with transaction(engine) as session:
        rows = session.execute(found.order_by(Trial.looked_at, Trial.id).limit(BATCH)).all()
    done = 0
    for trial_id, asset_id in rows:
        if time.monotonic() >= ends_at:
            break
        try:
            with transaction(engine) as session:
                done += _once(session, trial_id, asset_id, wanted, act)
        except DBAPIError:
            raise
        except Exception:
            # A bug of ours: the log shows where, and the other tests go on.
            log.exception("test %s could not be looked at", trial_id)
    return done


def _once(
    session: Session,
    trial_id: int,
    asset_id: int,
    wanted: ColumnElement[bool],
    act: Callable[[Session, Trial], None],
) -> bool:
    """Do it in this transaction; False where another program holds the asset, or has done it."""
    asset = select(Asset).where(Asset.id == asset_id).with_for_update(skip_locked=True)
    if session.scalar(asset) is None:
        return False
    which = (Trial.id == trial_id, IS_RUNNING, wanted)
    # No change of its key: rows that name it, as counts do, may be added meanwhile.
    is_ours = select(Trial).join(Asset, Asset.id == Trial.asset_id).where(*which)
    trial = session.scalar(is_ours.with_for_update(of=Trial, key_share=True))
    if trial is None:
        return False
    act(session, trial)
    return True


def _as_stored(numbers: Mapping[str, Any]) -> Any:
    return json.loads(json.dumps(numbers))
