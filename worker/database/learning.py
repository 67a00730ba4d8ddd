"""The table of learned heads."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads the annotations when the program runs
from typing import Any

from sqlalchemy import CheckConstraint, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from worker.database.base import NOW, Base
from worker.database.states import HeadState, is_one_of


class Head(Base):
    """What was learned from tests and from people's choices, for one model; replaced, and never changed."""

    __tablename__ = "heads"
    __table_args__ = (
        CheckConstraint(is_one_of("state", HeadState), name="state"),
        # One is in use for each model, and for each model and account.
        Index(
            "uq_heads_shipped",
            "model",
            text("coalesce(platform, '')"),
            text("coalesce(account, '')"),
            unique=True,
            postgresql_where=text("state = 'shipped'"),
        ),
        Index("ix_heads_model", "model", "id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    platform: Mapped[str | None]  #: of the account whose head it is; None: of all
    account: Mapped[str | None]
    model: Mapped[str]  #: whose vectors it reads, as of thumbnails
    state: Mapped[str] = mapped_column(server_default=HeadState.CANDIDATE)
    parent_id: Mapped[int | None]  #: of the head of all accounts that an account's own one corrects
    replaces_id: Mapped[int | None]  #: what was in use when it was shipped; None: the order by hand
    trained_on: Mapped[dict[str, Any]]  #: how much of what, from when to when, and a hash of it
    report: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True)
    )  #: of the gate; None: not judged
    arrays: Mapped[bytes]  #: npz without pickles
    at: Mapped[datetime] = mapped_column(server_default=NOW)
    who: Mapped[str]  #: trained it
    shipped_at: Mapped[datetime | None]
    shipped_by: Mapped[str | None]
    retired_at: Mapped[datetime | None]
    retired_because: Mapped[str | None]
