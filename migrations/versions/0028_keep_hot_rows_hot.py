"""Let the renewal of a lease change no index, and have the tables that change all the time vacuumed sooner.

An index on `lease_until` made every renewal write a new entry into every index of the table (no HOT update).
Whose lease has ended is found among the rows that are held, which a unique index has already.
"""

from __future__ import annotations

from alembic import op

from worker.database import online_ddl

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

HELD = {"jobs": "running", "publications": "sending"}
# Room on each page for the next version of a row, and a vacuum after every fiftieth row, not every fifth.
STORAGE = {
    "fillfactor": "85",
    "autovacuum_vacuum_scale_factor": "0.02",
    "autovacuum_analyze_scale_factor": "0.02",
}
TABLES = ("assets", "jobs", "publications")


def upgrade() -> None:
    """Drop the indexes, and set how the tables are stored."""
    for table in HELD:
        online_ddl.drop_index(f"ix_{table}_lease")
    options = ", ".join(f"{name} = {value}" for name, value in STORAGE.items())
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} SET ({options})")
        online_ddl.commit()


def downgrade() -> None:
    """Make the indexes again, and let the tables be stored as others."""
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} RESET ({', '.join(STORAGE)})")
        online_ddl.commit()
    for table, state in HELD.items():
        online_ddl.create_index(f"ix_{table}_lease", table, ["lease_until"], f"state = '{state}'")
