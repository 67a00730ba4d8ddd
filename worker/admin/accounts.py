"""How every account stands and what waits for it, and an operator's pause."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select, true

from worker import accounts
from worker.database import NOW, transaction
from worker.database.accounts import Account
from worker.database.models import Job, Publication
from worker.database.states import WAITING, JobState, Priority, PublicationState
from worker.errors import UnknownAccount
from worker.people import audit
from worker.platforms import PLATFORMS, configured_accounts
from worker.platforms.media_url import ACCOUNT as DIRECT_ACCOUNT
from worker.platforms.media_url import MediaUrl
from worker.queue import notify

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Engine, ScalarSelect
    from sqlalchemy.orm import Session

    from worker.people.roles import Actor
    from worker.settings import Settings

# Rows of one account that are counted; with more, it is only said that there are more.
MAX_COUNT = 10_000

_JOB_WAITS = Job.state.in_(WAITING)
_WRITE_WAITS = Publication.state == PublicationState.PENDING


class Standing(NamedTuple):
    """An account, and what there is to do for it."""

    account: Account
    is_closed: bool  #: its platform is not asked before `account.closed_until`
    is_ailing: bool  #: it is refused or down, and one row at a time asks whether it still is
    only_writes_ail: bool  #: so it is for writes only; jobs go on
    waiting: int  #: jobs; `MAX_COUNT` where there are as many or more
    running: int  #: jobs
    writes_waiting: int  #: publications; as `waiting`
    oldest_due_at: datetime | None  #: of the jobs and publications that wait


def list_accounts(session: Session) -> list[Standing]:
    """List the accounts by their names; the time that it takes does not grow with the rows that wait."""
    of_account = Job.account_id == Account.id
    # `state = 'running'` is an index of few rows; an account has no other bound on them.
    running = select(func.count()).where(of_account, Job.state == JobState.RUNNING)
    oldest = [
        select(func.min(table.scheduled_at))
        .where(table.account_id == Account.id, table.priority == priority, waits, table.scheduled_at <= NOW)
        .scalar_subquery()
        for table, waits in ((Job, _JOB_WAITS), (Publication, _WRITE_WAITS))
        for priority in Priority
    ]
    rows = session.execute(
        select(
            Account,
            accounts.is_closed(),
            accounts.ails(),
            accounts.only_writes_ail(),
            _count(Job, _JOB_WAITS),
            running.scalar_subquery(),
            _count(Publication, _WRITE_WAITS),
            func.least(*oldest),  # PostgreSQL's ignores NULL
        ).order_by(Account.platform, Account.account)
    )
    return [Standing(*row) for row in rows]


def _count(table: type[Job | Publication], waits: ColumnElement[bool]) -> ScalarSelect[int]:
    first = select(true()).where(table.account_id == Account.id, waits).correlate(Account).limit(MAX_COUNT)
    return select(func.count()).select_from(first.subquery()).scalar_subquery()


def pause_account(engine: Engine, name: str, settings: Settings, actor: Actor, why: str) -> None:
    """Let the work on an account wait until it is resumed. Raises UnknownAccount."""
    with transaction(engine) as session:
        accounts.pause(session, _id_of(session, name, settings), actor.name, why)
        audit.note(session, actor, "pause", account=name, why=why)


def resume_account(engine: Engine, name: str, settings: Settings, actor: Actor) -> None:
    """Let the work on an account go on at once. Raises UnknownAccount."""
    with transaction(engine) as session:
        accounts.resume(session, _id_of(session, name, settings))
        audit.note(session, actor, "resume", account=name)
        notify.wake_dispatcher(session)


def known_account(session: Session, name: str, settings: Settings) -> tuple[str, str]:
    """Read mux/main as the platform and the account that it names.

    Raises:
        UnknownAccount: neither a row nor a setting names it.
    """
    platform, _, account = name.partition("/")
    is_known = session.scalar(select(true()).where(Account.platform == platform, Account.account == account))
    configured = configured_accounts(settings)
    if not is_known and (platform, account) not in configured:
        known = ", ".join("/".join(one) for one in configured) or "none"
        raise UnknownAccount(
            f"there is no account {name}; configured: {known}; `thumbs accounts` lists all; "
            "the service's variables have to be set where this command runs, too"
        )
    return platform, account


def check_filters(session: Session, platform: str | None, account: str | None, settings: Settings) -> None:
    """Refuse names that mean nothing, of which a list would be empty as if nothing had happened.

    Args:
        session: any.
        platform: None: all.
        account: of that platform; None: all.
        settings: with the accounts.

    Raises:
        UnknownAccount: neither a row nor a setting names it; the message says what there is.
    """
    if platform is None or (platform, account or DIRECT_ACCOUNT) == (MediaUrl.name, DIRECT_ACCOUNT):
        return
    if account is not None:
        known_account(session, f"{platform}/{account}", settings)
    elif platform not in PLATFORMS and not session.scalar(
        select(true()).where(Account.platform == platform).limit(1)
    ):
        raise UnknownAccount(f"there is no platform {platform!r}; there are: {', '.join(PLATFORMS)}")


def _id_of(session: Session, name: str, settings: Settings) -> int:
    """Find the row of mux/main; of an account that is configured, it is made if it has none."""
    return accounts.identify(session, *known_account(session, name, settings))
