"""Find the bundles that rows show in the order of their keys, in which a bucket lists them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from worker.database import online_ddl

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

INDEX = "ix_candidates_bundle"
# Each bundle has one frame at its beginning, so there is an entry for each run, not for each frame.
COLUMNS, WHERE = ('bundle COLLATE "C"',), "bundle_offset = 0"
# But those that have it: whoever made a partition meanwhile gave it one.
LEAVES = """
SELECT leaf.relname FROM pg_inherits JOIN pg_class leaf ON leaf.oid = inhrelid
    WHERE inhparent = 'candidates'::regclass AND NOT EXISTS (
        SELECT FROM pg_index JOIN pg_inherits of_index ON of_index.inhrelid = indexrelid
            WHERE indrelid = leaf.oid AND of_index.inhparent = 'ix_candidates_bundle'::regclass)
    ORDER BY leaf.relname
"""


def upgrade() -> None:
    """Add the index: partitions that are made from now on have it, then those that are there get theirs."""
    op.execute(f"CREATE INDEX IF NOT EXISTS {INDEX} ON ONLY candidates ({COLUMNS[0]}) WHERE {WHERE}")
    online_ddl.commit()
    for leaf in op.get_bind().scalars(sa.text(LEAVES)).all():
        online_ddl.commit()
        online_ddl.create_index(f"ix_{leaf}_bundle", leaf, COLUMNS, WHERE)
        op.execute(f"ALTER INDEX {INDEX} ATTACH PARTITION ix_{leaf}_bundle")
    online_ddl.commit()


def downgrade() -> None:
    """Drop it."""
    online_ddl.lock("candidates")
    op.execute(f"DROP INDEX IF EXISTS {INDEX}")
