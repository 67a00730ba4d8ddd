"""The tables of the inbox: what was answered with 2xx, and under which ids it came.

That of events is partitioned by week, see `worker.partitions`, so a unique key of its own could tell a
repeated delivery only within a week. A trigger adds each event's delivery to a table that has such a key, and
drops the event where it is there already.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads the annotations when the program runs
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.database.base import NOW, Base
from worker.database.states import EventOutcome, is_one_of


class WebhookEvent(Base):
    """The inbox: every event that was answered with 2xx, once."""

    __tablename__ = "events"
    __table_args__ = (
        CheckConstraint(is_one_of("outcome", EventOutcome), name="outcome"),
        Index(None, "received_at"),
        Index("ix_events_ignored", "id", postgresql_where=text("outcome = 'ignored'")),
        Index(None, "asset_id"),
        Index("ix_events_type", "type", "id"),
        {"postgresql_partition_by": "RANGE (received_at)"},
    )

    id: Mapped[int] = mapped_column(primary_key=True)  #: in the database with `received_at`
    platform: Mapped[str]
    account: Mapped[str]
    delivery_id: Mapped[str]
    type: Mapped[str]  #: the platform's word
    kind: Mapped[str]  #: ours, see `EventKind`
    asset_id: Mapped[int | None]
    happened_at: Mapped[datetime | None]
    received_at: Mapped[datetime] = mapped_column(server_default=NOW)
    outcome: Mapped[str]
    detail: Mapped[str] = mapped_column(server_default="")  #: why, where the outcome alone does not say
    #: As received. Not JSONB, which refuses some of what a JSON text may hold (the escape of NUL).
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)


class Delivery(Base):
    """The id under which an event came: known for as long as the event is kept, or a little longer."""

    __tablename__ = "deliveries"
    __table_args__ = (UniqueConstraint("platform", "account", "delivery_id"),)

    event_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    received_at: Mapped[datetime]
    platform: Mapped[str]
    account: Mapped[str]
    delivery_id: Mapped[str]
