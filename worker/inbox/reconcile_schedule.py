"""Looks at the lists of accounts whose webhooks may be lost, in threads beside the dispatcher's rounds.

Each account has a thread of its own, so that one whose platform is slow holds up no other. Any number of
dispatchers may do so: each look at an account is taken by one of them, in the row of `account_syncs`.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from worker import accounts
from worker.database import NOW, transaction
from worker.database.accounts import AccountSync
from worker.errors import PlatformUnavailable, RequestHeldBack, Stopping, ThumbsError, first_line
from worker.inbox.reconcile import ReconcileStatus, reconcile
from worker.platforms import PLATFORMS, configured_accounts, platform_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from worker.settings import Settings

log = logging.getLogger(__name__)

# A look goes back at least so far, and over the end of the one before: a video that takes long to be made, or
# a clock that is wrong, must not fall between two looks.
MIN_WINDOW = timedelta(days=1)
OVERLAP = timedelta(hours=1)
# How often it is asked whether a look is due: so one comes late by a tenth of the interval at most.
QUESTIONS_PER_INTERVAL = 10
MAX_PAUSE_S = 30.0  # between two questions
STOP_S = 5.0  # a platform that is silent must not hold the dispatcher up


class ReconcileSchedule:
    """Reconciles every account whose webhooks may be lost, from the start of a `with` block to its end."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine, self._settings = engine, settings
        self._accounts = [
            (name, account)
            for name, account in configured_accounts(settings)
            if PLATFORMS[name].capabilities.needs_reconcile and settings.sync_interval_s
        ]
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=names, name=f"reconcile {'/'.join(names)}", daemon=True)
            for names in self._accounts
        ]
        #: Where a look broke off that is to go on, by account.
        self._pages: dict[tuple[str, str], str | None] = {}

    def __enter__(self) -> Self:
        """Start a thread for each account that is to be looked at."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop after the page that is being read; what is left is found by the next look."""
        self._stopping.set()
        until_s = time.monotonic() + STOP_S
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, until_s - time.monotonic()))

    def _run(self, name: str, account: str) -> None:
        pause_s = min(self._settings.sync_interval_s / QUESTIONS_PER_INTERVAL, MAX_PAUSE_S)
        while not self._stopping.is_set():
            self._reconcile_if_due(name, account)
            self._stopping.wait(pause_s)

    def _reconcile_if_due(self, name: str, account: str) -> None:
        """Look at one account, if it is time; a failure is logged, and the next interval tries again."""
        try:
            if (since := self._take_turn(name, account)) is not None:
                self._reconcile(name, account, since)
        except Stopping:
            return
        except PlatformUnavailable as exc:
            again_in_s = self._postpone(name, account, exc)
            log.warning(
                "%s/%s: its list was not read, and is asked for again in %.0f s: %s",
                *(name, account, again_in_s, first_line(exc)),
            )
        except (ThumbsError, SQLAlchemyError) as exc:
            log.warning("%s/%s: its list was not read: %s", name, account, first_line(exc))
        except Exception:
            # A bug of ours: the log shows where, and the thread goes on with the other accounts.
            log.exception("%s/%s: its list was not read", name, account)

    def _postpone(self, name: str, account: str, error: PlatformUnavailable) -> float:
        """Let the next look be due when the platform wants to be asked again; return in how many seconds."""
        interval_s = self._settings.sync_interval_s
        if error.retry_after_s is None:
            return interval_s
        started_at = NOW + timedelta(seconds=error.retry_after_s - interval_s)
        self._write_sync(name, account, started_at=started_at)
        return error.retry_after_s

    def _write_sync(self, name: str, account: str, **values: Any) -> None:
        this = (AccountSync.platform == name, AccountSync.account == account)
        with transaction(self._engine) as session:
            session.execute(update(AccountSync).where(*this).values(values))

    def _take_turn(self, name: str, account: str) -> datetime | None:
        """Claim this interval's look, and return since when to look; None where it is not time for one.

        The row decides: of several dispatchers one gets its `started_at` past the condition, and looks. An
        account that is paused or closed is not asked; of one that ails, this may be the one to ask.
        """
        this = (AccountSync.platform == name, AccountSync.account == account)
        due = AccountSync.started_at < NOW - timedelta(seconds=self._settings.sync_interval_s)
        turn = (
            insert(AccountSync)
            .values(platform=name, account=account, started_at=NOW)
            .on_conflict_do_update(
                index_elements=["platform", "account"], set_={"started_at": NOW}, where=due
            )
            .returning(AccountSync.finished_at)
        )
        with transaction(self._engine) as session:
            taken = session.scalar(select(AccountSync.platform).where(*this, ~due))
            if taken or not accounts.admit(session, accounts.identify(session, name, account)):
                return None
            claimed = session.execute(turn).one_or_none()
        if claimed is None:
            return None
        at_least = datetime.now(UTC) - MIN_WINDOW
        return min(at_least, claimed.finished_at - OVERLAP) if claimed.finished_at else at_least

    def _pause(self, wait_s: float) -> None:
        self._stopping.wait(wait_s)

    def _check(self) -> None:
        """Raise Stopping once the dispatcher is stopped: a platform may answer long after that."""
        if self._stopping.is_set():
            raise Stopping("the dispatcher is stopping")

    def _reconcile(self, name: str, account: str, since: datetime) -> None:
        names = (name, account)
        # Taken out: a page that the platform does not know any more must not fail for ever.
        following = self._pages.pop(names, None)
        with closing(platform_of(name, account, self._settings)) as platform:
            steps = reconcile(
                self._engine,
                platform,
                self._settings,
                since=since,
                page=following,
                pause=self._pause,
                check=self._check,
            )
            try:
                for step in steps:
                    counts, following = step.counts, step.following
            except (PlatformUnavailable, RequestHeldBack):
                self._pages[names] = following
                raise
        # Only a look that came to its end: after one that broke off, the next goes back as far again.
        self._write_sync(name, account, finished_at=NOW)
        missed, changed = counts[ReconcileStatus.MISSED], counts[ReconcileStatus.CHANGED]
        if missed or changed:
            log.info("%s/%s: %d assets were missed, %d changed", name, account, missed, changed)
