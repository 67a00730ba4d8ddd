"""Keep webhooks, the history of jobs and filmstrips in partitions by week, to be dropped instead of deleted.

What is there becomes the first partition, as it stands: it is neither copied nor read under a lock. That of
webhooks keeps its name and its unique key, so programs of the version before, whose statements need both, go
on writing to it for at least OLD_EVENTS_WEEKS.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import sqlalchemy as sa
from alembic import op

from worker.database import online_ddl

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

OLD_EVENTS_WEEKS, SOON_WEEKS = 4, 1  #: to go back to the version before; longer than this migration takes


class Partitioned(NamedTuple):
    """A table that is to be partitioned."""

    name: str
    old_name: str  #: before this migration
    first: str  #: the name of its first partition
    time: str  #: the column that decides to which partition a row belongs
    weeks: int  #: that the first partition reaches into the future, at least
    reference: str  #: the column that referred to `referred`
    referred: str
    on_delete: str
    indexes: dict[str, str]  #: what they are of, by what follows the table's name in theirs


TABLES = (
    Partitioned(
        *("events", "webhook_events", "webhook_events", "received_at", OLD_EVENTS_WEEKS),
        *("asset_id", "assets", "SET NULL"),
        {
            "received_at": "(received_at)",
            "ignored": "(id) WHERE outcome = 'ignored'",
            "asset_id": "(asset_id)",
            "type": "(type, id)",
        },
    ),
    Partitioned(
        *("job_log", "job_log", "job_log_before", "at", SOON_WEEKS),
        *("job_id", "jobs", "CASCADE"),
        {"job_id": "(job_id)"},
    ),
    Partitioned(
        *("candidates", "candidates", "candidates_before", "created_at", SOON_WEEKS),
        *("asset_id", "assets", "CASCADE"),
        {"asset_id": "(asset_id)"},
    ),
)

# Besides: all later partitions are made like the default one.
OF_EVENTS = (
    "ALTER TABLE webhook_events RENAME CONSTRAINT ck_webhook_events_outcome TO ck_events_outcome",
    "ALTER TABLE events ADD CONSTRAINT ck_events_outcome CHECK (outcome IN ('applied', 'ignored'))",
    "CREATE UNIQUE INDEX events_default_delivery ON events_default (platform, account, delivery_id)",
    (
        "CREATE TRIGGER refuse_repeated BEFORE INSERT ON events"
        " FOR EACH ROW EXECUTE FUNCTION thumbs_refuse_repeated()"
    ),
)
OF_WEBHOOK_EVENTS = (
    "ALTER TABLE webhook_events RENAME CONSTRAINT ck_events_outcome TO ck_webhook_events_outcome"
)

# The functions that make and drop partitions act as their owner, whose the tables are: the role of the
# services has rights to rows only. They take no name that they put together from what they are given.
FUNCTIONS = """
CREATE OR REPLACE FUNCTION thumbs_partitions()
RETURNS TABLE (parent text, name text, first_at timestamptz, end_at timestamptz)
LANGUAGE sql STABLE SET "TimeZone" = 'UTC' SET datestyle = 'ISO' AS $$
    SELECT parent.relname::text, leaf.relname::text,
        CAST(substring(bound FROM $re$FROM \\('([^']+)'\\)$re$) AS timestamptz),
        CAST(substring(bound FROM $re$TO \\('([^']+)'\\)$re$) AS timestamptz)
    FROM pg_inherits
    JOIN pg_class leaf ON leaf.oid = inhrelid
    JOIN pg_class parent ON parent.oid = inhparent,
    pg_get_expr(leaf.relpartbound, leaf.oid) bound
    WHERE inhparent IN (to_regclass('events'), to_regclass('job_log'), to_regclass('candidates'))
        AND parent.relkind = 'p'
$$;

-- Everybody may call a function: a role that only reads, as that of a dashboard, must not drop by it what it
-- may not delete.
CREATE OR REPLACE FUNCTION thumbs_require(of_table text, needed text) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT has_table_privilege(session_user, to_regclass(of_table), needed) THEN
        RAISE insufficient_privilege USING MESSAGE = format('%s on %s is needed', needed, of_table);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION thumbs_make_partitions(weeks_ahead integer) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET "TimeZone" = 'UTC' SET datestyle = 'ISO' AS $$
DECLARE
    of_table text; key text; leaf text; week timestamptz; is_taken boolean;
BEGIN
    PERFORM thumbs_require('events', 'INSERT');
    -- Another dispatcher may be at it.
    IF NOT pg_try_advisory_xact_lock(hashtextextended('thumbs_partitions', 0)) THEN RETURN; END IF;
    FOR of_table, key IN
        VALUES ('events', 'received_at'), ('job_log', 'at'), ('candidates', 'created_at')
    LOOP
        FOR week IN SELECT date_trunc('week', now()) + n * interval '1 week'
            FROM generate_series(0, least(weeks_ahead, 52)) n
        LOOP
            CONTINUE WHEN EXISTS (SELECT FROM thumbs_partitions() known WHERE known.parent = of_table
                AND coalesce(known.first_at, '-infinity') <= week AND week < known.end_at);
            -- Rows of this week are in the default partition: they stay there, and those to come with them.
            EXECUTE format('SELECT EXISTS (SELECT FROM %1$I WHERE %2$I >= %3$L AND %2$I < %4$L)',
                of_table || '_default', key, week, week + interval '1 week') INTO is_taken;
            CONTINUE WHEN is_taken;
            leaf := of_table || to_char(week, '_YYYYMMDD');
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', leaf, of_table || '_default');
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                of_table, leaf, week, week + interval '1 week');
            RETURN NEXT leaf;
        END LOOP;
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION thumbs_drop_partition(of_table text, before timestamptz)
RETURNS TABLE (name text, first_at timestamptz, end_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM thumbs_require(of_table, 'DELETE');
    IF NOT pg_try_advisory_xact_lock(hashtextextended('thumbs_partitions', 0)) THEN RETURN; END IF;
    SELECT known.name, known.first_at, known.end_at INTO name, first_at, end_at
        FROM thumbs_partitions() known
        WHERE parent = of_table AND known.end_at <= least(before, now()) ORDER BY known.end_at LIMIT 1;
    IF FOUND THEN
        EXECUTE format('DROP TABLE %I', name);
        RETURN NEXT;
    END IF;
END $$;

-- A unique key of a partitioned table has to contain the time, so it could not tell a delivery that is
-- repeated. The lock lets the second of two that come at once wait until it sees the first.
CREATE OR REPLACE FUNCTION thumbs_refuse_repeated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(
        hashtextextended(NEW.platform || '/' || NEW.account || '/' || NEW.delivery_id, 0));
    IF EXISTS (SELECT FROM events WHERE platform = NEW.platform AND account = NEW.account
            AND delivery_id = NEW.delivery_id) THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END $$;
"""
WEEKS_AHEAD = 4


def upgrade() -> None:
    """Partition the three tables, one after another."""
    op.execute(FUNCTIONS)
    online_ddl.commit()
    # The time of the transaction: so all frames of a run are in one week. And as it is not volatile,
    # PostgreSQL notes one value for all rows that are there, instead of writing each.
    online_ddl.change(
        ["candidates"],
        "ALTER TABLE candidates ADD COLUMN IF NOT EXISTS created_at timestamptz NOT NULL DEFAULT now()",
    )
    for table in TABLES:
        if not _is_partitioned(table):
            _bound(table)
            _partition(table)
    op.execute(f"SELECT thumbs_make_partitions({WEEKS_AHEAD})")


def downgrade() -> None:
    """Make each one table again; others wait while what came after the first partition is copied into it."""
    for table in reversed(TABLES):
        if _is_partitioned(table):
            _unite(table)
        _refer(table)
    online_ddl.lock("candidates")
    op.drop_column("candidates", "created_at", if_exists=True)
    online_ddl.commit()
    for function in (
        "refuse_repeated()",
        "drop_partition(text, timestamptz)",
        "make_partitions(integer)",
        "require(text, text)",
        "partitions()",
    ):
        op.execute(f"DROP FUNCTION IF EXISTS thumbs_{function}")


def _is_partitioned(table: Partitioned) -> bool:
    kind = f"SELECT relkind FROM pg_class WHERE oid = to_regclass('{table.name}')"  # noqa: S608 - our names
    return bool(_ask(f"SELECT ({kind}) = 'p'"))


def _bound(table: Partitioned) -> None:
    """Prove that all rows belong into the first partition, and build its key, while others write."""
    old = table.old_name
    online_ddl.create_index(f"{table.first}_key", old, ["id", table.time], is_unique=True)
    foreign_key = f"ALTER TABLE {old} DROP CONSTRAINT IF EXISTS fk_{old}_{table.reference}"
    online_ddl.change([table.referred, old], foreign_key)
    newest = f"greatest(now(), (SELECT max({table.time}) FROM {old}))"  # noqa: S608 - our names
    monday = f"date_trunc('week', {newest} AT TIME ZONE 'UTC') + interval '{table.weeks + 1} weeks'"
    is_first = f"CHECK ({table.time} < '{_ask(f'SELECT {monday}')}+00')"
    online_ddl.commit()
    online_ddl.change(
        [old],
        f"ALTER TABLE {old} DROP CONSTRAINT IF EXISTS is_first",
        f"ALTER TABLE {old} ADD CONSTRAINT is_first {is_first} NOT VALID",
    )
    _validate(old, "is_first")


def _partition(table: Partitioned) -> None:
    """Put a partitioned table in the place of one that is its first partition from then on."""
    name, old, first, time = table.name, table.old_name, table.first, table.time
    bound = "SELECT substring(pg_get_constraintdef(oid) FROM $$'([^']+)'$$) FROM pg_constraint"
    end = _ask(f"{bound} WHERE conname = 'is_first' AND conrelid = '{old}'::regclass")
    online_ddl.change(
        [old],
        # From a sequence of its own: identity columns of partitioned tables came with PostgreSQL 17.
        f"CREATE SEQUENCE {name}_new_id_seq",
        f"SELECT setval('{name}_new_id_seq', nextval(pg_get_serial_sequence('{old}', 'id')), false)",
        f"ALTER TABLE {old} ALTER COLUMN id DROP IDENTITY",
        f"ALTER SEQUENCE {name}_new_id_seq RENAME TO {name}_id_seq",
        f"ALTER TABLE {old} DROP CONSTRAINT pk_{old}",
        *_renamings(table, old, first),
        f"ALTER TABLE {first} ADD CONSTRAINT pk_{first} PRIMARY KEY USING INDEX {first}_key",
        f"ALTER TABLE {first} ALTER COLUMN id SET DEFAULT nextval('{name}_id_seq')",
        f"CREATE TABLE {name} (LIKE {first} INCLUDING DEFAULTS) PARTITION BY RANGE ({time})",
        f"ALTER SEQUENCE {name}_id_seq OWNED BY {name}.id",
        f"ALTER TABLE {name} ADD CONSTRAINT pk_{name} PRIMARY KEY (id, {time})",
        *(f"CREATE INDEX ix_{name}_{suffix} ON {name} {of}" for suffix, of in table.indexes.items()),
        f"CREATE TABLE {name}_default PARTITION OF {name} DEFAULT",
        *(OF_EVENTS if name == "events" else ()),
        f"ALTER TABLE {name} ATTACH PARTITION {first} FOR VALUES FROM (MINVALUE) TO ('{end}')",
        f"ALTER TABLE {first} DROP CONSTRAINT is_first",
    )


def _unite(table: Partitioned) -> None:
    """Make one table of all partitions: the first takes the rows of the others."""
    name, old, first = table.name, table.old_name, table.first
    if _ask(f"SELECT to_regclass('{first}')") is None:
        raise RuntimeError(
            f"{first}, the table of the version before, was dropped as all of it was too old: to go back"
            " further than this version, restore the backup from before the upgrade"
        )
    online_ddl.create_index(f"{first}_key", first, ["id"], is_unique=True)
    online_ddl.lock(name)
    following = _ask(f"SELECT nextval('{name}_id_seq')")
    is_other = f"parent = '{name}' AND name <> '{first}'"
    others = _ask(f"SELECT array_agg(name) FROM thumbs_partitions() WHERE {is_other}")  # noqa: S608 - our names
    for statement in (
        f"ALTER TABLE {name} DETACH PARTITION {first}",
        *(f"INSERT INTO {first} SELECT * FROM {other}" for other in others),  # noqa: S608 - our names
        f"ALTER TABLE {first} ALTER COLUMN id DROP DEFAULT",
        f"DROP TABLE {name}",
        f"ALTER TABLE {first} DROP CONSTRAINT pk_{first}",
        *_renamings(table, first, old),
        *([OF_WEBHOOK_EVENTS] if name == "events" else []),
        f"ALTER TABLE {old} ADD CONSTRAINT pk_{old} PRIMARY KEY USING INDEX {first}_key",
        f"ALTER TABLE {old} ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (START {following})",
    ):
        op.execute(statement)
    online_ddl.commit()


def _renamings(table: Partitioned, old: str, new: str) -> list[str]:
    """Give a table and its indexes another name."""
    if old == new:
        return []
    indexes = [f"ALTER INDEX ix_{old}_{suffix} RENAME TO ix_{new}_{suffix}" for suffix in table.indexes]
    return [f"ALTER TABLE {old} RENAME TO {new}", *indexes]


def _refer(table: Partitioned) -> None:
    """Let rows refer to their asset or job again; lines of the history whose job is gone go first."""
    old, key = table.old_name, f"fk_{table.old_name}_{table.reference}"
    if table.on_delete == "CASCADE":
        is_kept = f"SELECT FROM {table.referred} WHERE {table.referred}.id = {old}.{table.reference}"
        orphans = f"DELETE FROM {old} WHERE id BETWEEN :first AND :last AND NOT EXISTS ({is_kept})"  # noqa: S608
        online_ddl.in_batches(old, orphans)
    online_ddl.lock(table.referred, old)
    references = f"REFERENCES {table.referred} (id) ON DELETE {table.on_delete}"
    op.execute(f"ALTER TABLE {old} DROP CONSTRAINT IF EXISTS {key}")
    op.execute(
        f"ALTER TABLE {old} ADD CONSTRAINT {key} FOREIGN KEY ({table.reference}) {references} NOT VALID"
    )
    online_ddl.commit()
    _validate(old, key)


def _validate(table: str, constraint: str) -> None:
    """Read all rows; others go on writing, and only for a vacuum we may have to wait."""
    op.execute("SET LOCAL lock_timeout = 0")
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {constraint}")
    online_ddl.commit()


def _ask(question: str) -> Any:
    return op.get_bind().scalar(sa.text(question))
