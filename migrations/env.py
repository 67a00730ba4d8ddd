"""How Alembic reaches the database: over the connection of `worker.database.migrate`, or by the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import context

from worker.database import make_engine
from worker.database.models import Base
from worker.database.online_ddl import only_migration
from worker.settings import get_settings

if TYPE_CHECKING:
    from sqlalchemy import Connection


def migrate(connection: Connection) -> None:
    """Apply the migrations, each in transactions of its own."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_server_default=True,
        # Partitions come and go, and are declared nowhere.
        include_name=lambda name, kind, _: kind != "table" or name in Base.metadata.tables,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    settings = get_settings()
    engine = make_engine(settings.database_direct_address or settings.database_address)
    with only_migration(engine) as opened:
        migrate(opened)
