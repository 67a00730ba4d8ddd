"""`thumbs migrate`: bring the database's tables up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from worker.admin.assets import migrate_tables
from worker.cli.database import open_database
from worker.cli.output import print_answer
from worker.cli.parameters import json_option
from worker.settings import get_settings

if TYPE_CHECKING:
    from worker.admin.assets import Migration


@click.command()
@json_option
def migrate_command(*, as_json: bool) -> None:
    """Bring the database's tables up to date."""
    with open_database() as engine:
        # An engine of its own, without the time limit of statements; `str(url)` would hide the password.
        given = engine.url.render_as_string(hide_password=False)
        migration = migrate_tables(get_settings().database_direct_address or given)
    print_answer(_document(migration), [Text(_sentence(migration))], as_json=as_json)


def _document(migration: Migration) -> dict[str, Any]:
    """Write for a program; `before` is null where there were no tables."""
    return {"before": migration.before or None, "after": migration.after}


def _sentence(migration: Migration) -> str:
    before, after = migration
    if before == after:
        return f"the tables are up to date ({after})"
    return f"the tables are now at {after}; before, {f'at {before}' if before else 'there were none'}"
