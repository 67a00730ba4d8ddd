"""The table of the inbox: what was answered with 2xx.

It is partitioned by week, see `worker.partitions`. That a delivery is there once, a trigger sees to, since a
unique key could only do so within a partition; nothing else refers to its rows, nor they to others.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads the annotations when the program runs
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Index, text
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
