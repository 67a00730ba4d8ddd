"""Keep what a frame was measured to be with each pick and choice, and what people preferred to what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from worker.database import online_ddl

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def _measured() -> tuple[sa.Column, ...]:
    return (
        sa.Column("embedding", sa.LargeBinary(), nullable=True),
        sa.Column("cues", JSONB(), nullable=True),
        sa.Column("hand_score", sa.Double(), nullable=True),
        sa.Column("head_id", sa.BigInteger(), nullable=True),
    )


def upgrade() -> None:
    """Add the columns, empty in rows of before, and the table of judgements."""
    for table, columns in (
        ("thumbnails", _measured()),
        ("choices", (*_measured(), sa.Column("model", sa.Text(), nullable=True))),
    ):
        online_ddl.lock(table)
        for column in columns:
            op.add_column(table, column, if_not_exists=True)
        online_ddl.commit()
    online_ddl.lock("assets", "choices")  # for the foreign keys
    _create_judgements()


def downgrade() -> None:
    """Drop them."""
    online_ddl.lock("assets", "choices")
    op.drop_table("judgements", if_exists=True)
    online_ddl.commit()
    for table, names in (("choices", ("model",)), ("thumbnails", ())):
        online_ddl.lock(table)
        for name in (*names, "embedding", "cues", "hand_score", "head_id"):
            op.drop_column(table, name, if_exists=True)
        online_ddl.commit()


def _create_judgements() -> None:
    op.create_table(
        "judgements",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("asset_id", sa.BigInteger(), nullable=False),
        sa.Column("choice_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("head_id", sa.BigInteger(), nullable=True),
        sa.Column("chosen_time_s", sa.Double(), nullable=False),
        sa.Column("chosen_embedding", sa.LargeBinary(), nullable=False),
        sa.Column("chosen_cues", JSONB(), nullable=True),
        sa.Column("chosen_score", sa.Double(), nullable=True),
        sa.Column("other_time_s", sa.Double(), nullable=False),
        sa.Column("other_embedding", sa.LargeBinary(), nullable=False),
        sa.Column("other_cues", JSONB(), nullable=True),
        sa.Column("other_score", sa.Double(), nullable=True),
        sa.Column("other_rank", sa.BigInteger(), nullable=False),
        sa.Column("was_shown", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('time', 'candidate', 'image')", name=op.f("ck_judgements_kind")),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], name=op.f("fk_judgements_asset_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["choice_id"], ["choices.id"], name=op.f("fk_judgements_choice_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_judgements")),
    )
    op.create_index(op.f("ix_judgements_asset_id"), "judgements", ["asset_id"], unique=False)
    op.create_index(op.f("ix_judgements_choice_id"), "judgements", ["choice_id"], unique=False)
    op.create_index("ix_judgements_model", "judgements", ["model", "id"], unique=False)
