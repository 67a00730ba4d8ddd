"""Give each account a row, and name it in the rows that wait, so that one cannot hold up the others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from worker.database import online_ddl

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# For each table of waiting rows, those that are not over.
OPEN = {
    "jobs": "state IN ('scheduled', 'available', 'retryable', 'running')",
    "publications": "state IN ('pending', 'sending')",
}
WAITING = {
    "jobs": "state IN ('scheduled', 'available', 'retryable')",
    "publications": "state = 'pending'",
}

# Triggers rather than statements of the programs: those of the version before, which run on while this is
# applied, know nothing of accounts.
NOTE_ACCOUNT = """
CREATE OR REPLACE FUNCTION thumbs_note_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM accounts WHERE platform = NEW.platform AND account = NEW.account) THEN
        INSERT INTO accounts (platform, account) VALUES (NEW.platform, NEW.account) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION thumbs_name_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.account_id := (
        SELECT accounts.id FROM assets JOIN accounts USING (platform, account)
        WHERE assets.id = NEW.asset_id
    );
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER note_account AFTER INSERT ON assets
    FOR EACH ROW EXECUTE FUNCTION thumbs_note_account();
"""


def upgrade() -> None:
    """Create the table, the triggers that fill it, and the order in which an account's rows are due."""
    op.create_table(
        "accounts",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_by", sa.Text(), nullable=True),
        sa.Column("paused_because", sa.Text(), server_default="", nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("closed_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("platform", "account", name=op.f("uq_accounts_platform_account")),
        if_not_exists=True,
    )
    online_ddl.lock("assets")
    op.execute(NOTE_ACCOUNT)
    online_ddl.commit()
    # Only now: accounts of what is inserted meanwhile are noted by the trigger.
    known = op.get_bind().execute(sa.text("SELECT DISTINCT platform, account FROM assets")).all()
    for platform, account in known:
        op.get_bind().execute(
            sa.text(
                "INSERT INTO accounts (platform, account) VALUES (:platform, :account) ON CONFLICT DO NOTHING"
            ),
            {"platform": platform, "account": account},
        )
    for table in OPEN:
        online_ddl.commit()
        online_ddl.lock(table)
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS account_id bigint"
            f" CONSTRAINT fk_{table}_account_id REFERENCES accounts (id) ON DELETE SET NULL"
        )
        op.execute(
            f"CREATE OR REPLACE TRIGGER name_account BEFORE INSERT ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION thumbs_name_account()"
        )
    for table, is_open in OPEN.items():
        online_ddl.in_batches(
            table,
            f"UPDATE {table} SET account_id = accounts.id"  # noqa: S608 - names of our own
            " FROM assets JOIN accounts USING (platform, account)"
            f" WHERE {table}.id BETWEEN :first AND :last AND account_id IS NULL"
            f" AND assets.id = {table}.asset_id AND {table}.{is_open}",
        )
        online_ddl.create_index(
            f"ix_{table}_account_due", table, ["account_id", "priority", "scheduled_at"], WAITING[table]
        )


def downgrade() -> None:
    """Drop the columns, the triggers and the table."""
    online_ddl.lock("assets", *OPEN)
    for table in OPEN:
        op.execute(f"DROP TRIGGER name_account ON {table}")
    op.execute("DROP TRIGGER note_account ON assets")
    op.execute("DROP FUNCTION thumbs_name_account; DROP FUNCTION thumbs_note_account")
    for table in OPEN:
        op.drop_index(f"ix_{table}_account_due", table)
        op.drop_column(table, "account_id")
    op.drop_table("accounts")
