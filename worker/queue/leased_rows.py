"""Rows that one worker at a time may hold: claimed, renewed, released, and taken over from silent workers.

Jobs and publications live alike, and this is what they have in common. Which states their rows go through is
known to their rooms only, `worker.jobs` and `worker.publications`: they name them to `LeasedRows`.

Every claim raises the row's token by one, and every later write asks for that token. So a worker that was
frozen, and lost its lease, finds no row to change when it wakes (a fencing token; Kleppmann, "How to do
distributed locking", 2016). Locks are taken in one order: first the asset's row, then the job's or the
publication's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from worker import accounts
from worker.database import NOW
from worker.database.models import Asset, Job, Publication
from worker.errors import LeaseLost
from worker.queue import notify

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import InstrumentedAttribute, Session

    from worker.database.states import JobState, PublicationState

Row = TypeVar("Row", Job, Publication)


class _NotAdmittedError(Exception):
    """The row's account is paused, or its platform is not to be asked now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to work on one row, until its lease ends or another worker takes it over."""

    row_id: int
    token: int
    owner: str
    attempt: int
    generation: int
    asset_id: int
    platform: str
    account: str
    external_id: str
    media_url: str | None
    traceparent: str | None = None  #: of the request for the row, see `worker.tracing`


class LeasedRows(Generic[Row]):
    """The rows of one table, as their workers take and leave them.

    Args:
        table: Job or Publication. A unique index keeps two rows of one asset from being held at a time.
        announced: state of the rows that may be claimed.
        held: state of the rows that a worker holds.
    """

    def __init__(
        self, table: type[Row], *, announced: JobState | PublicationState, held: JobState | PublicationState
    ) -> None:
        self._table: type[Row] = table
        self._is_announced = table.state == announced
        self._is_held = table.state == held
        self._held_state = held

    def claim(
        self,
        session: Session,
        row_id: int,
        owner: str,
        lease_s: float,
        *conditions: ColumnElement[bool],
        **values: Any,
    ) -> Row | None:
        """Give an announced row to a worker; None where it is gone, or may not be worked on now.

        That is so while another row of its asset is held, and while its account is paused or closed.

        Args:
            session: its transaction.
            row_id: which row.
            owner: the worker's name.
            lease_s: how long it may hold the row without renewing its lease.
            *conditions: which the row must meet besides.
            **values: set on the row besides.
        """
        table = self._table
        try:
            # In a savepoint, because the unique index or its account may refuse the row; the caller's
            # transaction goes on.
            with session.begin_nested():
                row = session.scalar(
                    update(table)
                    .where(table.id == row_id, self._is_announced, *conditions)
                    .values(
                        state=self._held_state,
                        attempt=table.attempt + 1,
                        lease_owner=owner,
                        lease_token=table.lease_token + 1,
                        lease_until=NOW + timedelta(seconds=lease_s),
                        **values,
                    )
                    .returning(table)
                )
                self._require_admission(session, row)
                return row
        except IntegrityError:
            return None
        except _NotAdmittedError:
            # This hint came to nothing; another is sent as soon as the account is open.
            unused = update(table).where(table.id == row_id, self._is_announced)
            session.execute(unused.values(hinted_at=None))
            return None

    def _require_admission(self, session: Session, row: Row | None) -> None:
        if row is not None and not accounts.admit(session, row.account_id, to_write=row.IS_WRITE):
            raise _NotAdmittedError

    def is_held_by(self, claim: Claim) -> tuple[ColumnElement[bool], ...]:
        """Build the condition that every write must meet: this claim, and none after it, holds the row."""
        return (self._table.id == claim.row_id, self._is_held, self._table.lease_token == claim.token)

    def lock_held(self, session: Session, claim: Claim) -> Row:
        """Lock and read the row that a claim holds, as it is by now.

        Raises:
            LeaseLost: another worker has the row.
        """
        held = select(self._table).where(*self.is_held_by(claim)).with_for_update()
        row = session.scalar(held.execution_options(populate_existing=True))
        if row is None:
            raise self._lost(claim)
        return row

    def update_held(
        self, session: Session, claim: Claim, returning: InstrumentedAttribute[int], **values: Any
    ) -> int:
        """Write to a row as long as the claim holds it, and return one of its columns.

        Raises:
            LeaseLost: another worker has the row.
        """
        found: int | None = session.scalar(
            update(self._table).where(*self.is_held_by(claim)).values(**values).returning(returning)
        )
        if found is None:
            raise self._lost(claim)
        return found

    def _lost(self, claim: Claim) -> LeaseLost:
        what = self._table.__name__.lower()
        return LeaseLost(f"{what} {claim.row_id} was taken over while {claim.owner} had it")

    def release(
        self,
        session: Session,
        claim: Claim,
        state: JobState | PublicationState,
        returning: InstrumentedAttribute[int],
        **values: Any,
    ) -> int:
        """End a claim: the row gets another state, and the asset's next row may be announced at once.

        Raises:
            LeaseLost: another worker has the row.
        """
        found = self.update_held(
            session, claim, returning, state=state, lease_until=None, hinted_at=None, **values
        )
        # Its siblings could not be claimed while this row was held, so their hints came to nothing.
        siblings = update(self._table).where(self._table.asset_id == claim.asset_id, self._is_announced)
        session.execute(siblings.values(hinted_at=None))
        notify.wake_dispatcher(session)
        return found

    def renew(
        self, session: Session, claims: Sequence[Claim], lease_s: float, is_overtaken: ColumnElement[bool]
    ) -> dict[int, bool]:
        """Extend leases.

        Args:
            session: its transaction.
            claims: whose leases.
            lease_s: how long they last from now.
            is_overtaken: the condition, on the row and its asset, that the work has become useless.

        Returns:
            The ids of the rows that are still held by these claims, and for each whether it is overtaken.
        """
        table = self._table
        tokens = [(claim.row_id, claim.token) for claim in claims]
        rows = session.execute(
            update(table)
            .where(table.asset_id == Asset.id, self._is_held, tuple_(table.id, table.lease_token).in_(tokens))
            .values(lease_until=NOW + timedelta(seconds=lease_s))
            .returning(table.id, is_overtaken)
        )
        return {row_id: overtaken for row_id, overtaken in rows}  # noqa: C416 - rows are no pairs to `dict`

    def take_over(self, session: Session, fail: Callable[[Row, Asset], object]) -> bool:
        """End the claim of one worker that went silent, the one whose lease ended first.

        Args:
            session: its transaction.
            fail: ends the claim that holds the row; it gets the row and its asset, both locked.

        Returns:
            False where no lease has ended.
        """
        table = self._table
        is_silent = (self._is_held, table.lease_until < NOW)
        # Read without a lock first: the asset's row has to be locked before this one.
        found = session.execute(
            select(table.id, table.asset_id).where(*is_silent).order_by(table.lease_until).limit(1)
        ).one_or_none()
        if found is None:
            return False
        asset = session.get_one(Asset, found.asset_id, with_for_update=True)
        row = session.scalar(select(table).where(table.id == found.id, *is_silent).with_for_update())
        if row is not None:
            fail(row, asset)
        return True

    def next_lease_ends_in_s(self, session: Session) -> float | None:
        """Tell in how many seconds the next lease ends; None where none is to end."""
        until_s = func.extract("epoch", func.min(self._table.lease_until) - NOW)
        seconds = session.scalar(select(until_s).where(self._is_held, self._table.lease_until > NOW))
        return None if seconds is None else float(seconds)


def lock_asset(session: Session, claim: Claim) -> Asset:
    """Lock the row of a claim's asset, before the claimed row is written, and read it as it is by now."""
    return session.get_one(Asset, claim.asset_id, with_for_update=True, populate_existing=True)
