"""Stop what there is to do for assets, because an operator says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select, union

from worker import accounts, jobs
from worker.admin.find import NotFound, asset_name, find
from worker.database import transaction
from worker.database.accounts import Account
from worker.database.models import Asset, Job, Publication
from worker.database.states import PublicationState
from worker.people import audit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from worker.admin.find import Match
    from worker.people.roles import Actor


class Cancellation(NamedTuple):
    """What an operator's word means, and what came of it."""

    asset: str  #: mux/main/ASSETID
    found: Match
    work: jobs.OpenWork  #: that there is, or that was cancelled


def find_open_work(engine: Engine, words: Sequence[str]) -> list[Cancellation]:
    """List what there is to do for these assets and jobs. Raises NotFound."""
    with transaction(engine) as session:
        matches = dict.fromkeys(find(session, word) for word in words)
        return [
            Cancellation(
                asset_name(session.get_one(Asset, found.asset_id)),
                found,
                jobs.open_work(session, found.asset_id, found.job_id),
            )
            for found in matches
        ]


def cancel_work(engine: Engine, wanted: Sequence[Cancellation], actor: Actor, why: str) -> list[Cancellation]:
    """Cancel what was listed, and what came in between; one transaction for each asset."""
    done = []
    for one in wanted:
        with transaction(engine) as session:
            asset_id, job_id = one.found
            cancelled = _cancel(session, asset_id, actor, why, job_id)
        done.append(one._replace(work=cancelled))
    return done


def _cancel(
    session: Session, asset_id: int, actor: Actor, why: str, job_id: int | None = None
) -> jobs.OpenWork:
    """Cancel as `jobs.cancel_for_operator`, and note it where there was something to cancel."""
    work = jobs.cancel_for_operator(session, asset_id, actor.name, why, job_id)
    if any(work):
        audit.note(session, actor, "cancel", asset_id, jobs=work.job_ids, writes=work.write_ids, why=why)
    return work


def find_busy_assets(engine: Engine, name: str) -> list[int]:
    """List the ids of an account's assets for which there is something to do.

    Args:
        engine: the database.
        name: of the account: mux/main. Settings need not know it any more.

    Raises:
        NotFound: it never had an asset.
    """
    platform, _, account = name.partition("/")
    with transaction(engine) as session:
        account_id = session.scalar(select(Account.id).filter_by(platform=platform, account=account))
        if account_id is None:
            raise NotFound(f"there is no account {name}; `thumbs accounts` lists all")
        of_jobs = select(Job.asset_id).where(Job.account_id == account_id, Job.state.in_(jobs.OPEN))
        is_pending = Publication.state == PublicationState.PENDING
        of_writes = select(Publication.asset_id).where(Publication.account_id == account_id, is_pending)
        return sorted(session.scalars(union(of_jobs, of_writes)))


def cancel_account(
    engine: Engine, name: str, actor: Actor, why: str, on_progress: Callable[[int, int | None], None]
) -> jobs.OpenWork:
    """Cancel all that waits or runs for an account, and forget why it waited. It can be run again.

    Args:
        engine: the database; there is one transaction for each asset.
        name: of the account: mux/main.
        actor: wants it, for the history and the audit.
        why: the reason, for the history.
        on_progress: called with how many assets are done, and how many there are.

    Raises:
        NotFound: the account never had an asset.
    """
    cancelled = jobs.OpenWork([], [])
    asset_ids = find_busy_assets(engine, name)
    for done, asset_id in enumerate(asset_ids, start=1):
        with transaction(engine) as session:
            work = _cancel(session, asset_id, actor, why)
        cancelled.job_ids.extend(work.job_ids)
        cancelled.write_ids.extend(work.write_ids)
        on_progress(done, len(asset_ids))
    platform, _, account = name.partition("/")
    with transaction(engine) as session:
        # Nothing is left that could ask; if its settings come back, its next job finds out how it is.
        accounts.note_answer(session, platform, account, to_write=True)
    return cancelled
