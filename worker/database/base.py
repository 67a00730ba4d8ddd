"""What all tables are made of: names, types of columns, and what rows that workers take share."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import DateTime, ForeignKey, LargeBinary, MetaData, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import BigInteger, TypeEngine

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


# The time of the statement by the database's clock, the only one that all processes share. Not `now()`, which
# is the time at which the transaction began: a lease must not be shortened by the wait for a lock.
NOW = func.clock_timestamp()
# The time at which the statement began: to compare with. For `NOW`, which changes while a statement runs,
# PostgreSQL would read every row of an index instead of those before or after it.
STATEMENT_BEGAN = func.statement_timestamp()
MAX_ROW_ID = 2**63 - 1  #: of `id`, as PostgreSQL's bigint; a larger number of a request has to be told apart

# Their pages keep room for the next version of a row, and vacuum comes after every fiftieth, not every fifth.
OFTEN_UPDATED = {
    "fillfactor": "85",
    "autovacuum_vacuum_scale_factor": "0.02",
    "autovacuum_analyze_scale_factor": "0.02",
}


class Base(DeclarativeBase):
    """Base of every table: its naming of constraints, and the column types of Python's."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map: ClassVar[dict[Any, TypeEngine[Any]]] = {
        int: BigInteger(),
        str: Text(),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
        bytes: LargeBinary(),
    }


class AnnouncedRow:
    """A row that a worker is told about when its time has come."""

    IS_WRITE: ClassVar = False  #: whether its work is to write to the platform, and not only to read

    #: Of the asset, by a trigger; None for rows that were over before accounts had rows.
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    priority: Mapped[int] = mapped_column(server_default="0")  #: lower goes first
    scheduled_at: Mapped[datetime] = mapped_column(server_default=NOW)
    hinted_at: Mapped[datetime | None]  #: when a worker was last told; None: tell one
    hint_no: Mapped[int] = mapped_column(server_default="0")
    traceparent: Mapped[str | None]  #: of the newest request for it, see `worker.tracing`

    @property
    def trace_id(self) -> str | None:
        """What all log lines on the way of that request have as `trace_id`."""
        return self.traceparent.split("-")[1] if self.traceparent else None


class LeasedRow:
    """A row that one worker at a time may hold."""

    attempt: Mapped[int] = mapped_column(server_default="0")
    lease_owner: Mapped[str | None]
    lease_token: Mapped[int] = mapped_column(server_default="0")  #: grows with every claim; fences old claims
    lease_until: Mapped[datetime | None]
    error_class: Mapped[str | None]  #: of the last failure
    error: Mapped[str | None]


class JudgedRow:
    """A row that keeps what its frame was measured to be, for as long as it can be learned from.

    The frames of a run go when the next one comes; a person's judgement of them has to stay comprehensible.
    """

    #: (dimensions,) L2-normalised, packed by `pictures.embeddings`; None where no model has looked
    embedding: Mapped[bytes | None]
    cues: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))  #: as measured
    hand_score: Mapped[float | None]  #: by hand-made weights, without a learned head
    head_id: Mapped[int | None]  #: of the learned head that had a say; None: none had


_NOT_BY_HAND = ("learned", "judge")  #: parts of a score


class ScoredRow:
    """A row with the score of a frame."""

    score: Mapped[float | None]  #: None where it was left out before scoring
    parts: Mapped[dict[str, Any]]  #: of the score

    @hybrid_property
    def hand_score(self) -> float | None:
        """Take the parts `learned` and `judge` from the score, which leaves that by hand-made weights."""
        added = sum(self.parts.get(part, 0.0) for part in _NOT_BY_HAND)
        return None if self.score is None else float(self.score - added)

    @hand_score.inplace.expression
    @classmethod
    def _hand_score(cls) -> ColumnElement[float | None]:
        learned, judge = (func.coalesce(cls.parts[part].as_float(), 0.0) for part in _NOT_BY_HAND)
        return cls.score - learned - judge


def table_of(of: type[Base]) -> Table:
    """Return the table of a class, for statements that need no objects."""
    found = of.__table__
    assert isinstance(found, Table)  # noqa: S101 - for the type checker
    return found
