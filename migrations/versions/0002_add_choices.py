"""Add what people chose, here and at the platforms."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATES = "state IN ('pending', 'sending', 'confirmed', 'superseded', 'failed', 'yielded')"
OLD_STATES = "state IN ('pending', 'sending', 'confirmed', 'superseded', 'failed')"


def upgrade() -> None:
    """Add the table of choices, and what publications need to know of them."""
    op.add_column("assets", sa.Column("duration_s", sa.Double(), nullable=True))
    op.add_column("assets", sa.Column("foreign_thumbnail", sa.Text(), nullable=True))
    op.add_column("assets", sa.Column("foreign_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_constraint(op.f("uq_thumbnails_asset_id_generation_rank_aspect"), "thumbnails")
    op.create_index(
        "uq_thumbnails_pick",
        "thumbnails",
        ["asset_id", "generation", "rank", "aspect"],
        unique=True,
        postgresql_where=sa.text("rank > 0"),
    )
    _create_choices()
    op.drop_constraint(op.f("uq_publications_asset_id_generation"), "publications")
    op.create_index(op.f("ix_publications_asset_id"), "publications", ["asset_id"], unique=False)
    op.create_index(op.f("ix_publications_thumbnail_id"), "publications", ["thumbnail_id"], unique=False)
    op.add_column("publications", sa.Column("choice_id", sa.BigInteger(), nullable=True))
    op.create_index(op.f("ix_publications_choice_id"), "publications", ["choice_id"], unique=False)
    op.add_column("publications", sa.Column("replaces", sa.Text(), nullable=True))
    op.add_column("publications", sa.Column("shown", sa.Text(), nullable=True))
    op.add_column("publications", sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(
        op.f("fk_publications_choice_id"),
        "publications",
        "choices",
        ["choice_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.drop_constraint(op.f("ck_publications_state"), "publications")
    op.create_check_constraint(op.f("ck_publications_state"), "publications", STATES)


def _create_choices() -> None:
    op.create_table(
        "choices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("asset_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("time_s", sa.Double(), nullable=True),
        sa.Column("thumbnail_id", sa.BigInteger(), nullable=True),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "made_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("lost_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.Text(), nullable=True),
        sa.Column("released_because", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('time', 'candidate', 'image')", name=op.f("ck_choices_kind")),
        sa.CheckConstraint("(time_s IS NULL) = (kind = 'image')", name=op.f("ck_choices_time")),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], name=op.f("fk_choices_asset_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["thumbnail_id"], ["thumbnails.id"], name=op.f("fk_choices_thumbnail_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_choices")),
    )
    op.create_index(op.f("ix_choices_asset_id"), "choices", ["asset_id"], unique=False)
    op.create_index(
        "uq_choices_open",
        "choices",
        ["asset_id"],
        unique=True,
        postgresql_where=sa.text("released_at IS NULL"),
    )


def downgrade() -> None:
    """Take it back; rows that no longer fit are deleted."""
    op.execute("DELETE FROM thumbnails WHERE rank = 0")
    op.execute("UPDATE publications SET state = 'confirmed' WHERE state = 'yielded'")
    op.execute(
        "DELETE FROM publications p USING publications q"
        " WHERE p.asset_id = q.asset_id AND p.generation = q.generation AND p.id < q.id"
    )
    op.drop_constraint(op.f("ck_publications_state"), "publications")
    op.create_check_constraint(op.f("ck_publications_state"), "publications", OLD_STATES)
    op.drop_index(op.f("ix_publications_thumbnail_id"), "publications")
    for column in ("choice_id", "replaces", "shown", "sent_at"):
        op.drop_column("publications", column)
    op.drop_index(op.f("ix_publications_asset_id"), "publications")
    op.create_unique_constraint(
        op.f("uq_publications_asset_id_generation"), "publications", ["asset_id", "generation"]
    )
    op.drop_table("choices")
    op.drop_index("uq_thumbnails_pick", "thumbnails")
    op.create_unique_constraint(
        op.f("uq_thumbnails_asset_id_generation_rank_aspect"),
        "thumbnails",
        ["asset_id", "generation", "rank", "aspect"],
    )
    for column in ("duration_s", "foreign_thumbnail", "foreign_at"):
        op.drop_column("assets", column)
