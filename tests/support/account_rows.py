"""Accounts in tests: read their rows, let their time pass."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from tests.support.service import builders
from worker import jobs
from worker.database import transaction
from worker.database.accounts import Account
from worker.database.models import Job

if TYPE_CHECKING:
    from sqlalchemy import Engine


def account_of(engine: Engine, account: str = "main") -> Account:
    """Return the row of an account."""
    with transaction(engine) as session:
        return session.scalars(select(Account).where(Account.account == account)).one()


def closed_for_s(engine: Engine, account: str = "main") -> float | None:
    """Tell how long an account is closed from its row's point of view: since it began to fail."""
    row = account_of(engine, account)
    if row.closed_until is None or row.failing_since is None:
        return None
    return (row.closed_until - row.failing_since).total_seconds()


def let_it_open(engine: Engine, after_s: float = 1000.0) -> None:
    """Move what the rows of all accounts remember back in time."""
    ago = timedelta(seconds=after_s)
    older = {
        column: getattr(Account, column) - ago for column in ("refused_at", "failing_since", "closed_until")
    }
    with transaction(engine) as session:
        session.execute(update(Account).values(older))


def take(engine: Engine) -> jobs.JobClaim | None:
    """Announce what may go out, and claim the first of it that is admitted, in the order of its time."""
    with transaction(engine) as session:
        announced = [hint.id for hint in jobs.announce(session, rehint_s=0.0)]
        due = select(Job.id).where(Job.id.in_(announced)).order_by(Job.scheduled_at)
        ids = session.scalars(due).all()
    for job_id in ids:
        with transaction(engine) as session:
            claim = jobs.claim(session, job_id, builders.OWNER, builders.LEASE_S)
        if claim is not None:
            return claim
    return None


def taken(engine: Engine) -> jobs.JobClaim:
    """Claim the next job, which there must be."""
    claim = take(engine)
    assert claim is not None
    return claim


def is_closed(engine: Engine, account: str = "main") -> bool:
    """Say whether an account is known, and not to be asked before a time."""
    closed = select(Account.id).where(Account.account == account, Account.closed_until.is_not(None))
    with transaction(engine) as session:
        return session.scalar(closed) is not None
