"""The tables of what people decided, and of what their decisions can teach."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads the annotations when the program runs
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from worker.database.base import NOW, Base, JudgedRow
from worker.database.states import ChoiceKind, is_one_of


class Choice(JudgedRow, Base):
    """What a person chose for an asset. It stays on record when it is over."""

    __tablename__ = "choices"
    __table_args__ = (
        CheckConstraint(is_one_of("kind", ChoiceKind), name="kind"),
        CheckConstraint("(time_s IS NULL) = (kind = 'image')", name="time"),
        Index(None, "thumbnail_id"),
        Index("uq_choices_open", "asset_id", unique=True, postgresql_where=text("released_at IS NULL")),
        Index(None, "asset_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("assets.id", ondelete="CASCADE"))
    kind: Mapped[str]
    time_s: Mapped[float | None]  #: media time in the content of `generation`; None for an image
    thumbnail_id: Mapped[int | None] = mapped_column(ForeignKey("thumbnails.id", ondelete="SET NULL"))
    generation: Mapped[int]  #: of the content that it refers to; moves on with every run
    who: Mapped[str]
    why: Mapped[str] = mapped_column(server_default="")
    made_at: Mapped[datetime] = mapped_column(server_default=NOW)
    note: Mapped[str] = mapped_column(server_default="")  #: what edits did to it
    lost_at: Mapped[datetime | None]  #: when an edit cut the moment away
    released_at: Mapped[datetime | None]
    released_by: Mapped[str | None]
    released_because: Mapped[str | None]
    model: Mapped[str | None]  #: that measured it; None of a picture that no model has seen


class Judgement(Base):
    """That a person chose one frame when they could have had another, with what both were measured to be.

    Copied when the choice is made, so that it can be learned from when the frames are long gone.
    """

    __tablename__ = "judgements"
    __table_args__ = (
        CheckConstraint(is_one_of("kind", ChoiceKind), name="kind"),
        Index(None, "asset_id"),
        Index(None, "choice_id"),
        Index("ix_judgements_model", "model", "id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("assets.id", ondelete="CASCADE"))
    choice_id: Mapped[int | None] = mapped_column(ForeignKey("choices.id", ondelete="SET NULL"))
    at: Mapped[datetime] = mapped_column(server_default=NOW)
    who: Mapped[str]
    kind: Mapped[str]  #: of the choice
    model: Mapped[str]  #: that measured both
    head_id: Mapped[int | None]  #: of the learned head that had a say in the scores; None: none had
    chosen_time_s: Mapped[float]  #: media time, as are all here, in the content that was measured
    chosen_embedding: Mapped[bytes]  #: (dimensions,) L2-normalised, packed by `pictures.embeddings`
    chosen_cues: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    chosen_score: Mapped[float | None]  #: by hand-made weights; None where it was left out before scoring
    other_time_s: Mapped[float]
    other_embedding: Mapped[bytes]
    other_cues: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    other_score: Mapped[float | None]
    other_rank: Mapped[int]  #: of the pick that was not taken
    was_shown: Mapped[bool]  #: whether that pick was what the platform showed
