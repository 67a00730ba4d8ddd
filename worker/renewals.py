"""Extending the leases of rows: one statement for all that a process holds."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import func, tuple_, update

from worker.models import Asset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from worker.models import Job, JobState, Publication, PublicationState


class Held(Protocol):
    """A claim, as far as its lease goes."""

    @property
    def row_id(self) -> int:
        """Of the row."""

    @property
    def token(self) -> int:
        """Of the claim."""


def renew(
    session: Session,
    table: type[Job | Publication],
    state: JobState | PublicationState,
    claims: Sequence[Held],
    lease_s: float,
    is_overtaken: ColumnElement[bool],
) -> dict[int, bool]:
    """Extend leases; each row that is still held by the claim, and whether something newer makes it useless.

    Args:
        session: its transaction.
        table: of the rows.
        state: of rows that are held.
        claims: the leases.
        lease_s: from now.
        is_overtaken: the condition for that, on the row and its asset.
    """
    held = [(claim.row_id, claim.token) for claim in claims]
    rows = session.execute(
        update(table)
        .where(
            table.asset_id == Asset.id, table.state == state, tuple_(table.id, table.lease_token).in_(held)
        )
        .values(lease_until=func.clock_timestamp() + timedelta(seconds=lease_s))
        .returning(table.id, is_overtaken)
    )
    return {row_id: overtaken for row_id, overtaken in rows}  # noqa: C416 - rows are no pairs to `dict`
