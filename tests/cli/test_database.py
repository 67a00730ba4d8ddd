"""What the operators' commands say when the database is not as it should be, and `thumbs migrate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from tests.support.service.commands import answer, run_thumbs
from worker.database import migrate
from worker.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.service.commands import Run
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
    assert result.stderr.startswith("Error: DATABASE_URL: missing, ")
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
