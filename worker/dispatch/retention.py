"""Removes rows that are over and past their time.

Webhooks, the history of jobs and filmstrips go by whole weeks, as partitions; of the first partition of
webhooks, which an upgrade left behind and which is longer than a week, rows go one by one.
"""

from __future__ import annotations

import logging
import time
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, exists, false, func, or_, select, true
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import aliased

from worker import partitions
from worker.database import transaction
from worker.database.base import STATEMENT_BEGAN
from worker.database.choices import Choice, Judgement
from worker.database.inbox import Delivery, WebhookEvent
from worker.database.learning import JudgeDay, JudgeVerdict
from worker.database.models import Asset, Job, JobLog, Publication, StoredCandidate, Thumbnail
from worker.database.people import AssetLink, AuditEntry, Invitation, SignIn
from worker.database.states import FINAL, JobState, PublicationState
from worker.database.trials import Trial, Variant
from worker.queue.failing import TELLING
from worker.storage import removals
from worker.trials.running import IS_ENDED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from sqlalchemy import ColumnElement, Engine, Select
    from sqlalchemy.orm import InstrumentedAttribute, Session

    from worker.partitions import Partition
    from worker.settings import Settings

    Prunable = type[
        WebhookEvent
        | Delivery
        | Job
        | JobLog
        | StoredCandidate
        | Thumbnail
        | Trial
        | JudgeVerdict
        | JudgeDay
        | SignIn
        | Invitation
        | AssetLink
        | AuditEntry
    ]

    _Ids = InstrumentedAttribute[int] | ColumnElement[int]
    _Times = InstrumentedAttribute[datetime] | ColumnElement[datetime]

log = logging.getLogger(__name__)

# Small enough that a batch holds no other work up.
BATCH_ROWS = 1000
BATCH_TESTS = 50  # with each go hundreds of rows: what was counted, and all looks
# How long it is told of somebody when they were here last, and why a link does not open any more.
WAYS_IN_DAYS = 30
# How long it is known what a judge was asked in a day: a season can be compared with the one before.
JUDGE_DAYS = 365
# How much longer than a job its history is kept: a job takes days at most from its request to its end.
HISTORY_DAYS = 7
# How far back the bucket is looked through for the first partition, which has no beginning: it takes rows for
# some five weeks after the upgrade that made it, and pictures went to no bucket before.
LONGEST_FIRST = timedelta(weeks=10)


def drop_weeks(engine: Engine, settings: Settings) -> list[Partition]:
    """Drop the partitions of which all is over and past its time.

    Returns:
        Those that were dropped.

    Raises:
        OperationalError: others had a table all the time, and so it was left out; the next round tries again.
    """
    dropped: list[Partition] = []
    failed: OperationalError | None = None
    for table, kept_days in _kept_days(settings).items():
        try:
            while (partition := _drop_week(engine, table, kept_days)) is not None:
                log.info("dropped the partition %s", partition.name)
                dropped.append(partition)
        except OperationalError as error:
            failed = error
    if failed is not None:
        raise failed
    return dropped


def _kept_days(settings: Settings) -> dict[str, int]:
    return {
        "events": settings.events_retention_days,
        "job_log": settings.jobs_retention_days + HISTORY_DAYS,
        "candidates": settings.candidates_retention_days,
    }


def _drop_week(engine: Engine, table: str, kept_days: int) -> Partition | None:
    with transaction(engine) as session:
        dropped = partitions.drop_oldest(session, table, kept_days)
        if dropped is not None and table == "candidates":
            forget_frames(session, dropped)
    return dropped


def forget_frames(session: Session, dropped: Partition) -> None:
    """Have the pictures of dropped filmstrips removed from the bucket, too.

    They lie there by the day on which they were put, which is that of their row or a later one: what came
    later is found with a later week.
    """
    first_at = dropped.first_at or dropped.end_at - LONGEST_FIRST
    removals.forget_bundles(session, _day(first_at), _day(dropped.end_at))


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()


def prune(engine: Engine, settings: Settings, longest_s: float) -> int:
    """Remove rows batch by batch, each in a transaction of its own, until none is left or time is up.

    Args:
        engine: the database.
        settings: how long rows are kept.
        longest_s: when to stop; what is left goes in the next round.

    Returns:
        How many were removed, not counting those that went with them.

    Raises:
        DBAPIError: some kind could not be removed, and so it was left out; the next round tries again.
    """
    ends_at = time.monotonic() + longest_s
    kinds = list(_over(settings))
    removed = 0
    failed: DBAPIError | None = None
    while kinds and time.monotonic() < ends_at:
        # In turn, so that one kind with many rows does not keep the others waiting.
        table, ids = kinds.pop(0)
        try:
            with transaction(engine) as session:
                count = _remove(session, table, ids)
        except DBAPIError as error:
            failed = error
            continue
        removed += count
        if count == _batch(table):
            kinds.append((table, ids))
    if failed is not None:
        raise failed
    return removed


def _over(settings: Settings) -> Iterator[tuple[Prunable, Select[Any]]]:
    """Select the keys of each kind of row that is over; deleted assets themselves stay, as tombstones."""
    # Younger ones go with their week.
    events_end = func.date_trunc(
        "week", STATEMENT_BEGAN - timedelta(days=settings.events_retention_days), "UTC"
    )
    jobs_end = STATEMENT_BEGAN - timedelta(days=settings.jobs_retention_days)
    pictures_end = STATEMENT_BEGAN - timedelta(days=settings.thumbnails_retention_days)
    yield WebhookEvent, select(WebhookEvent.id).where(WebhookEvent.received_at < events_end)
    yield Delivery, _older(Delivery.event_id, Delivery.received_at, events_end)
    yield Job, select(Job.id).where(Job.state.in_(FINAL), Job.finished_at < jobs_end, ~_tells_of_failure())
    yield StoredCandidate, _of_deleted(StoredCandidate, pictures_end)
    yield Thumbnail, _of_deleted(Thumbnail, pictures_end)
    # Pictures of older runs, but for what is shown, and what people decided for or tests compared.
    is_kept = or_(_is_published(), _is_chosen(), _is_tested(), _failed_to_arrive())
    yield Thumbnail, select(Thumbnail.id).where(Thumbnail.outdated_at < pictures_end, ~is_kept)
    # Tests with what was counted; only then do their pictures go.
    tests_end = STATEMENT_BEGAN - timedelta(days=settings.tests_retention_days)
    yield Trial, select(Trial.id).where(IS_ENDED, Trial.ended_at < tests_end)
    # What a judge said is recalled for the same pictures only, so it is kept for as long as old ones are.
    yield JudgeVerdict, select(JudgeVerdict.id).where(JudgeVerdict.used_at < pictures_end)
    yield JudgeDay, select(JudgeDay.day).where(JudgeDay.day < STATEMENT_BEGAN - timedelta(days=JUDGE_DAYS))
    yield from _strays(settings)
    yield from _of_people(settings)


def _strays(settings: Settings) -> Iterator[tuple[Prunable, Select[int]]]:
    """Select what is in no week, and so is dropped with none; webhooks go by their time wherever they are."""
    for table in (JobLog, StoredCandidate):
        name = table.__tablename__
        end = STATEMENT_BEGAN - timedelta(days=_kept_days(settings)[name])
        of_default = partitions.default_of(name).c
        yield table, _older(of_default.id, of_default[partitions.KEYS[name]], end)


def _of_people(settings: Settings) -> Iterator[tuple[Prunable, Select[int]]]:
    """Select ways in that ended, and what was done long ago; tokens stay, as the history names them."""
    end = STATEMENT_BEGAN - timedelta(days=WAYS_IN_DAYS)
    idle_end = end - timedelta(seconds=settings.idle_limit_s)
    yield SignIn, select(SignIn.id).where(or_(SignIn.ended_at < end, SignIn.seen_at < idle_end))
    for table, used_at in ((Invitation, Invitation.used_at), (AssetLink, None)):
        ended_at = func.least(used_at, table.revoked_at, table.expires_at)  # PostgreSQL's ignores NULL
        yield table, select(table.id).where(ended_at < end)
    acts_end = STATEMENT_BEGAN - timedelta(days=settings.audit_retention_days)
    yield AuditEntry, _older(AuditEntry.id, AuditEntry.at, acts_end)


def _older(ids: _Ids, at: _Times, end: ColumnElement[datetime]) -> Select[int]:
    """Select rows of before a time, where ids are in the order of times, so that these need no index."""
    oldest = select(ids.label("id"), at.label("at")).order_by(ids).limit(BATCH_ROWS).subquery()
    return select(oldest.c.id).where(oldest.c.at < end)


def _of_deleted(table: type[StoredCandidate | Thumbnail], end: ColumnElement[datetime]) -> Select[int]:
    # From the few deleted assets to their rows. Without the limit inside, which changes nothing else,
    # PostgreSQL may read the whole table of pictures to join it.
    own = select(table.id).where(table.asset_id == Asset.id).limit(BATCH_ROWS).lateral("own")
    return select(own.c.id).select_from(Asset).join(own, true()).where(Asset.deleted_at < end)


def _is_published() -> ColumnElement[bool]:
    """Build the condition that a thumbnail is what the newest accepted write shows."""
    written = (Publication.asset_id == Thumbnail.asset_id, Publication.state == PublicationState.CONFIRMED)
    newest = select(Publication.thumbnail_id).where(*written).order_by(Publication.id.desc()).limit(1)
    return func.coalesce(newest.correlate(Thumbnail).scalar_subquery() == Thumbnail.id, false())


def _tells_of_failure() -> ColumnElement[bool]:
    """Build the condition that a job is why its asset counts as failed, which people still have to see."""
    newer = aliased(Job)
    is_newest = ~exists().where(newer.asset_id == Job.asset_id, newer.id > Job.id, newer.state.in_(TELLING))
    is_failing = exists().where(Asset.id == Job.asset_id, Asset.has_failed, Asset.deleted_at.is_(None))
    return and_(Job.state == JobState.DISCARDED, is_newest, is_failing)


def _failed_to_arrive() -> ColumnElement[bool]:
    """Build the condition that the newest write is of this thumbnail, and failed."""
    of_asset = select(func.max(Publication.id)).where(Publication.asset_id == Thumbnail.asset_id)
    newest = of_asset.correlate(Thumbnail).scalar_subquery()
    return exists().where(
        Publication.thumbnail_id == Thumbnail.id,
        Publication.state == PublicationState.FAILED,
        Publication.id == newest,
    )


def _is_chosen() -> ColumnElement[bool]:
    """Build the condition that a choice shows a thumbnail: an open one, or one that can be learned from."""
    is_judged = exists().where(Judgement.choice_id == Choice.id)
    is_open = Choice.released_at.is_(None)
    return exists().where(Choice.thumbnail_id == Thumbnail.id, or_(is_open, is_judged))


def _is_tested() -> ColumnElement[bool]:
    """Build the condition that a test compares a thumbnail, or has compared it and can be learned from."""
    return exists().where(Variant.thumbnail_id == Thumbnail.id)


def _batch(table: Prunable) -> int:
    return BATCH_TESTS if table is Trial else BATCH_ROWS


def _remove(session: Session, table: Prunable, ids: Select[Any]) -> int:
    # Another dispatcher may be at it: each takes the rows that the other has not locked. As in `queue.hints`,
    # a CTE runs once, and so keeps its limit.
    (key,) = table.__mapper__.primary_key
    over = ids.limit(_batch(table)).subquery("over")
    locked = select(key).where(key.in_(select(over))).with_for_update(skip_locked=True)
    batch = locked.cte("batch").prefix_with("MATERIALIZED")
    removed = session.execute(delete(table).where(key.in_(select(batch))).returning(key))
    return len(removed.all())
