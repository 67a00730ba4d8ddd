"""The table of the inbox: what was answered with 2xx."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads the annotations when the program runs
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.database.base import NOW, Base
from worker.database.states import EventOutcome, is_one_of


class WebhookEvent(Base):
    """The inbox: every event that was answered with 2xx, once."""

    __tablename__ = "webhook_events"
    __table_args__ = (
        UniqueConstraint("platform", "account", "delivery_id"),
        CheckConstraint(is_one_of("outcome", EventOutcome), name="outcome"),
        Index(None, "received_at"),
        Index("ix_webhook_events_ignored", "id", postgresql_where=text("outcome = 'ignored'")),
        Index(None, "asset_id"),
        Index("ix_webhook_events_type", "type", "id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    platform: Mapped[str]
    account: Mapped[str]
    delivery_id: Mapped[str]
    type: Mapped[str]  #: the platform's word
    kind: Mapped[str]  #: ours, see `EventKind`
    asset_id: Mapped[int | None] = mapped_column(ForeignKey("assets.id", ondelete="SET NULL"))
    happened_at: Mapped[datetime | None]
    received_at: Mapped[datetime] = mapped_column(server_default=NOW)
    outcome: Mapped[str]
    detail: Mapped[str] = mapped_column(server_default="")  #: why, where the outcome alone does not say
    #: As received. Not JSONB, which refuses some of what a JSON text may hold (the escape of NUL).
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
