"""Starts tests of all videos of an account for which there can be one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from worker.database import transaction
from worker.database.models import Asset
from worker.database.states import DECIDED, TrialKind, TrialMetric
from worker.people import audit
from worker.trials import starting
from worker.trials.refused import TrialRefused
from worker.trials.running import newest_trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from worker.people.roles import Actor
    from worker.settings import Settings

START = "start-test"  #: the act, as the audit has it
BATCH = 200  # videos whose ids are read at once


class TrialPlan(NamedTuple):
    """Which tests somebody wants."""

    variants: int = 2
    days: int | None = None  #: None: TEST_DAYS
    metric: TrialMetric = TrialMetric.PLAYS
    why: str = ""
    kind: TrialKind = TrialKind.VIEWERS
    from_choice: bool = False  #: only of one video


class Started(NamedTuple):
    """What became of one video."""

    asset: Asset
    trial_id: int | None  #: None: it was only asked what would be done, or it is refused
    refused: str | None  #: why there is no test of it


def start_all(
    engine: Engine,
    account: tuple[str, str],
    wanted: TrialPlan,
    actor: Actor,
    settings: Settings,
    *,
    is_dry_run: bool = False,
    on_progress: Callable[[int, int | None], None] = lambda _done, _total: None,
) -> Iterator[Started]:
    """Start a test of each video of an account that can be tested, and was not since its content changed.

    Each is started as the iterator comes to it, so that what was done can be told though the rest is not.

    Args:
        engine: the database.
        account: platform and account.
        wanted: what tests.
        actor: starts them, for the audit.
        settings: as of `starting.start`.
        is_dry_run: only find out.
        on_progress: called with how many videos were looked at, and None, as nobody counts them before.
    """
    last_id, done = 0, 0
    while True:
        with transaction(engine) as session:
            ids = _next_ids(session, account, last_id)
        for asset_id in ids:
            with transaction(engine) as session:  # one each, so that no webhook waits for all of them
                started = _start(session, asset_id, wanted, actor, settings, is_dry_run=is_dry_run)
            yield started
            done += 1
            on_progress(done, None)
        if len(ids) < BATCH:
            return
        last_id = ids[-1]


def _start(
    session: Session, asset_id: int, wanted: TrialPlan, actor: Actor, settings: Settings, *, is_dry_run: bool
) -> Started:
    asset = session.get_one(Asset, asset_id, with_for_update=not is_dry_run)
    try:
        _check_untested(session, asset)
        if is_dry_run:
            starting.variants_for(session, asset, settings, count=wanted.variants)
            return Started(asset, None, None)
        trial = starting.start(
            session,
            asset,
            actor.name,
            settings,
            metric=wanted.metric,
            count=wanted.variants,
            days=wanted.days,
        )
    except TrialRefused as refused:
        return Started(asset, None, str(refused))
    audit.note(session, actor, START, asset.id, test=trial.id, why=wanted.why)
    return Started(asset, trial.id, None)


def _check_untested(session: Session, asset: Asset) -> None:
    before = newest_trial(session, asset.id)
    if before is not None and before.outcome in DECIDED and before.fingerprint == asset.fingerprint:
        raise TrialRefused("the same content was tested already: name the video to test it again")


def _next_ids(session: Session, account: tuple[str, str], last_id: int) -> list[int]:
    platform, name = account
    of_account = (Asset.platform == platform, Asset.account == name, Asset.deleted_at.is_(None))
    following = select(Asset.id).where(*of_account, Asset.id > last_id).order_by(Asset.id).limit(BATCH)
    return list(session.scalars(following))
