"""The tables of learned heads, and of what judges said and are worth."""

from __future__ import annotations

from datetime import date, datetime  # noqa: TC003 - SQLAlchemy reads the annotations when the program runs
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
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


class JudgeVerdict(Base):
    """What a judge said of one asset's pictures; the same pictures get the same verdict, and ask nobody."""

    __tablename__ = "judge_verdicts"
    __table_args__ = (
        UniqueConstraint("asset_id", "key"),
        Index(None, "used_at"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("assets.id", ondelete="CASCADE"))
    key: Mapped[str]  #: SHA-256 of the pictures, the model, the prompt and how it was asked, in hex
    model: Mapped[str]
    prompt_version: Mapped[str]
    verdict: Mapped[dict[str, Any]]  #: descriptions, places, readings, tokens, and the answers as they came
    at: Mapped[datetime] = mapped_column(server_default=NOW)
    used_at: Mapped[datetime] = mapped_column(
        server_default=NOW
    )  #: by the newest run that had these pictures


class JudgeDay(Base):
    """What judges were asked in one day (UTC), by all workers together."""

    __tablename__ = "judge_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    requests: Mapped[int] = mapped_column(server_default="0")
    prompt_tokens: Mapped[int] = mapped_column(server_default="0")
    answer_tokens: Mapped[int] = mapped_column(server_default="0")


class JudgeCheck(Base):
    """What a judge was measured to be worth on judged frames; the newest one counts."""

    __tablename__ = "judge_checks"
    __table_args__ = (Index("ix_judge_checks_judge", "url", "model", "id"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    url: Mapped[str]
    model: Mapped[str]
    prompt_version: Mapped[str]
    pictures: Mapped[int]  #: JUDGE_PICTURES of then
    readings: Mapped[int]  #: JUDGE_READINGS of then
    sight: Mapped[str]  #: of the model whose score it was compared with, as of thumbnails
    say: Mapped[str]  #: `Say`: what it may decide
    report: Mapped[dict[str, Any]]  #: what was measured
    who: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=NOW)
