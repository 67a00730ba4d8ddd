"""Let pictures be in a bucket: which rows have theirs there, and what is to be removed from it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from worker.database import online_ddl

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    """Add the columns and the table."""
    op.create_table(
        "bucket_removals",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_bucket_removals")),
        if_not_exists=True,
    )
    op.create_index(op.f("ix_bucket_removals_due_at"), "bucket_removals", ["due_at"], if_not_exists=True)
    online_ddl.commit()
    online_ddl.lock("candidates")
    op.alter_column("candidates", "jpeg", nullable=True)
    op.add_column("candidates", sa.Column("bundle", sa.Text(), nullable=True), if_not_exists=True)
    for column in ("bundle_offset", "bundle_length"):
        op.add_column("candidates", sa.Column(column, sa.BigInteger(), nullable=True), if_not_exists=True)
    online_ddl.commit()
    online_ddl.lock("thumbnails")
    op.alter_column("thumbnails", "jpeg", nullable=True)
    online_ddl.commit()


def downgrade() -> None:
    """Drop them; pictures in a bucket have to be moved back before."""
    for table in ("thumbnails", "candidates"):
        if op.get_bind().scalar(sa.text(f"SELECT EXISTS (SELECT FROM {table} WHERE jpeg IS NULL)")):  # noqa: S608
            raise RuntimeError(
                f"pictures of {table} are in the bucket, of which the version before knows nothing: move them"
                " back with `thumbs pictures move --to database` of this version first"
            )
    online_ddl.lock("thumbnails")
    op.alter_column("thumbnails", "jpeg", nullable=False)
    online_ddl.commit()
    online_ddl.lock("candidates")
    op.alter_column("candidates", "jpeg", nullable=False)
    for column in ("bundle_length", "bundle_offset", "bundle"):
        op.drop_column("candidates", column, if_exists=True)
    online_ddl.commit()
    op.drop_table("bucket_removals", if_exists=True)
