"""That another database is used than before is noticed by what PostgreSQL says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.faults import backups
from tests.support.service import builders
from worker.database import make_engine, transaction
from worker.database.identity import DatabaseIdentity, look, restored_at

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine


def write(engine: Engine) -> None:
    """Ask for a write."""
    builders.record(engine, builders.event())
    builders.completed(engine)


def test_as_long_as_it_is_the_same_nothing_was_restored(engine: Engine) -> None:
    """Neither after the first write: the migrations have noted the database."""
    write(engine)

    for _ in range(2):
        with transaction(engine) as session:
            assert (restored_at(session), look(session)) == (None, None)


def test_another_one_is_noted_once(engine: Engine, tmp_path: Path) -> None:
    """The first look after the restore counts, though nothing was written before the backup."""
    backup = backups.dump(engine, tmp_path / "backup")
    other = make_engine(backups.restore(backup, engine, f"restored_{tmp_path.name}"))

    with transaction(other) as session:
        assert look(session) is not None
        first = restored_at(session)
    with transaction(other) as session:
        assert first == restored_at(session) == look(session) is not None
    other.dispose()


@pytest.mark.parametrize("has_written", [True, False])
def test_a_backup_from_before_this_was_noted_counts_as_restored(engine: Engine, *, has_written: bool) -> None:
    """Its publications were made in some other database, where there are any."""
    if has_written:
        write(engine)
    with transaction(engine) as session:
        session.query(DatabaseIdentity).delete()

    for _ in range(2):
        with transaction(engine) as session:
            assert (look(session) is not None) == has_written
            assert (restored_at(session) is not None) == has_written
