"""The tables. PostgreSQL only: partial unique indexes and SKIP LOCKED carry the promises.

All times are taken from the database's clock. Only `inbox`, `jobs`, `publications` and `choices` write rows.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads the annotations when the program runs
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, false, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from worker.database import (  # noqa: F401 - they declare tables
    accounts,
    bucket,
    choices,
    identity,
    inbox,
    learning,
    people,
    trials,
)
from worker.database.base import NOW, OFTEN_UPDATED, AnnouncedRow, Base, JudgedRow, LeasedRow, ScoredRow
from worker.database.review import review_indexes
from worker.database.states import (
    FINAL,
    IS_NEWS,
    IS_WAITING,
    TITLE_INDEX,
    WAITING,
    JobReason,
    JobState,
    PublicationState,
    is_one_of,
)


class Asset(Base):
    """A video, as far as we know it."""

    __tablename__ = "assets"
    __table_args__ = (
        UniqueConstraint("platform", "account", "external_id"),
        CheckConstraint("published_generation <= generation", name="published_not_ahead"),
        # By prefixes, in a database of any language, as `admin.find` asks.
        Index("ix_assets_external_id", text("external_id text_pattern_ops")),
        Index("ix_assets_title", text(TITLE_INDEX), postgresql_where=text("title <> ''")),
        Index("ix_assets_deleted", "deleted_at", postgresql_where=text("deleted_at IS NOT NULL")),
        Index(
            "ix_assets_foreign",
            *("platform", "account"),
            postgresql_where=text("foreign_thumbnail IS NOT NULL"),
        ),
        Index(
            "ix_assets_unpublished",
            *("platform", "account", "unpublished_since"),
            postgresql_where=text("unpublished_since IS NOT NULL"),
        ),
        *review_indexes(),
        {"postgresql_with": OFTEN_UPDATED},
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
    #: Since when its platform is to show something newer; None: nobody waits. By triggers.
    unpublished_since: Mapped[datetime | None]
    fingerprint: Mapped[str | None]  #: of the content that the newest thumbnails were made from
    duration_s: Mapped[float | None]  #: of the same content
    last_event_at: Mapped[datetime | None]  #: `happened_at` of the newest event that was applied
    is_private: Mapped[bool | None]  #: as the platform said at our last look; None: it was not asked yet
    deleted_at: Mapped[datetime | None]  #: a tombstone: what arrives later and happened earlier is ignored
    erased_at: Mapped[datetime | None]  #: when an operator had everything removed; only READY brings it back
    written: Mapped[str | None]  #: what the platform shows because of us, as `Platform.write` returned it
    #: What a person or a program set at the platform, and we leave alone.
    foreign_thumbnail: Mapped[str | None]
    foreign_at: Mapped[datetime | None]  #: when we first saw it
    #: What is wanted of its thumbnails, as `time_ranges.read_options` takes it; None: what its account wants.
    options: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    #: Between the scores of picks 1 and 2, as a share of the range of all; None where nothing was compared.
    pick_gap: Mapped[float | None]
    is_noted: Mapped[bool] = mapped_column(server_default=false())  #: no frame is free of defects
    is_flagged: Mapped[bool] = mapped_column(server_default=false())  #: every pick is flagged as unsafe
    #: So they wait for a person: PUBLISH_FLAGGED did not allow to write them when they were picked.
    is_held: Mapped[bool] = mapped_column(server_default=false())
    has_lost_choice: Mapped[bool] = mapped_column(server_default=false())
    has_failed: Mapped[bool] = mapped_column(server_default=false())  #: its newest job, or its newest write
    failed_at: Mapped[datetime | None]  #: when one of them was given up; None: unknown, or nothing has failed
    reviewed_at: Mapped[datetime | None]  #: when a person last looked at it and decided; None: never
    reviewed_by: Mapped[str | None]
    test_decided_at: Mapped[datetime | None]  #: when its newest test came to a verdict; None: none has
    untested_because: Mapped[str | None]  #: why no test began by itself where its account wants them
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class Job(AnnouncedRow, LeasedRow, Base):
    """One look at one asset. The row is the truth; a Celery message only says that it exists."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(is_one_of("state", JobState), name="state"),
        CheckConstraint(is_one_of("reason", JobReason), name="reason"),
        CheckConstraint("attempt <= max_attempts", name="attempts"),
        Index("uq_jobs_waiting", "asset_id", unique=True, postgresql_where=text(is_one_of("state", WAITING))),
        Index("uq_jobs_running", "asset_id", unique=True, postgresql_where=text("state = 'running'")),
        Index(
            "ix_jobs_account_due",
            *("account_id", "priority", "scheduled_at"),
            postgresql_where=text(IS_WAITING),
        ),
        Index(
            "ix_jobs_announced",
            *("account_id", "priority"),
            postgresql_where=text(f"{IS_WAITING} AND hinted_at IS NOT NULL"),
        ),
        Index(
            "ix_jobs_due",
            *("priority", "scheduled_at"),
            postgresql_where=text(f"{IS_WAITING} AND hinted_at IS NULL"),
        ),
        Index("ix_jobs_state", "state", "id"),
        Index("ix_jobs_news", "id", postgresql_where=text(IS_NEWS)),
        Index("ix_jobs_over", "finished_at", postgresql_where=text(is_one_of("state", FINAL))),
        Index("ix_jobs_wanted_model", "model", postgresql_where=text(f"model IS NOT NULL AND {IS_WAITING}")),
        Index(None, "asset_id"),
        {"postgresql_with": OFTEN_UPDATED},
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("assets.id", ondelete="CASCADE"))
    generation: Mapped[int]  #: of the asset, when this job was asked for
    reason: Mapped[str]
    #: Work even if the content seems the same.
    is_forced: Mapped[bool] = mapped_column(server_default=false())
    state: Mapped[str] = mapped_column(server_default=JobState.SCHEDULED)
    requested_at: Mapped[datetime] = mapped_column(server_default=NOW)  #: first
    max_attempts: Mapped[int]
    #: For platforms and networks, see `queue.backoff`; named as old workers, which read it too, know it.
    external_retries: Mapped[int] = mapped_column("waits", key="external_retries", server_default="0")
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    stage: Mapped[str | None]  #: what the worker is doing
    timings_s: Mapped[dict[str, Any] | None]  #: seconds that each stage took
    note: Mapped[str] = mapped_column(server_default="")  #: a sentence about the result
    edit: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))  #: see `jobs.edits`
    model: Mapped[str | None]  #: which has to judge; None: whichever the worker has

    asset: Mapped[Asset] = relationship(lazy="raise")


class JobLog(Base):
    """What happened to a job, in order; rows are only added.

    Partitioned by week, and so referring to nothing: what a job left behind goes with its week.
    """

    __tablename__ = "job_log"
    __table_args__ = (Index(None, "job_id"), {"postgresql_partition_by": "RANGE (at)"})

    id: Mapped[int] = mapped_column(primary_key=True)  #: in the database with `at`
    job_id: Mapped[int]
    at: Mapped[datetime] = mapped_column(server_default=NOW)
    state: Mapped[str]
    attempt: Mapped[int]
    actor: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")


class StoredCandidate(ScoredRow, Base):
    """One frame that was looked at, in the filmstrip of an asset's newest run; partitioned as the log."""

    __tablename__ = "candidates"
    __table_args__ = (
        Index(None, "asset_id"),
        # In the order of the bucket's list; one frame of each bundle is at its beginning.
        Index("ix_candidates_bundle", text('bundle COLLATE "C"'), postgresql_where=text("bundle_offset = 0")),
        {"postgresql_partition_by": "RANGE (created_at)"},
    )

    id: Mapped[int] = mapped_column(primary_key=True)  #: in the database with `created_at`
    asset_id: Mapped[int]
    #: Of the transaction, so that all frames of a run go with the same week.
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    generation: Mapped[int]
    time_s: Mapped[float]
    shot: Mapped[int]
    lost_because: Mapped[str | None]  #: None for a pick
    cues: Mapped[dict[str, Any] | None]  #: as measured; without them no later run can use the candidate
    measured_by: Mapped[str | None]  #: version of what is measured, see `analysis.memory`; None: unknown
    active: Mapped[list[Any] | None]  #: where the picture is, if its shot has bars
    faces: Mapped[list[Any] | None]  #: boxes in the small picture and confidence; None where not looked for
    embedding: Mapped[bytes | None]  #: (dimensions,) L2-normalised, packed by `pictures.embeddings`
    taste: Mapped[float | None]  #: as the model measured it; None where it has not looked
    model: Mapped[str | None]  #: that looked, with its way to look and its files
    head_id: Mapped[int | None]  #: of the learned head that had a say in the score; None: none had
    by_judge: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))  #: as of thumbnails
    jpeg: Mapped[bytes | None]  #: small; None: in the bucket
    bundle: Mapped[str | None]  #: the key of the object there that holds the pictures of its run; None: here
    bundle_offset: Mapped[int | None]  #: where in it this one begins, in bytes
    bundle_length: Mapped[int | None]  #: how many bytes it has there


class Thumbnail(JudgedRow, Base):
    """One pick, cut to one ratio."""

    __tablename__ = "thumbnails"
    __table_args__ = (
        Index(
            "uq_thumbnails_pick",
            *("asset_id", "generation", "rank", "aspect"),
            unique=True,
            postgresql_where=text("rank > 0"),
        ),
        Index(None, "asset_id"),
        Index("ix_thumbnails_in_rows", "asset_id", postgresql_where=text("jpeg IS NOT NULL")),
        Index("ix_thumbnails_outdated", "outdated_at", postgresql_where=text("outdated_at IS NOT NULL")),
        Index(None, "sha256"),
        Index(None, "job_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("assets.id", ondelete="CASCADE"))
    job_id: Mapped[int | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"))
    generation: Mapped[int]
    rank: Mapped[int]  #: 1 is the best; 0: a person's choice
    aspect: Mapped[str]  #: "16:9"
    time_s: Mapped[float]  #: media time
    score: Mapped[float]
    parts: Mapped[dict[str, Any]]  #: of the score
    reasons: Mapped[list[Any]]
    faces: Mapped[list[Any]]  #: boxes in the still: left, top, right, bottom, confidence
    box: Mapped[list[Any]]  #: the crop in the still: left, top, right, bottom
    width_px: Mapped[int]
    height_px: Mapped[int]
    jpeg: Mapped[bytes | None]  #: None: in the bucket, at the key that its hash makes
    sha256: Mapped[str]  #: of the picture, in hex; its address
    model: Mapped[str]  #: that looked, as of candidates; of old runs its name; empty where none has looked
    #: What a judge said of it: `model`, `say`, `subject`, `faults`, `place` (1 = best) of `pictures`; None:
    #: it was not shown to one.
    by_judge: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    outdated_at: Mapped[datetime | None]  #: when a newer run took its place
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class Publication(AnnouncedRow, LeasedRow, Base):
    """One write of one thumbnail to the platform."""

    IS_WRITE = True
    __tablename__ = "publications"
    __table_args__ = (
        Index(None, "asset_id"),
        CheckConstraint(is_one_of("state", PublicationState), name="state"),
        Index("uq_publications_sending", "asset_id", unique=True, postgresql_where=text("state = 'sending'")),
        Index(
            "ix_publications_account_due",
            *("account_id", "priority", "scheduled_at"),
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_publications_failed", "asset_id", postgresql_where=text("state = 'failed'")),
        Index(
            "ix_publications_announced",
            *("account_id", "priority"),
            postgresql_where=text("state = 'pending' AND hinted_at IS NOT NULL"),
        ),
        Index(
            "ix_publications_due",
            *("priority", "scheduled_at"),
            postgresql_where=text("state = 'pending' AND hinted_at IS NULL"),
        ),
        Index(None, "thumbnail_id"),
        Index(None, "choice_id"),
        {"postgresql_with": OFTEN_UPDATED},
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("assets.id", ondelete="CASCADE"))
    thumbnail_id: Mapped[int] = mapped_column(ForeignKey("thumbnails.id", ondelete="CASCADE"))
    choice_id: Mapped[int | None] = mapped_column(ForeignKey("choices.id", ondelete="SET NULL"))
    generation: Mapped[int]
    state: Mapped[str] = mapped_column(server_default=PublicationState.PENDING)
    replaces: Mapped[str | None]  #: the foreign thumbnail that was known, and may be replaced
    shown: Mapped[str | None]  #: what the platform shows since then
    sent_at: Mapped[datetime | None]  #: when it may last have reached the platform
    confirmed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)

    asset: Mapped[Asset] = relationship(lazy="raise")
    thumbnail: Mapped[Thumbnail] = relationship(lazy="raise")
