"""Shows how many rows are in which state, and how long the oldest of each account wait.

Rows that are over and well are not counted: there are millions of them, and nobody has to do anything. Every
question is answered by an index of the rows in question.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import cast, func, literal, select, union_all
from sqlalchemy.dialects.postgresql import REGCLASS

from worker import accounts, metrics
from worker.database.accounts import Account
from worker.database.base import STATEMENT_BEGAN, Base
from worker.database.inbox import WebhookEvent
from worker.database.models import Asset, Job, Publication
from worker.database.states import WAITING, JobState, Priority, PublicationState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import Session

    from worker.settings import Settings

    Counts = dict[tuple[str, ...], float]

# Beyond this many, the number of rows tells an operator nothing new, and is not worth the time.
MAX_COUNTED = 100_000

JOB_STATES = (*WAITING, JobState.RUNNING, JobState.DISCARDED)
WRITE_STATES = (PublicationState.PENDING, PublicationState.SENDING, PublicationState.FAILED)

_BY_ACCOUNT = (Account.platform, Account.account)
_SHOWN = metrics.Snapshot()


def count(session: Session, settings: Settings) -> None:
    """Show how many rows are in which state, and how long the oldest of each account wait."""
    waiting_jobs, waiting_writes = Job.state.in_(WAITING), Publication.state == PublicationState.PENDING
    job_states = _states(session, "analyze", Job, JOB_STATES)
    write_states = _states(session, "publish", Publication, WRITE_STATES)
    _SHOWN.show(metrics.JOBS, job_states | write_states)
    due, lags_s = _due(session, "analyze", Job, waiting_jobs)
    due_writes, write_lags_s = _due(session, "publish", Publication, waiting_writes)
    _SHOWN.show(metrics.DUE_ROWS, due | due_writes)
    _SHOWN.show(metrics.QUEUE_LAG_SECONDS, lags_s | write_lags_s)
    _SHOWN.show(metrics.OLDEST_UNPUBLISHED_SECONDS, _by_account(session, _oldest_unpublished()))
    _SHOWN.show(metrics.OLDEST_PENDING_WRITE_SECONDS, _by_account(session, _oldest_writes()))
    _SHOWN.show(metrics.YIELDED, _by_account(session, _yielded()))
    _count_accounts(session)
    _measure_tables(session, settings)
    metrics.ROWS_COUNTED_AT.set(time.time())


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
    # A write that was given up and is asked for again is as old as the request, not as its row.
    since = func.greatest(Publication.created_at, Asset.unpublished_since)
    oldest = func.extract("epoch", STATEMENT_BEGAN - func.min(since))
    writes = select(Asset.platform, Asset.account, oldest).join(Publication.asset)
    is_pending = Publication.state == PublicationState.PENDING
    return writes.where(is_pending).group_by(Asset.platform, Asset.account)


def _yielded() -> Select[str, str, Any]:
    is_foreign = Asset.foreign_thumbnail.is_not(None)
    by_account = (Asset.platform, Asset.account)
    return select(*by_account, func.count()).where(is_foreign).group_by(*by_account)


def _count_accounts(session: Session) -> None:
    """Show which accounts are refused, closed or paused; 0 for those that are not."""
    is_refused, is_paused = Account.refused_at.is_not(None), Account.paused_at.is_not(None)
    is_closed = accounts.is_closed(to_writes=False)
    rows = session.execute(
        select(*_BY_ACCOUNT, is_refused, is_closed, is_paused, accounts.only_writes_ail())
    ).all()
    _SHOWN.show(metrics.ACCOUNT_REFUSED, {(row[0], row[1]): row[2] for row in rows})
    closed: Counts = {(row[0], row[1], "closed"): row[3] for row in rows}
    paused: Counts = {(row[0], row[1], "paused"): row[4] for row in rows}
    writes: Counts = {(row[0], row[1], "writes"): row[5] for row in rows}
    _SHOWN.show(metrics.ACCOUNT_HELD, closed | paused | writes)


def _measure_tables(session: Session, settings: Settings) -> None:
    oldest = select(func.extract("epoch", STATEMENT_BEGAN - func.min(WebhookEvent.received_at)))
    metrics.INBOX_OLDEST_SECONDS.set(float(session.scalar(oldest) or 0.0))
    metrics.INBOX_KEPT_SECONDS.set(settings.events_retention_days * 86400.0)
    names: Sequence[str] = sorted(Base.metadata.tables)
    sizes = [func.pg_total_relation_size(cast(name, REGCLASS)) for name in names]
    for name, size in zip(names, session.execute(select(*sizes)).one(), strict=True):
        metrics.TABLE_BYTES.labels(name).set(size)
