"""The tables. PostgreSQL only: partial unique indexes and SKIP LOCKED carry the promises.

All times are taken from the database's clock. Only `inbox`, `jobs` and `publications` write rows here.
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import BigInteger, TypeEngine

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Of every table."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map: ClassVar[dict[Any, TypeEngine[Any]]] = {
        int: BigInteger(),
        str: Text(),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
        bytes: LargeBinary(),
    }


class EventOutcome(enum.StrEnum):
    """What became of an event."""

    APPLIED = "applied"  #: it asked for work, and there is a job for it
    IGNORED = "ignored"  #: it has nothing to do with thumbnails, or its asset is deleted


class JobState(enum.StrEnum):
    """Where a job is in its life. Only `worker.jobs` moves it."""

    SCHEDULED = "scheduled"  #: waiting until `scheduled_at`
    AVAILABLE = "available"  #: announced to the workers; anyone may claim it
    RUNNING = "running"  #: claimed; the lease says until when
    RETRYABLE = "retryable"  #: failed, and waiting until `scheduled_at` to be tried again
    COMPLETED = "completed"  #: its thumbnails are stored
    DISCARDED = "discarded"  #: given up; `error` says why, and `thumbs requeue` starts it again
    CANCELLED = "cancelled"  #: nobody wants it: the asset was deleted
    SUPERSEDED = "superseded"  #: a newer generation took its place


WAITING = (JobState.SCHEDULED, JobState.AVAILABLE, JobState.RETRYABLE)
FINAL = (JobState.COMPLETED, JobState.DISCARDED, JobState.CANCELLED, JobState.SUPERSEDED)


class JobReason(enum.StrEnum):
    """Why there is a job."""

    UPDATE = "update"  #: something about the asset changed: look whether its content did
    READY = "ready"  #: the asset became ready
    EDIT = "edit"  #: somebody says that its content changed
    REQUEUE = "requeue"  #: an operator asked


class PublicationState(enum.StrEnum):
    """Where a write to a platform is in its life. Only `worker.publications` moves it."""

    PENDING = "pending"  #: waiting until `scheduled_at`
    SENDING = "sending"  #: a worker is writing; the lease says until when
    CONFIRMED = "confirmed"  #: the platform accepted it
    SUPERSEDED = "superseded"  #: a newer generation took its place
    FAILED = "failed"  #: given up; `error` says why


def _is_one_of(column: str, states: tuple[enum.StrEnum, ...] | type[enum.StrEnum]) -> str:
    words = ", ".join(f"'{state.value}'" for state in states)
    return f"{column} IN ({words})"


IS_WAITING = _is_one_of("state", WAITING)


class Announced:
    """A row that a worker is told about when its time has come."""

    priority: Mapped[int] = mapped_column(server_default="0")  #: lower goes first
    scheduled_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    hinted_at: Mapped[datetime | None]  #: when a worker was last told; None: tell one
    hint_no: Mapped[int] = mapped_column(server_default="0")


class Leased:
    """A row that one worker at a time may hold."""

    attempt: Mapped[int] = mapped_column(server_default="0")
    lease_owner: Mapped[str | None]
    lease_token: Mapped[int] = mapped_column(server_default="0")  #: grows with every claim; fences old claims
    lease_until: Mapped[datetime | None]
    error_class: Mapped[str | None]  #: of the last failure
    error: Mapped[str | None]


class WebhookEvent(Base):
    """The inbox: every event that was answered with 2xx, once."""

    __tablename__ = "webhook_events"
    __table_args__ = (
        UniqueConstraint("platform", "account", "delivery_id"),
        CheckConstraint(_is_one_of("outcome", EventOutcome), name="outcome"),
        Index(None, "received_at"),
        Index(None, "asset_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    platform: Mapped[str]
    account: Mapped[str]
    delivery_id: Mapped[str]
    type: Mapped[str]  #: the platform's word
    kind: Mapped[str]  #: ours, see `EventKind`
    asset_id: Mapped[int | None] = mapped_column(ForeignKey("assets.id", ondelete="SET NULL"))
    happened_at: Mapped[datetime | None]
    received_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    outcome: Mapped[str]
    detail: Mapped[str] = mapped_column(server_default="")  #: why, where the outcome alone does not say
    #: As received. Not JSONB, which refuses some of what a JSON text may hold (the escape of NUL).
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)


class Asset(Base):
    """A video, as far as we know it."""

    __tablename__ = "assets"
    __table_args__ = (
        UniqueConstraint("platform", "account", "external_id"),
        CheckConstraint("published_generation <= generation", name="published_not_ahead"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    platform: Mapped[str]
    account: Mapped[str]
    external_id: Mapped[str]  #: the platform's id
    media_url: Mapped[str | None]  #: only of a video that lives on no platform
    title: Mapped[str] = mapped_column(server_default="")
    source_external_id: Mapped[str | None]  #: the asset that this one was cut from
    generation: Mapped[int] = mapped_column(server_default="0")  #: grows with every request for work
    published_generation: Mapped[int] = mapped_column(server_default="0")
    fingerprint: Mapped[str | None]  #: of the content that the newest thumbnails were made from
    last_event_at: Mapped[datetime | None]  #: `happened_at` of the newest event that was applied
    deleted_at: Mapped[datetime | None]  #: a tombstone: what arrives later and happened earlier is ignored
    written: Mapped[str | None]  #: what the platform shows because of us, as `Platform.write` returned it
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Job(Announced, Leased, Base):
    """One look at one asset. The row is the truth; a Celery message only says that it exists."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(_is_one_of("state", JobState), name="state"),
        CheckConstraint(_is_one_of("reason", JobReason), name="reason"),
        CheckConstraint("attempt <= max_attempts", name="attempts"),
        Index(
            "uq_jobs_waiting", "asset_id", unique=True, postgresql_where=text(_is_one_of("state", WAITING))
        ),
        Index("uq_jobs_running", "asset_id", unique=True, postgresql_where=text("state = 'running'")),
        Index("ix_jobs_due", "priority", "scheduled_at", postgresql_where=text(IS_WAITING)),
        Index("ix_jobs_lease", "lease_until", postgresql_where=text("state = 'running'")),
        Index("ix_jobs_over", "finished_at", postgresql_where=text(_is_one_of("state", FINAL))),
        Index(None, "asset_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("assets.id", ondelete="CASCADE"))
    generation: Mapped[int]  #: of the asset, when this job was asked for
    reason: Mapped[str]
    is_forced: Mapped[bool] = mapped_column(
        server_default=false()
    )  #: work even if the content seems the same
    state: Mapped[str] = mapped_column(server_default=JobState.SCHEDULED)
    requested_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())  #: first
    max_attempts: Mapped[int]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    stage: Mapped[str | None]  #: what the worker is doing
    timings_s: Mapped[dict[str, Any] | None]  #: seconds that each stage took
    note: Mapped[str] = mapped_column(server_default="")  #: a sentence about the result

    asset: Mapped[Asset] = relationship(lazy="raise")


class JobLog(Base):
    """What happened to a job, in order; rows are only added."""

    __tablename__ = "job_log"
    __table_args__ = (Index(None, "job_id"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    state: Mapped[str]
    attempt: Mapped[int]
    actor: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")


class Candidate(Base):
    """One frame that was looked at: the filmstrip of an asset's newest run."""

    __tablename__ = "candidates"
    __table_args__ = (Index(None, "asset_id"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("assets.id", ondelete="CASCADE"))
    generation: Mapped[int]
    time_s: Mapped[float]
    shot: Mapped[int]
    score: Mapped[float | None]  #: None where it was left out before scoring
    parts: Mapped[dict[str, Any]]  #: of the score
    lost_because: Mapped[str | None]  #: None for a pick
    embedding: Mapped[bytes | None]  #: (dimensions,) float16, L2-normalised
    jpeg: Mapped[bytes]  #: small


class Thumbnail(Base):
    """One pick, cut to one ratio."""

    __tablename__ = "thumbnails"
    __table_args__ = (
        UniqueConstraint("asset_id", "generation", "rank", "aspect"),
        Index(None, "sha256"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("assets.id", ondelete="CASCADE"))
    job_id: Mapped[int | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"))
    generation: Mapped[int]
    rank: Mapped[int]  #: 1 is the best
    aspect: Mapped[str]  #: "16:9"
    time_s: Mapped[float]  #: media time
    score: Mapped[float]
    parts: Mapped[dict[str, Any]]  #: of the score
    reasons: Mapped[list[Any]]
    faces: Mapped[list[Any]]  #: boxes in the still: left, top, right, bottom, confidence
    box: Mapped[list[Any]]  #: the crop in the still: left, top, right, bottom
    width_px: Mapped[int]
    height_px: Mapped[int]
    jpeg: Mapped[bytes]
    sha256: Mapped[str]  #: of `jpeg`, in hex; its address
    model: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Publication(Announced, Leased, Base):
    """One write of one thumbnail to the platform."""

    __tablename__ = "publications"
    __table_args__ = (
        UniqueConstraint("asset_id", "generation"),
        CheckConstraint(_is_one_of("state", PublicationState), name="state"),
        Index("uq_publications_sending", "asset_id", unique=True, postgresql_where=text("state = 'sending'")),
        Index("ix_publications_due", "scheduled_at", postgresql_where=text("state = 'pending'")),
        Index("ix_publications_lease", "lease_until", postgresql_where=text("state = 'sending'")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("assets.id", ondelete="CASCADE"))
    thumbnail_id: Mapped[int] = mapped_column(ForeignKey("thumbnails.id", ondelete="CASCADE"))
    generation: Mapped[int]
    state: Mapped[str] = mapped_column(server_default=PublicationState.PENDING)
    confirmed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())

    asset: Mapped[Asset] = relationship(lazy="raise")
    thumbnail: Mapped[Thumbnail] = relationship(lazy="raise")
