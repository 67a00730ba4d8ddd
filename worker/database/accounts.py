"""The tables of accounts: what holds for all videos of one, and when its list was last read."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads the annotations when the program runs

from sqlalchemy import Identity, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from worker.database.base import Base


class Account(Base):
    """An account of a platform: what holds for all its videos. A trigger adds it with its first asset."""

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("platform", "account"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    platform: Mapped[str]
    account: Mapped[str]
    paused_at: Mapped[datetime | None]  #: when an operator stopped the work on it
    paused_by: Mapped[str | None]
    paused_because: Mapped[str] = mapped_column(server_default="")
    refused_at: Mapped[datetime | None]  #: since when the platform refuses our token
    is_unknown: Mapped[bool] = mapped_column(
        server_default=false()
    )  #: refused by ourselves: no setting names it
    failures: Mapped[int] = mapped_column(server_default="0")  #: of its platform, one after the other
    only_writes_fail: Mapped[bool] = mapped_column(server_default=false())  #: all of the failures were writes
    failing_since: Mapped[datetime | None]  #: when the first of them, or of the refusals, came
    failed_asset_id: Mapped[int | None]  #: of the last one; the same asset again tells nothing new
    error: Mapped[str | None]  #: the last of them, or of the refusals
    closed_until: Mapped[datetime | None]  #: until then its rows wait; afterwards one asks whether it is well


class AccountSync(Base):
    """When the list of an account's assets was last compared with what we know."""

    __tablename__ = "account_syncs"

    platform: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]  #: when one last came to its end
