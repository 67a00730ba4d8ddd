"""Read platforms' lists of videos for an operator: find what was missed, or take in a whole library."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from worker.database.states import Priority
from worker.errors import ThumbsError, UnknownAccount
from worker.inbox.reconcile import ReconcileStatus, Step, reconcile
from worker.platforms import PLATFORMS, configured_accounts, platform_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from worker.platforms.base import Platform
    from worker.settings import Settings

DEFAULT_SINCE = timedelta(days=7)  # platforms send a webhook again for a few days at the longest


class ReconcileRequest(NamedTuple):
    """What an operator wants to be read."""

    platform: str
    account: str | None = None  #: None: all
    since: timedelta | None = None  #: None: `DEFAULT_SINCE`
    page: str | None = None  #: where to go on; None: from the start
    is_all: bool = False  #: however old; as a backfill, which waits for everything else


class SyncOutcome(NamedTuple):
    """What came of one account."""

    account: str  #: as in mux/main
    statuses: Counter[ReconcileStatus]  #: how many assets of each kind the list held
    resume: str | None  #: the page where another run can go on; None: from the start
    error: ThumbsError | None = None
    is_interrupted: bool = False


def reconcile_accounts(
    engine: Engine,
    wanted: ReconcileRequest,
    settings: Settings,
    on_progress: Callable[[int, int | None], None],
) -> list[SyncOutcome]:
    """Reconcile each account with its platform's list, until one is interrupted.

    Args:
        engine: the database.
        wanted: which accounts, and how far back.
        settings: with the accounts.
        on_progress: called with how many assets were read, and how many there are.

    Raises:
        UnknownAccount: there is no such platform, or no such account is configured.
    """
    outcomes: list[SyncOutcome] = []
    for name in _accounts(wanted, settings):
        with closing(platform_of(wanted.platform, name, settings)) as platform:
            outcomes.append(_reconcile(engine, platform, wanted, settings, on_progress))
        if outcomes[-1].is_interrupted:
            break
    return outcomes


def _accounts(wanted: ReconcileRequest, settings: Settings) -> list[str]:
    if wanted.platform not in PLATFORMS or wanted.account is not None:
        # Built and closed only for its error, which says what there is instead.
        platform_of(wanted.platform, wanted.account or "", settings).close()
        return [wanted.account or ""]
    found = [account for name, account in configured_accounts(settings) if name == wanted.platform]
    if not found:
        raise UnknownAccount(f"no account of {wanted.platform} is configured; see docs/platforms/")
    if wanted.page is not None and len(found) > 1:
        raise UnknownAccount(f"--resume is for one account; give --account too: {', '.join(found)}")
    return found


def _reconcile(
    engine: Engine,
    platform: Platform,
    wanted: ReconcileRequest,
    settings: Settings,
    on_progress: Callable[[int, int | None], None],
) -> SyncOutcome:
    name, step = f"{platform.name}/{platform.account}", Step(Counter(), wanted.page, None)
    since = None if wanted.is_all else datetime.now(UTC) - (wanted.since or DEFAULT_SINCE)
    priority = Priority.BACKFILL if wanted.is_all else Priority.LIVE
    try:
        for step in reconcile(engine, platform, settings, since=since, priority=priority, page=wanted.page):
            on_progress(step.counts.total(), step.total if wanted.is_all else None)
    except ThumbsError as exc:
        return SyncOutcome(name, step.counts, step.following, error=exc)
    except KeyboardInterrupt:
        return SyncOutcome(name, step.counts, step.following, is_interrupted=True)
    return SyncOutcome(name, step.counts, None)
