"""How Alembic reaches the database: over the connection of `worker.database.migrate`, or by the settings."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, text

from worker.database import get_engine
from worker.database.models import Base

# Any number, the same in every process: it makes a second migration wait for the first.
LOCK = 7_421_190


def migrate(connection: Connection) -> None:
    """Apply the migrations in one transaction."""
    connection.execute(text("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0"))
    connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
    context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=True)
    with context.begin_transaction():
        context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    with get_engine().begin() as opened:
        migrate(opened)
