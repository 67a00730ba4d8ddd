"""Shows how many rows are in which state, and how long the oldest of each account wait.

Rows that are over and well are not counted: there are millions of them, and nobody has to do anything. Every
question is answered by an index of the rows in question.
"""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, cast, func, literal, select, text, union_all
from sqlalchemy.dialects.postgresql import REGCLASS
from sqlalchemy.exc import DBAPIError

from worker import accounts, metrics, partitions
from worker.database.accounts import Account
from worker.database.base import STATEMENT_BEGAN, Base
from worker.database.inbox import WebhookEvent
from worker.database.models import Asset, Job, Publication
from worker.database.review import CONDITIONS
from worker.database.states import WAITING, JobState, Priority, PublicationState, TrialState
from worker.database.trials import Trial
from worker.errors import first_line
from worker.storage.moving import count_waiting
from worker.trials.running import IS_ENDED, IS_RUNNING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import ColumnElement, ScalarSelect, Select
    from sqlalchemy.orm import Session

    from worker.settings import Settings

    Counts = dict[tuple[str, ...], float]

log = logging.getLogger(__name__)

# Beyond this many, the number of rows tells an operator nothing new, and is not worth the time.
MAX_COUNTED = 100_000

JOB_STATES = (*WAITING, JobState.RUNNING, JobState.DISCARDED)
WRITE_STATES = (PublicationState.PENDING, PublicationState.SENDING, PublicationState.FAILED)

# From either end of an account's queue.
MAX_WRITES = 100

_WRITE_WAITS = Publication.state == PublicationState.PENDING
_BY_ACCOUNT = (Account.platform, Account.account)
_SHOWN = metrics.Snapshot()


def count(session: Session, settings: Settings) -> None:
    """Show how many rows are in which state, and how long the oldest of each account wait.

    Each question is for itself: where one takes too long, the others are answered all the same.

    Raises:
        DBAPIError: none could be answered.
    """
    measure: Callable[[Session], None] = partial(_measure_tables, settings)
    waiting: Callable[[Session], None] = partial(_count_pictures, settings)
    failures = [_failure_of(session, question) for question in (*_QUESTIONS, waiting, measure)]
    for failure in filter(None, failures):
        log.warning("some rows could not be counted: %s", first_line(failure))
    if (last := failures[-1]) and all(failures):
        raise last
    metrics.ROWS_COUNTED_AT.set(time.time())


def _failure_of(session: Session, question: Callable[[Session], None]) -> DBAPIError | None:
    try:
        with session.begin_nested():  # a failure leaves the transaction as it was before
            question(session)
    except DBAPIError as exc:
        return exc
    return None


def _count_states(session: Session) -> None:
    jobs, writes = (
        _states(session, "analyze", Job, JOB_STATES),
        _states(session, "publish", Publication, WRITE_STATES),
    )
    _SHOWN.show(metrics.JOBS, jobs | writes)


def _count_due(session: Session) -> None:
    due, lags_s = _due(session, "analyze", Job, Job.state.in_(WAITING))
    due_writes, write_lags_s = _due(session, "publish", Publication, _WRITE_WAITS)
    _SHOWN.show(metrics.DUE_ROWS, due | due_writes)
    _SHOWN.show(metrics.QUEUE_LAG_SECONDS, lags_s | write_lags_s)


def _find_unpublished(session: Session) -> None:
    _SHOWN.show(metrics.OLDEST_UNPUBLISHED_SECONDS, _by_account(session, _oldest_unpublished()))


def find_oldest_writes(session: Session) -> None:
    """Show how long the oldest write of each account waits."""
    _SHOWN.show(metrics.OLDEST_PENDING_WRITE_SECONDS, _by_account(session, _oldest_writes()))


def _count_yielded(session: Session) -> None:
    _SHOWN.show(metrics.YIELDED, _by_account(session, _yielded()))


def _states(
    session: Session,
    queue: str,
    table: type[Job | Publication],
    states: Sequence[JobState | PublicationState],
) -> Counts:
    """Count the rows in each state; one index finds those of each."""
    each = []
    for state in states:
        rows = select(table.id).where(table.state == state).limit(MAX_COUNTED).subquery()
        each.append(select(literal(state.value), func.count()).select_from(rows))
    return {(queue, state): number for state, number in session.execute(union_all(*each))}


def _due(
    session: Session, queue: str, table: type[Job | Publication], is_waiting: ColumnElement[bool]
) -> tuple[Counts, Counts]:
    """Count the rows of each account that are due, and tell how long the oldest has been, in seconds."""
    own = (table.account_id == Account.id, is_waiting, table.scheduled_at <= STATEMENT_BEGAN)
    rows = select(table.id).where(*own).limit(MAX_COUNTED).correlate(Account).subquery()
    number = select(func.count()).select_from(rows).scalar_subquery()
    # One question for each priority, by which the index is ordered before the time.
    lags = []
    for priority in Priority:
        oldest = select(func.min(table.scheduled_at)).where(*own, table.priority == priority)
        lags.append(func.extract("epoch", STATEMENT_BEGAN - oldest.scalar_subquery()))
    due: Counts = {}
    lags_s: Counts = {}
    for platform, account, rows_due, *by_priority in session.execute(select(*_BY_ACCOUNT, number, *lags)):
        due[queue, platform, account] = rows_due
        for priority, lag_s in zip(Priority, by_priority, strict=True):
            lags_s[queue, priority.name.lower(), platform, account] = float(lag_s or 0.0)
    return due, lags_s


def _by_account(session: Session, question: Select[str, str, Any]) -> Counts:
    """Ask a question whose answers are of a platform and an account; 0 for the accounts it leaves out."""
    answers: Counts = {tuple(names): 0.0 for names in session.execute(select(*_BY_ACCOUNT))}
    for platform, account, value in session.execute(question):
        answers[platform, account] = float(value or 0.0)
    return answers


def _oldest_unpublished() -> Select[str, str, Any]:
    own = (Asset.platform == Account.platform, Asset.account == Account.account)
    # Named, because only rows that meet it are in the index.
    is_behind = Asset.unpublished_since.is_not(None)
    oldest = select(func.min(Asset.unpublished_since)).where(*own, is_behind).scalar_subquery()
    return select(*_BY_ACCOUNT, func.extract("epoch", STATEMENT_BEGAN - oldest))


def _oldest_writes() -> Select[str, str, Any]:
    """Ask for the age of the oldest write of each account, among those that are due first, and last.

    Those come first that have waited for the longest; one that is tried again and again may be last. So the
    time that it takes does not grow with the writes that wait.
    """
    # A write that was given up and is asked for again is as old as the request, not as its row.
    columns = (Publication.asset_id, Publication.created_at)
    oldest = []
    for priority in Priority:
        own = (Publication.account_id == Account.id, _WRITE_WAITS, Publication.priority == priority)
        for order in (Publication.scheduled_at.asc(), Publication.scheduled_at.desc()):
            writes = (
                select(*columns).where(*own).order_by(order).limit(MAX_WRITES).correlate(Account).subquery()
            )
            since = func.min(func.greatest(writes.c.created_at, Asset.unpublished_since))
            oldest.append(
                select(since).select_from(writes).join(Asset, Asset.id == writes.c.asset_id).scalar_subquery()
            )
    return select(*_BY_ACCOUNT, func.extract("epoch", STATEMENT_BEGAN - func.least(*oldest)))


def _yielded() -> Select[str, str, Any]:
    is_foreign = Asset.foreign_thumbnail.is_not(None)
    by_account = (Asset.platform, Asset.account)
    return select(*by_account, func.count()).where(is_foreign).group_by(*by_account)


def _count_flagged(session: Session) -> None:
    """Show how many assets of each account wait for a person, since all of their pictures are flagged."""
    by_account = (Asset.platform, Asset.account)
    flagged = select(*by_account, func.count()).where(text(CONDITIONS["flagged"])).group_by(*by_account)
    _SHOWN.show(metrics.FLAGGED, _by_account(session, flagged))


def _count_accounts(session: Session) -> None:
    """Show which accounts are refused, closed or paused; 0 for those that are not."""
    # One that no settings name is refused by ourselves, which no token can mend.
    is_refused = and_(Account.refused_at.is_not(None), ~Account.is_unknown)
    is_paused = Account.paused_at.is_not(None)
    is_closed = and_(accounts.is_closed(to_writes=False), ~Account.is_unknown)
    rows = session.execute(
        select(*_BY_ACCOUNT, is_refused, is_closed, is_paused, accounts.only_writes_ail(), Account.is_unknown)
    ).all()
    _SHOWN.show(metrics.ACCOUNT_REFUSED, {(row[0], row[1]): row[2] for row in rows})
    closed: Counts = {(row[0], row[1], "closed"): row[3] for row in rows}
    paused: Counts = {(row[0], row[1], "paused"): row[4] for row in rows}
    writes: Counts = {(row[0], row[1], "writes"): row[5] for row in rows}
    unknown: Counts = {(row.platform, row.account, "unknown"): row.is_unknown for row in rows}
    _SHOWN.show(metrics.ACCOUNT_HELD, closed | paused | writes | unknown)


def _count_trials(session: Session) -> None:
    """Show how many tests run, and how many of those that ended are kept; each state has an index."""
    counts: Counts = {}
    for state, is_in_it in ((TrialState.RUNNING, IS_RUNNING), (TrialState.ENDED, IS_ENDED)):
        some = select(Trial.id).where(is_in_it).limit(MAX_COUNTED).subquery()
        counts[state,] = float(session.scalar(select(func.count()).select_from(some)) or 0)
    _SHOWN.show(metrics.TRIALS, counts)


def _count_pictures(settings: Settings, session: Session) -> None:
    """Show how many pictures are in rows although there is a bucket for them; an index has only those."""
    is_apart = settings.bucket_url is not None and settings.bucket_takes_pictures
    metrics.PICTURES_WAITING.set(count_waiting(session, MAX_COUNTED) if is_apart else 0)


def _measure_tables(settings: Settings, session: Session) -> None:
    oldest = select(func.extract("epoch", STATEMENT_BEGAN - func.min(WebhookEvent.received_at)))
    metrics.INBOX_OLDEST_SECONDS.set(float(session.scalar(oldest) or 0.0))
    metrics.INBOX_KEPT_SECONDS.set(settings.events_retention_days * 86400.0)
    names: Sequence[str] = sorted(Base.metadata.tables)
    sizes = [_size(name) for name in names]
    for name, size in zip(names, session.execute(select(*sizes)).one(), strict=True):
        metrics.TABLE_BYTES.labels(name).set(size)


def _size(name: str) -> ScalarSelect[int]:
    """Ask for the size of a table with its indexes, and with those of its partitions."""
    (tree,) = func.pg_partition_tree(cast(name, REGCLASS)).table_valued("relid").c
    return select(func.coalesce(func.sum(func.pg_total_relation_size(tree)), 0)).scalar_subquery()


def _look_at_partitions(session: Session) -> None:
    """Show until when there are partitions, and which tables have rows in none."""
    until = partitions.made_until(session)
    metrics.PARTITIONS_END.set(0.0 if until is None else until.timestamp())
    strays = set(partitions.tables_with_strays(session))
    for table in partitions.KEYS:
        metrics.STRAY_ROWS.labels(table).set(table in strays)


_QUESTIONS: tuple[Callable[[Session], None], ...] = (
    _count_accounts,
    _count_states,
    _count_due,
    _find_unpublished,
    find_oldest_writes,
    _count_yielded,
    _count_flagged,
    _count_trials,
    _look_at_partitions,
)
