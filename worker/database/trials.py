"""The tables of trials: tests that compare the pictures of one asset by what viewers do.

People call them tests; in code and tables they are trials, since `tests/` is something else.
"""

from __future__ import annotations

from datetime import date, datetime  # noqa: TC003 - SQLAlchemy reads the annotations when the program runs
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Identity, Index, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from worker.database.base import NOW, Base, JudgedRow
from worker.database.states import TrialKind, TrialMetric, TrialOutcome, TrialState, is_one_of


class Trial(Base):
    """A test: which of its variants do viewers prefer? One runs per asset at a time."""

    __tablename__ = "trials"
    __table_args__ = (
        CheckConstraint(is_one_of("kind", TrialKind), name="kind"),
        CheckConstraint(is_one_of("metric", TrialMetric), name="metric"),
        CheckConstraint(is_one_of("state", TrialState), name="state"),
        CheckConstraint(is_one_of("outcome", TrialOutcome), name="outcome"),
        CheckConstraint("(state = 'running') = (outcome IS NULL)", name="ended"),
        Index("uq_trials_running", "asset_id", unique=True, postgresql_where=text("state = 'running'")),
        Index(None, "asset_id"),
        Index("ix_trials_unlooked", "looked_at", postgresql_where=text("state = 'running'")),
        Index("ix_trials_ended", "ended_at", postgresql_where=text("state = 'ended'")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("assets.id", ondelete="CASCADE"))
    fingerprint: Mapped[str | None]  #: of the content whose pictures are compared
    aspect: Mapped[str]  #: of all variants
    kind: Mapped[str]
    metric: Mapped[str]
    salt: Mapped[str]  #: 16 hex digits, from which viewers or days are drawn
    timezone: Mapped[str | None]  #: by which the days of slots begin; None: viewers are drawn
    state: Mapped[str] = mapped_column(server_default=TrialState.RUNNING)
    outcome: Mapped[str | None]
    winner: Mapped[int | None]  #: the number of the variant that won, or is preferred
    why: Mapped[str] = mapped_column(server_default="")  #: a sentence about the outcome
    alpha: Mapped[float]  #: how often a false winner may be found
    tau: Mapped[float]  #: how far apart two pictures are expected to be, as a log of rates
    #: Whether a learned head is tried: variant 0 is what is picked with it, 1 what is picked without.
    is_challenge: Mapped[bool] = mapped_column(server_default=false())
    started_at: Mapped[datetime] = mapped_column(server_default=NOW)
    started_by: Mapped[str]
    ends_at: Mapped[datetime]  #: at the latest
    looked_at: Mapped[datetime | None]  #: when its numbers were last judged
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]  #: the person; None: the rules

    variants: Mapped[list[Variant]] = relationship(lazy="raise", order_by="Variant.number")


class Variant(JudgedRow, Base):
    """One of the pictures that a trial compares; its thumbnail stays while it can be learned from."""

    __tablename__ = "variants"
    __table_args__ = (
        Index("uq_variants_number", "trial_id", "number", unique=True),
        Index(None, "thumbnail_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    trial_id: Mapped[int] = mapped_column(ForeignKey("trials.id", ondelete="CASCADE"))
    number: Mapped[int]  #: 0 is what would be shown without the test
    thumbnail_id: Mapped[int | None] = mapped_column(ForeignKey("thumbnails.id", ondelete="SET NULL"))
    sha256: Mapped[str]  #: of its picture, in hex; its address
    time_s: Mapped[float]  #: media time
    bucket_from: Mapped[int]  #: viewers in buckets from here see it,
    bucket_to: Mapped[int]  #: up to this one, which is not among them
    model: Mapped[str]  #: that measured it, as of thumbnails


class SumColumns:
    """Columns of what viewers did, added up. Nothing here tells of one viewer."""

    impressions: Mapped[int] = mapped_column(server_default="0")  #: half of the picture was visible for 1 s
    plays: Mapped[int] = mapped_column(server_default="0")
    quality_plays: Mapped[int] = mapped_column(server_default="0")  #: watched for 10 s, or a quarter
    watch_s: Mapped[float] = mapped_column(server_default="0")
    watch_s2: Mapped[float] = mapped_column(server_default="0")  #: of the squares, for the variance


class TrialCount(SumColumns, Base):
    """What the viewers of one bucket did in all of a trial."""

    __tablename__ = "trial_counts"
    __table_args__ = ({"postgresql_with": {"fillfactor": "50"}},)  # updated each minute

    trial_id: Mapped[int] = mapped_column(ForeignKey("trials.id", ondelete="CASCADE"), primary_key=True)
    bucket: Mapped[int] = mapped_column(primary_key=True)


class TrialDay(SumColumns, Base):
    """What the viewers of one variant did on one day."""

    __tablename__ = "trial_days"
    __table_args__ = ({"postgresql_with": {"fillfactor": "50"}},)

    trial_id: Mapped[int] = mapped_column(ForeignKey("trials.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(Date(), primary_key=True)  #: UTC
    variant: Mapped[int] = mapped_column(primary_key=True)  #: its number


class CountInbox(SumColumns, Base):
    """What was counted in the last seconds, and waits to be merged; a crash of the database empties it."""

    __tablename__ = "count_inbox"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    trial_id: Mapped[int]  #: no foreign key: what is counted of no trial is dropped when it is merged
    bucket: Mapped[int]
    at: Mapped[datetime] = mapped_column(server_default=NOW)


class CountDelivery(Base):
    """A delivery of `POST /v1/counts` that was added, so that it is added once."""

    __tablename__ = "count_deliveries"
    __table_args__ = (Index(None, "at"),)

    delivery_id: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]  #: of what was added, in hex
    at: Mapped[datetime] = mapped_column(server_default=NOW)


class TrialLook(Base):
    """One look at a trial: its numbers, what they prove, and what was said. Rows are only added."""

    __tablename__ = "trial_looks"
    __table_args__ = (Index(None, "trial_id", "id"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    trial_id: Mapped[int] = mapped_column(ForeignKey("trials.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(server_default=NOW)
    numbers: Mapped[dict[str, Any]]  #: of each variant, and of each pair
    evidence: Mapped[dict[str, Any]]  #: the running maximum of each ordered pair, for the next look
    verdict: Mapped[str]  #: see `TrialOutcome`, or "counting"
    said: Mapped[str]  #: the sentence that people read


class Slot(Base):
    """One whole day on which a platform shows one variant of a trial."""

    __tablename__ = "slots"
    __table_args__ = (
        Index("ix_slots_open", "from_at", postgresql_where=text("counted_at IS NULL AND NOT is_void")),
        Index(None, "publication_id"),
    )

    trial_id: Mapped[int] = mapped_column(ForeignKey("trials.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(
        primary_key=True
    )  #: from 0; K slots in a row are a block, a pair where K = 2
    variant: Mapped[int]  #: its number
    from_at: Mapped[datetime]
    to_at: Mapped[datetime]
    publication_id: Mapped[int | None] = mapped_column(ForeignKey("publications.id", ondelete="SET NULL"))
    shown_at: Mapped[datetime | None]  #: since when the platform shows its variant
    views: Mapped[int | None]  #: None: not read yet
    impressions: Mapped[int | None]  #: None too where the platform does not tell
    watch_s: Mapped[float | None]
    is_void: Mapped[bool] = mapped_column(server_default=false())
    why: Mapped[str] = mapped_column(server_default="")  #: it is void
    ask_at: Mapped[datetime | None]  #: when the platform is asked for its numbers; None: it is not over
    asks: Mapped[int] = mapped_column(server_default="0")  #: how often it was
    counted_at: Mapped[datetime | None]
