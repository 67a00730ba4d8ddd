"""What a platform's answers and failures tell about the account."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Double, and_, case, cast, func, literal, or_, update

from worker.accounts.admission import forgo_probe
from worker.accounts.standing import ails, only_writes_ail
from worker.database import NOW
from worker.database.accounts import Account
from worker.errors import (
    BucketUnavailable,
    CredentialsRefused,
    ModelElsewhere,
    PicksNotTaken,
    PlatformUnavailable,
    RateLimited,
    RequestForbidden,
    UnknownAccount,
)

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

# An account that ails is closed for as long as it has been ailing: so the waits double, without a count that
# many workers, who fail at the same moment, would raise many times.
FIRST_S = 5.0
LAST_S = 900.0


class OfAccount(Protocol):
    """Work for an asset of an account."""

    @property
    def platform(self) -> str:
        """The platform's name."""

    @property
    def account(self) -> str:
        """The account's name there."""

    @property
    def asset_id(self) -> int:
        """The asset's id in our rows; 0 where it was about none."""

    @property
    def media_url(self) -> str | None:
        """The address of a video that lives on no platform: its host is no account's."""


def is_refusal(error: Exception) -> bool:
    """Tell whether nothing of this account can be done before an operator mends its settings."""
    return isinstance(error, CredentialsRefused | UnknownAccount)


def note_answer(session: Session, platform: str, account: str, *, to_write: bool = False) -> None:
    """Note that the platform took our token and answered: an account that ailed is open again.

    The transaction must lock no row of an asset, a job or a publication after this.

    Args:
        session: its transaction.
        platform: its name.
        account: its name there.
        to_write: whether it took a write. That it can be read says nothing where only writes fail.
    """
    is_failing = and_(Account.failures > 0, or_(~Account.only_writes_fail, literal(to_write)))
    healed = (
        update(Account)
        .where(*_names(platform, account), or_(is_failing, Account.refused_at.is_not(None)))
        .values(
            refused_at=None,
            is_unknown=False,
            failures=0,
            only_writes_fail=False,
            failing_since=None,
            failed_asset_id=None,
            error=None,
            # A platform that named a time to come back is not asked before, whoever else got an answer.
            closed_until=case((ails(), None), else_=Account.closed_until),
        )
    )
    session.execute(healed)


def note_failure(session: Session, of: OfAccount, error: Exception, *, to_write: bool = False) -> None:
    """Note a failure that may be the account's, and close it where it is; others change nothing.

    The transaction must lock no row of an asset, a job or a publication after this.

    Args:
        session: its transaction.
        of: what the work was about.
        error: a refusal; or the platform was down, or asked for patience, or forbade a write.
        to_write: whether it came of a write.
    """
    is_forbidden_write = to_write and isinstance(error, RequestForbidden)
    if is_refusal(error):
        log.warning("%s/%s is refused, and its work waits: %s", of.platform, of.account, error)
        is_unknown = isinstance(error, UnknownAccount)
        refused_at = func.coalesce(Account.refused_at, NOW)
        _close(session, of, error, refused_at=refused_at, is_unknown=is_unknown)
    elif isinstance(error, ModelElsewhere | BucketUnavailable):
        forgo_probe(session, of.platform, of.account)  # nobody asked
    elif isinstance(error, PicksNotTaken) or of.media_url:
        return  # PICKS_URL and the host of a video that lives on no platform are no account's
    elif not isinstance(error, PlatformUnavailable) and not is_forbidden_write:
        return
    elif isinstance(error, RateLimited) and error.retry_after_s is not None:
        until = NOW + timedelta(seconds=error.retry_after_s)
        closed_until = func.greatest(Account.closed_until, until)  # PostgreSQL's ignores NULL
        # All requests count for such a limit, not only writes.
        values = {"error": str(error), "closed_until": closed_until, "only_writes_fail": False}
        session.execute(update(Account).where(*_is(of)).values(values))
    else:
        if not to_write:
            _forget_writes(session, of)
        is_news = or_(ails(), Account.failed_asset_id.is_distinct_from(of.asset_id))
        failures = Account.failures + case((is_news, 1), else_=0)
        only_writes = and_(or_(Account.failures == 0, Account.only_writes_fail), literal(to_write))
        news = {"failures": failures, "only_writes_fail": only_writes, "failed_asset_id": of.asset_id}
        _close(session, of, error, **news)


def _forget_writes(session: Session, of: OfAccount) -> None:
    """Begin the count anew where only writes failed: now that reading fails, too, it is another failure."""
    values = {
        "failures": 0,
        "only_writes_fail": False,
        "failing_since": None,
        "failed_asset_id": None,
        "closed_until": case((only_writes_ail(), None), else_=Account.closed_until),
    }
    session.execute(update(Account).where(*_is(of), Account.only_writes_fail).values(values))


def _close(session: Session, of: OfAccount, error: Exception, **values: Any) -> None:
    """Write what is new, and close the account if it ails by then."""
    since = func.coalesce(Account.failing_since, NOW)
    session.execute(update(Account).where(*_is(of)).values(failing_since=since, error=str(error), **values))
    ailing_s = func.extract("epoch", NOW - Account.failing_since)
    wait_s = func.least(func.greatest(ailing_s, FIRST_S), LAST_S)
    closed_until = NOW + func.make_interval(0, 0, 0, 0, 0, 0, cast(wait_s, Double))
    session.execute(update(Account).where(*_is(of), ails()).values(closed_until=closed_until))


def _is(of: OfAccount) -> tuple[ColumnElement[bool], ...]:
    return _names(of.platform, of.account)


def _names(platform: str, account: str) -> tuple[ColumnElement[bool], ...]:
    return (Account.platform == platform, Account.account == account)
