"""Brings the database's tables up to date."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import OperationalError

from worker.database.online_ddl import LOCKED, again_while_locked, only_migration
from worker.errors import TablesInUse

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

# Beside this package in a checkout, inside it where it was installed.
_FOLDERS = (Path(__file__).parents[2] / "migrations", Path(__file__).parents[1] / "migrations")


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Apply every migration that is missing; safe to call from several processes at once.

    Raises:
        TablesInUse: somebody had a table locked all the time.
    """
    _change(engine, command.upgrade, revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take migrations back, down to a revision; for what is raised, see `upgrade`."""
    _change(engine, command.downgrade, revision)


def head() -> str:
    """Return the revision that this code needs."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def current(engine: Engine) -> str:
    """Read the revision that the database is at; empty where it has no tables."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


def missing() -> Callable[[str], bool]:
    """Make the test whether a database at some revision still lacks migrations that this code needs.

    A revision that this code does not know is a newer one: while a new version is rolled out, the old one
    goes on working with it.
    """
    script = ScriptDirectory.from_config(_config())
    behind = {revision.revision for revision in script.walk_revisions()} - {script.get_current_head()}
    return lambda revision: not revision or revision in behind


def _change(engine: Engine, change: Callable[[Config, str], None], revision: str) -> None:
    config = _config()

    def attempt() -> None:
        connection.rollback()  # of the attempt before
        change(config, revision)

    with only_migration(engine) as connection:
        config.attributes["connection"] = connection
        try:
            again_while_locked(attempt)
        except OperationalError as error:
            if not isinstance(error.orig, LOCKED):
                raise
            raise TablesInUse(
                "the tables were locked by others all the time: end what holds them (pg_stat_activity),"
                " and run `thumbs migrate` again"
            ) from error


def _config() -> Config:
    folder = next(folder for folder in _FOLDERS if (folder / "env.py").is_file())
    config = Config()
    config.set_main_option("script_location", str(folder))
    return config
