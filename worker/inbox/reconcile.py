"""Finds what no webhook told of: a platform's list of its assets, compared with what we know.

A page of the list is one request for fifty assets. What was missed is recorded like any event, so the rows
decide what comes of it: nothing is done twice, and no person's choice is touched. To stop in the middle loses
nothing; the next look finds the rest.
"""

from __future__ import annotations

import enum
import hashlib
import itertools
import time
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from worker import accounts
from worker.database import transaction
from worker.database.inbox import WebhookEvent
from worker.database.models import Asset, Job
from worker.database.states import WAITING, JobState, Priority
from worker.errors import PlatformUnavailable, RequestHeldBack, ThumbsError
from worker.inbox import record
from worker.platforms.base import AssetState
from worker.platforms.event import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session
    from tenacity import RetryCallState

    from worker.platforms.base import ListedAsset, Page, Platform
    from worker.settings import Settings

# A platform that is down, or asks for a little patience, is asked so often for one page.
MAX_TRIES = 6
# One that asks for more is left: its account is closed until then, and nobody waits here.
PATIENCE_S = 10.0
FIRST_PAUSE_S = 1.0  # doubled with every try, where the platform does not say how long


class ReconcileStatus(enum.StrEnum):
    """What the list says about one asset, next to what we know."""

    KNOWN = "known"  #: it has its thumbnails
    MISSED = "missed"  #: we never heard of it; now there is a job
    CHANGED = "changed"  #: its content is not what its thumbnails were made from; now there is a job
    WAITING = "waiting"  #: there is a job already
    FAILED = "failed"  #: its job was given up or cancelled; `thumbs requeue` starts it again
    UNREADY = "unready"  #: the platform has not made it, or could not
    DELETED = "deleted"  #: we were told that it is deleted


class Step(NamedTuple):
    """How far a look at an account's list is."""

    counts: Counter[ReconcileStatus]  #: of the assets that were looked at so far
    following: str | None  #: the page that comes next; None: this was the end
    total: int | None  #: length of the list, where the platform tells it


class _ListRead(NamedTuple):
    """The reading of an account's list, as work for no asset."""

    platform: str
    account: str
    asset_id: int = 0
    media_url: str | None = None


class _KnownAsset(NamedTuple):
    """What the rows say of an asset."""

    fingerprint: str | None
    deleted_at: datetime | None
    erased_at: datetime | None
    job_state: str | None  #: of the newest job
    event_id: int | None  #: of the newest event


_UNHEARD_OF = _KnownAsset(None, None, None, None, None)
_KINDS = {ReconcileStatus.MISSED: EventKind.READY, ReconcileStatus.CHANGED: EventKind.UPDATED}


def reconcile(
    engine: Engine,
    platform: Platform,
    settings: Settings,
    *,
    since: datetime | None = None,
    priority: Priority = Priority.LIVE,
    page: str | None = None,
    pause: Callable[[float], None] = time.sleep,
    check: Callable[[], None] = lambda: None,
) -> Iterator[Step]:
    """Go through an account's list, ask for work where it is needed, and yield after each page.

    Args:
        engine: the database.
        platform: one account.
        settings: of the jobs.
        since: only what was made, or changed where the list is ordered by that, after this moment.
        priority: of the jobs.
        page: where to go on.
        pause: called with the seconds to wait for a platform that asks for patience, `PATIENCE_S` at most.
        check: called before anything is recorded; raises to give up.

    Raises:
        PlatformUnavailable: it did not answer, however often it was asked, or asks for more patience than
            `PATIENCE_S`; the account's row notes it.
        RequestHeldBack: our own limits let no request out, however often it was tried.
        CredentialsRefused, MalformedPayload: as `Platform.assets`.
    """
    counts, total = Counter[ReconcileStatus](), None
    while True:
        try:
            found = _read_page(platform, page, pause)
        except ThumbsError as exc:
            with transaction(engine) as session:
                accounts.note_failure(session, _ListRead(platform.name, platform.account), exc)
            raise
        check()
        recent = _recent(found, since)
        with transaction(engine) as session:
            counts += _record_news(session, platform, recent, settings, priority)
            accounts.note_answer(session, platform.name, platform.account)
        is_over = found.is_by_change and len(recent) < len(found.assets)
        page = None if is_over else found.following
        total = found.total if total is None else total
        yield Step(counts, page, total)
        if page is None:
            return


def _read_page(platform: Platform, page: str | None, pause: Callable[[float], None]) -> Page:
    """Read one page of the list, again and again while the platform is down or asks for patience."""
    ask = Retrying(
        retry=retry_if_exception(_is_worth_waiting_for),
        wait=_wait_s,
        stop=stop_after_attempt(MAX_TRIES),
        sleep=pause,
        reraise=True,
    )
    return ask(platform.assets, page)


def _is_worth_waiting_for(error: BaseException) -> bool:
    if isinstance(error, RequestHeldBack):
        return True
    return isinstance(error, PlatformUnavailable) and (error.retry_after_s or 0.0) <= PATIENCE_S


def _wait_s(tried: RetryCallState) -> float:
    """Return the seconds that the platform asks to wait; where it does not ask, more with every try."""
    error = tried.outcome.exception() if tried.outcome else None
    asked_s = error.retry_after_s if isinstance(error, PlatformUnavailable) else None
    return wait_exponential(FIRST_PAUSE_S)(tried) if asked_s is None else asked_s


def _recent(page: Page, since: datetime | None) -> list[ListedAsset]:
    if page.is_by_change:
        return list(itertools.takewhile(lambda one: _is_recent(one, since), page.assets))
    return [one for one in page.assets if _is_recent(one, since)]


def _is_recent(listed: ListedAsset, since: datetime | None) -> bool:
    return since is None or listed.changed_at is None or listed.changed_at >= since


def _record_news(
    session: Session,
    platform: Platform,
    assets: Sequence[ListedAsset],
    settings: Settings,
    priority: Priority,
) -> Counter[ReconcileStatus]:
    """Record what a page of the list tells that no webhook told, and count the assets by status."""
    known = _read_known(session, platform, assets)
    statuses = {listed: _judge(listed, known.get(listed.id, _UNHEARD_OF)) for listed in assets}
    news = [
        _event(platform, listed, status, known.get(listed.id, _UNHEARD_OF))
        for listed, status in statuses.items()
        if status in _KINDS
    ]
    record.record(session, news, settings, priority=priority)
    return Counter(statuses.values())


def _read_known(
    session: Session, platform: Platform, assets: Sequence[ListedAsset]
) -> Mapping[str, _KnownAsset]:
    newest = select(Job.state).where(Job.asset_id == Asset.id).order_by(Job.id.desc()).limit(1)
    # `+ 0`, or PostgreSQL may look for the newest among the events of all assets, from the last one back.
    newest_event = select(func.max(WebhookEvent.id + 0)).where(WebhookEvent.asset_id == Asset.id)
    rows = session.execute(
        select(
            Asset.external_id,
            Asset.fingerprint,
            Asset.deleted_at,
            Asset.erased_at,
            newest.correlate(Asset).scalar_subquery(),
            newest_event.correlate(Asset).scalar_subquery(),
        ).where(
            Asset.platform == platform.name,
            Asset.account == platform.account,
            Asset.external_id.in_([listed.id for listed in assets]),
        )
    )
    return {external_id: _KnownAsset(*rest) for external_id, *rest in rows}


def _judge(listed: ListedAsset, known: _KnownAsset) -> ReconcileStatus:
    if listed.state not in {None, AssetState.READY}:
        return ReconcileStatus.UNREADY
    if _is_gone(listed, known):
        return ReconcileStatus.DELETED
    if known.job_state in {*WAITING, JobState.RUNNING}:
        return ReconcileStatus.WAITING
    # A deletion cancels jobs, too; what is there again after it is asked for anew.
    if known.job_state == JobState.DISCARDED or (
        known.job_state == JobState.CANCELLED and known.deleted_at is None
    ):
        return ReconcileStatus.FAILED
    if known.fingerprint is None:
        return ReconcileStatus.MISSED
    return (
        ReconcileStatus.KNOWN if listed.fingerprint in {None, known.fingerprint} else ReconcileStatus.CHANGED
    )


def _is_gone(listed: ListedAsset, known: _KnownAsset) -> bool:
    """Tell whether the asset is deleted as far as we know, and has not come back since."""
    if known.erased_at:  # a list may call it changed for any reason; only READY says that it is new
        return True
    is_back = listed.changed_at and known.deleted_at and listed.changed_at > known.deleted_at
    return known.deleted_at is not None and not is_back


def _event(platform: Platform, listed: ListedAsset, status: ReconcileStatus, known: _KnownAsset) -> Event:
    return Event(
        platform=platform.name,
        account=platform.account,
        delivery_id=_delivery_id(listed, status, known),
        type=f"sync.{status}",
        kind=_KINDS[status],
        asset_id=listed.id,
        happened_at=listed.changed_at,
        payload={"fingerprint": listed.fingerprint},
    )


def _delivery_id(listed: ListedAsset, status: ReconcileStatus, known: _KnownAsset) -> str:
    """Name what was observed, and after what: two looks at the same time find the same, and tell it once.

    What is observed again after anything else was told of the asset is news: it may have been taken back
    meanwhile, or the look that it asked for may have come too early.
    """
    observed = hashlib.sha256((listed.fingerprint or "").encode()).hexdigest()[:16]
    return f"sync:{listed.id}:{known.event_id or 0}:{status}:{observed}"
