"""Brings the database's tables up to date."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

# Beside this package in a checkout, inside it where it was installed.
_FOLDERS = (Path(__file__).parents[2] / "migrations", Path(__file__).parents[1] / "migrations")


def upgrade(engine: Engine) -> None:
    """Apply every migration that is missing; safe to call from several processes at once."""
    config = _config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


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


def _config() -> Config:
    folder = next(folder for folder in _FOLDERS if (folder / "env.py").is_file())
    config = Config()
    config.set_main_option("script_location", str(folder))
    return config
