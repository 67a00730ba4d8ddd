"""What the operators' commands say when the database is not as it should be, and `thumbs migrate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.engine import make_url

from tests.support.service.commands import answer, run_thumbs
from worker.database import migrate
from worker.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from tests.support.service.commands import Run
    from worker.database.models import Job
    from worker.standalone.servers import Server

COMMANDS = [("jobs",), ("show", "a1"), ("events",), ("requeue", "--failed")]


@pytest.fixture
def empty_database(postgres_server: Server, thumbs: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Return what runs a command of `thumbs` on a database without tables."""
    name = sql.Identifier("without_tables")
    url = make_url(postgres_server.url).set(database="without_tables")
    monkeypatch.setenv("DATABASE_URL", url.render_as_string(hide_password=False))
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        yield thumbs
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.mark.parametrize("words", [*COMMANDS, ("migrate",)])
def test_a_missing_address_is_named(
    thumbs: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """The operator must set it, or go to the folder of `thumbs up`: the one that was looked in is named."""
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.chdir(tmp_path)

    result = thumbs(*words)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: no service under ./var (")
    assert "set DATA_DIR or DATABASE_URL" in result.stderr
    assert str(tmp_path / "var") in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [*COMMANDS, ("migrate",)])
def test_a_database_that_is_down_is_one_sentence(
    thumbs: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """Without the password, and with the server's own reason."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://thumbs:hush@127.0.0.1:1/thumbs")

    result = thumbs(*words, "--json")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: the database does not answer: ")
    assert "127.0.0.1" in result.stderr
    assert "hush" not in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_statement_that_takes_too_long_is_not_called_a_silent_database(
    thumbs: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator can ask for less."""
    _cut_short(monkeypatch, "SELECT pg_sleep(5)", timeout_ms=50)

    result = thumbs("jobs")

    assert result.exit_code == 1
    assert "took longer than 10 s: narrow the command with --platform or --since" in result.stderr
    assert "does not answer" not in result.stderr


def test_rows_that_another_program_holds_ask_for_another_run(
    engine: Engine, thumbs: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is wrong with the database."""
    with engine.begin() as other:
        other.execute(text("LOCK TABLE jobs"))
        _cut_short(monkeypatch, "LOCK TABLE jobs", timeout_ms=50)
        held = thumbs("jobs")

    assert held.exit_code == 1
    assert "held by another program for 5 s: run it again" in held.stderr


@pytest.mark.parametrize("code", ["40P01", "40001"])
def test_programs_that_met_at_the_same_rows_ask_for_another_run(
    thumbs: Run, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """A deadlock, or rows that changed meanwhile."""
    raises = f"DO $$ BEGIN RAISE 'they met' USING ERRCODE = '{code}'; END $$"
    _cut_short(monkeypatch, raises)

    result = thumbs("jobs")

    assert result.exit_code == 1
    assert "run it again (they met)" in result.stderr


def test_a_role_that_may_not_is_named(engine: Engine, thumbs: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what it may not, and whose rights are needed."""
    with engine.begin() as connection:
        connection.execute(text("CREATE ROLE reader LOGIN"))
    try:
        url = engine.url.set(drivername="postgresql", username="reader")
        monkeypatch.setenv("DATABASE_URL", url.render_as_string(hide_password=False))
        result = thumbs("jobs")
    finally:
        with engine.begin() as connection:
            connection.execute(text("DROP ROLE reader"))

    assert result.exit_code == 1
    assert "the database's role reader may not do this" in result.stderr
    assert "permission denied for table" in result.stderr
    assert result.stderr.count("\n") == 1


def _cut_short(monkeypatch: pytest.MonkeyPatch, statement: str, timeout_ms: int | None = None) -> None:
    """Let the command `jobs` make another statement, with a short patience."""

    def listed(session: Session, *_: object, **__: object) -> list[Job]:
        if timeout_ms is not None:
            name = "lock_timeout" if statement.startswith("LOCK") else "statement_timeout"
            session.execute(text(f"SET LOCAL {name} = {timeout_ms}"))
        session.execute(text(statement))
        return []

    monkeypatch.setattr("worker.cli.jobs.list_jobs", listed)


@pytest.mark.parametrize("words", COMMANDS)
def test_a_database_without_tables_asks_for_a_migration(empty_database: Run, words: tuple[str, ...]) -> None:
    """The sentence holds the command that helps."""
    result = empty_database(*words)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "Error: the database's tables are not up to date: run `thumbs migrate`\n"


def test_migrating_makes_the_tables(empty_database: Run) -> None:
    """From nothing; doing it again changes nothing."""
    first = answer(empty_database("migrate", "--json"))
    second = answer(empty_database("migrate", "--json"))

    assert first == {"before": None, "after": migrate.head()}
    assert second == {"before": migrate.head(), "after": migrate.head()}
    assert empty_database("jobs").stdout == "no such jobs\n"


def test_migrating_tells_people_what_it_did(empty_database: Run) -> None:
    """One line each time."""
    assert (
        empty_database("migrate").stdout
        == f"the tables are now at {migrate.head()}; before, there were none\n"
    )
    assert empty_database("migrate").stdout == f"the tables are up to date ({migrate.head()})\n"


@pytest.mark.parametrize("command", ["jobs", "show", "events", "requeue", "migrate"])
def test_help_needs_no_settings(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """Whoever asks for help may have set nothing right yet."""
    for field in Settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    monkeypatch.setenv("LOG_LEVEL", "chatty")

    assert run_thumbs(command, "--help").exit_code == 0
