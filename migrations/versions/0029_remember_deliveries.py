"""Remember which deliveries came in a table of their own, whose unique key reaches across all weeks.

The trigger of `events` looked for a delivery in every partition: its transaction had 150 locks with 19 weeks,
and took longer with each week that is kept. Weeks that are made from now on need no unique index any more.

Programs go on: the trigger does both while the table is filled with what is there. Those of the version
before look for what came under an id by the indexes of weeks, so the weeks that are there keep theirs.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from worker.database import online_ddl

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

# As migration 0026 has it. Who looks waits for whoever records the same delivery.
LOOK = """
    PERFORM pg_advisory_xact_lock(
        hashtextextended(NEW.platform || '/' || NEW.account || '/' || NEW.delivery_id, 0));
    IF EXISTS (SELECT FROM events WHERE platform = NEW.platform AND account = NEW.account
            AND delivery_id = NEW.delivery_id) THEN
        RETURN NULL;
    END IF;
"""
# Who inserts waits likewise, by the unique key. An id of ours that was given before, as by a sequence that is
# behind after a change of servers, is an error, or the webhook would be lost as a repeated one.
REMEMBER = """
    INSERT INTO deliveries (event_id, received_at, platform, account, delivery_id)
        VALUES (NEW.id, NEW.received_at, NEW.platform, NEW.account, NEW.delivery_id)
        ON CONFLICT (platform, account, delivery_id) DO NOTHING;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
"""
FILL = """
INSERT INTO deliveries (event_id, received_at, platform, account, delivery_id)
    SELECT id, received_at, platform, account, delivery_id FROM events WHERE id BETWEEN :first AND :last
    ON CONFLICT DO NOTHING
"""
KEY = ["platform", "account", "delivery_id"]
# The default one first, like which all later ones are made.
PARTITIONS = """
SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'events'::regclass
    ORDER BY inhrelid::regclass::text <> 'events_default'
"""
UNIQUE_INDEXES = """
SELECT indexrelid::regclass::text FROM pg_index
    WHERE indrelid = to_regclass(:partition) AND indisunique AND NOT indisprimary
"""


def upgrade() -> None:
    """Make the table, have the trigger fill it, add what was there before, and let the trigger trust it."""
    text, time = sa.Text(), sa.DateTime(timezone=True)
    op.create_table(
        "deliveries",
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("received_at", time, nullable=False),
        *(sa.Column(name, text, nullable=False) for name in KEY),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint(*KEY, name=op.f("uq_deliveries_platform_account_delivery_id")),
        if_not_exists=True,
    )
    _have_trigger(LOOK + REMEMBER)
    _wait()
    online_ddl.in_batches("events", FILL)
    _have_trigger(REMEMBER)
    for index in _list(UNIQUE_INDEXES, partition="events_default"):
        online_ddl.drop_index(index)


def downgrade() -> None:
    """Have the trigger look through all partitions again."""
    for partition in _list(PARTITIONS):
        if not _list(UNIQUE_INDEXES, partition=partition):
            online_ddl.create_index(f"{partition}_delivery", partition, KEY, is_unique=True)
    if _list("SELECT to_regclass('deliveries') WHERE to_regclass('deliveries') IS NOT NULL"):
        _have_trigger(LOOK + REMEMBER)
        _wait()
    _have_trigger(LOOK)
    _wait()
    op.drop_table("deliveries", if_exists=True)


def _have_trigger(do: str) -> None:
    """Let the trigger do this for all events that come from now on."""
    op.execute(
        "CREATE OR REPLACE FUNCTION thumbs_refuse_repeated() RETURNS trigger LANGUAGE plpgsql"
        f" AS $$ BEGIN {do} RETURN NEW; END $$"
    )
    online_ddl.commit()


def _wait() -> None:
    """Wait until nobody's transaction has events that went by the trigger as it was before."""
    online_ddl.lock("events")
    online_ddl.commit()


def _list(question: str, **told: str) -> list[str]:
    return list(op.get_bind().scalars(sa.text(question), told))
