"""Add tests of variants: their pictures, counts, looks and slots."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from worker.database import online_ddl

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

# In the order in which they can be dropped.
TABLES = (
    "slots",
    "trial_looks",
    "trial_days",
    "trial_counts",
    "variants",
    "trials",
    "count_inbox",
    "count_deliveries",
)
DECIDED = (
    "test_decided_at IS NOT NULL AND (reviewed_at IS NULL OR reviewed_at < test_decided_at)"
    " AND deleted_at IS NULL"
)
HALF_FULL = {"fillfactor": "50"}


def upgrade() -> None:
    """Add the tables, and what assets have of them."""
    online_ddl.lock("assets")
    for column in _of_assets():
        op.add_column("assets", column, if_not_exists=True)
    online_ddl.commit()
    online_ddl.create_index("ix_assets_review_tested", "assets", ["platform", "account", "id"], DECIDED)
    online_ddl.lock("assets", "publications", "thumbnails")  # for the foreign keys
    _create_trials()
    _create_variants()
    _create_counts()
    _create_looks_and_slots()


def downgrade() -> None:
    """Drop them."""
    online_ddl.lock("assets", "publications", "thumbnails")
    for table in TABLES:
        op.drop_table(table, if_exists=True)
    online_ddl.commit()
    online_ddl.drop_index("ix_assets_review_tested")
    online_ddl.lock("assets")
    for column in _of_assets():
        op.drop_column("assets", column.name, if_exists=True)


def _of_assets() -> tuple[sa.Column, ...]:
    return (_time("test_decided_at"), sa.Column("untested_because", sa.Text(), nullable=True))


def _time(name: str, *, is_now: bool = False, is_required: bool = False) -> sa.Column:
    now = sa.text("clock_timestamp()") if is_now else None
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=now, nullable=not (is_now or is_required)
    )


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _number(name: str, *, is_required: bool = True) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), nullable=not is_required)


def _of_trial(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_trial_id")
    return sa.ForeignKeyConstraint(["trial_id"], ["trials.id"], name=name, ondelete="CASCADE")


def _sums() -> tuple[sa.Column, ...]:
    whole, parts = sa.BigInteger(), sa.Double()
    kinds = {
        "impressions": whole,
        "plays": whole,
        "quality_plays": whole,
        "watch_s": parts,
        "watch_s2": parts,
    }
    return tuple(sa.Column(name, kind, server_default="0", nullable=False) for name, kind in kinds.items())


def _create_trials() -> None:
    op.create_table(
        "trials",
        _id(),
        _number("asset_id"),
        sa.Column("fingerprint", sa.Text(), nullable=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("aspect", "kind", "metric", "salt")),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="running", nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        _number("winner", is_required=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("alpha", sa.Double(), nullable=False),
        sa.Column("tau", sa.Double(), nullable=False),
        sa.Column("is_challenge", sa.Boolean(), server_default=sa.false(), nullable=False),
        _time("started_at", is_now=True),
        sa.Column("started_by", sa.Text(), nullable=False),
        _time("ends_at", is_required=True),
        _time("looked_at"),
        _time("ended_at"),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'running') = (outcome IS NULL)", name=op.f("ck_trials_ended")),
        sa.CheckConstraint("kind IN ('viewers', 'slots')", name=op.f("ck_trials_kind")),
        sa.CheckConstraint("metric IN ('plays', 'watch')", name=op.f("ck_trials_metric")),
        sa.CheckConstraint(
            "outcome IN ('winner', 'alike', 'preferred', 'undecided', 'choice', 'content', 'deleted', "
            "'foreign', 'broken', 'stopped')",
            name=op.f("ck_trials_outcome"),
        ),
        sa.CheckConstraint("state IN ('running', 'ended')", name=op.f("ck_trials_state")),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], name=op.f("fk_trials_asset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trials")),
    )
    op.create_index(op.f("ix_trials_asset_id"), "trials", ["asset_id"])
    is_running, is_ended = sa.text("state = 'running'"), sa.text("state = 'ended'")
    op.create_index("ix_trials_ended", "trials", ["ended_at"], postgresql_where=is_ended)
    op.create_index("ix_trials_unlooked", "trials", ["looked_at"], postgresql_where=is_running)
    op.create_index("uq_trials_running", "trials", ["asset_id"], unique=True, postgresql_where=is_running)


def _create_variants() -> None:
    op.create_table(
        "variants",
        _id(),
        _number("trial_id"),
        _number("number"),
        _number("thumbnail_id", is_required=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("time_s", sa.Double(), nullable=False),
        _number("bucket_from"),
        _number("bucket_to"),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("embedding", sa.LargeBinary(), nullable=True),
        sa.Column("cues", JSONB(), nullable=True),
        sa.Column("hand_score", sa.Double(), nullable=True),
        _number("head_id", is_required=False),
        sa.ForeignKeyConstraint(
            ["thumbnail_id"], ["thumbnails.id"], name=op.f("fk_variants_thumbnail_id"), ondelete="SET NULL"
        ),
        _of_trial("variants"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_variants")),
    )
    op.create_index(op.f("ix_variants_thumbnail_id"), "variants", ["thumbnail_id"])
    op.create_index("uq_variants_number", "variants", ["trial_id", "number"], unique=True)


def _create_counts() -> None:
    op.create_table(
        "trial_counts",
        _number("trial_id"),
        _number("bucket"),
        *_sums(),
        _of_trial("trial_counts"),
        sa.PrimaryKeyConstraint("trial_id", "bucket", name=op.f("pk_trial_counts")),
        postgresql_with=HALF_FULL,
    )
    op.create_table(
        "trial_days",
        _number("trial_id"),
        sa.Column("day", sa.Date(), nullable=False),
        _number("variant"),
        *_sums(),
        _of_trial("trial_days"),
        sa.PrimaryKeyConstraint("trial_id", "day", "variant", name=op.f("pk_trial_days")),
        postgresql_with=HALF_FULL,
    )
    op.create_table(
        "count_inbox",
        _id(),
        _number("trial_id"),
        _number("bucket"),
        _time("at", is_now=True),
        *_sums(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_count_inbox")),
        prefixes=["UNLOGGED"],
    )
    op.create_table(
        "count_deliveries",
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        _time("at", is_now=True),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_count_deliveries")),
    )
    op.create_index(op.f("ix_count_deliveries_at"), "count_deliveries", ["at"])


def _create_looks_and_slots() -> None:
    op.create_table(
        "trial_looks",
        _id(),
        _number("trial_id"),
        _time("at", is_now=True),
        sa.Column("numbers", JSONB(), nullable=False),
        sa.Column("evidence", JSONB(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        _of_trial("trial_looks"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trial_looks")),
    )
    op.create_index(op.f("ix_trial_looks_trial_id_id"), "trial_looks", ["trial_id", "id"])
    op.create_table(
        "slots",
        _number("trial_id"),
        _number("number"),
        _number("variant"),
        _time("from_at", is_required=True),
        _time("to_at", is_required=True),
        _number("publication_id", is_required=False),
        _time("shown_at"),
        _number("views", is_required=False),
        _number("impressions", is_required=False),
        sa.Column("watch_s", sa.Double(), nullable=True),
        sa.Column("is_void", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        _time("ask_at"),
        sa.Column("asks", sa.BigInteger(), server_default="0", nullable=False),
        _time("counted_at"),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publications.id"],
            name=op.f("fk_slots_publication_id"),
            ondelete="SET NULL",
        ),
        _of_trial("slots"),
        sa.PrimaryKeyConstraint("trial_id", "number", name=op.f("pk_slots")),
    )
    is_open = sa.text("counted_at IS NULL AND NOT is_void")
    op.create_index("ix_slots_open", "slots", ["from_at"], postgresql_where=is_open)
    op.create_index(op.f("ix_slots_publication_id"), "slots", ["publication_id"])
