"""What an operator asks of platforms' lists: find what was missed, or take in a whole library."""

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
    from collections.abc import Callable, Sequence

    from sqlalchemy import Engine

    from worker.platforms.base import Platform
    from worker.settings import Settings

USUALLY = timedelta(days=7)  # the longest that platforms keep sending a webhook is a few days
INTERRUPTED = 130  # exit code of what Ctrl-C ended


class Wanted(NamedTuple):
    """What to look at."""

    platform: str
    account: str | None = None  #: None: all
    since: timedelta | None = None  #: None: as `USUALLY`
    page: str | None = None  #: where to go on
    is_all: bool = False  #: however old; as a backfill, which waits for everything else


class SyncOutcome(NamedTuple):
    """What came of one account."""

    account: str  #: as in mux/main
    standings: Counter[ReconcileStatus]  #: how many assets of each kind the list held
    resume: str | None  #: the page where another run can go on; None: from the start
    error: ThumbsError | None = None
    is_interrupted: bool = False


def run(
    engine: Engine, wanted: Wanted, settings: Settings, show: Callable[[int, int | None], None]
) -> list[SyncOutcome]:
    """Look at each account, until one is interrupted.

    Args:
        engine: the database.
        wanted: what to look at.
        settings: with the accounts.
        show: called with how many assets were read, and how many there are.

    Raises:
        UnknownAccount: there is no such platform, or no such account is configured.
    """
    outcomes: list[SyncOutcome] = []
    for name in _accounts(wanted, settings):
        with closing(platform_of(wanted.platform, name, settings)) as platform:
            outcomes.append(_look(engine, platform, wanted, settings, show))
        if outcomes[-1].is_interrupted:
            break
    return outcomes


def exit_code(outcomes: Sequence[SyncOutcome]) -> int:
    """Of the command."""
    if any(outcome.is_interrupted for outcome in outcomes):
        return INTERRUPTED
    return int(any(outcome.error for outcome in outcomes))


def _accounts(wanted: Wanted, settings: Settings) -> list[str]:
    if wanted.platform not in PLATFORMS or wanted.account is not None:
        platform_of(wanted.platform, wanted.account or "", settings).close()
        return [wanted.account or ""]
    found = [account for name, account in configured_accounts(settings) if name == wanted.platform]
    if not found:
        raise UnknownAccount(f"no account of {wanted.platform} is configured; see docs/platforms/")
    if wanted.page is not None and len(found) > 1:
        raise UnknownAccount(f"--resume is for one account; give --account too: {', '.join(found)}")
    return found


def _look(
    engine: Engine,
    platform: Platform,
    wanted: Wanted,
    settings: Settings,
    show: Callable[[int, int | None], None],
) -> SyncOutcome:
    name, step = f"{platform.name}/{platform.account}", Step(Counter(), wanted.page, None)
    since = None if wanted.is_all else datetime.now(UTC) - (wanted.since or USUALLY)
    priority = Priority.BACKFILL if wanted.is_all else Priority.LIVE
    try:
        for step in reconcile(engine, platform, settings, since=since, priority=priority, page=wanted.page):
            show(step.counts.total(), step.total if wanted.is_all else None)
    except ThumbsError as exc:
        return SyncOutcome(name, step.counts, step.following, error=exc)
    except KeyboardInterrupt:
        return SyncOutcome(name, step.counts, step.following, is_interrupted=True)
    return SyncOutcome(name, step.counts, None)
