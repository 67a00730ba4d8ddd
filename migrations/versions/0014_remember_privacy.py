"""Remember whether a video is private, so that its pictures can be kept from strangers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from worker.database import online_ddl

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of what was looked at before, it is not known."""
    online_ddl.lock("assets")
    op.add_column("assets", sa.Column("is_private", sa.Boolean(), nullable=True))


def downgrade() -> None:
    """Drop the column."""
    online_ddl.lock("assets")
    op.drop_column("assets", "is_private")
