"""deploy/postgres/roles.sh where nobody is a superuser, as at a managed PostgreSQL (docs/kubernetes.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy.engine import make_url

from tests.support.compose.secrets import make_roles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from worker.standalone.servers import Server

OWNED = "managed"  #: the name of an administrator and of the database that is theirs


@pytest.fixture
def passwords(tmp_path: Path) -> Path:
    """Return a folder with the passwords of the two roles."""
    for role in ("owner", "service"):
        (tmp_path / f"{role}_password").write_text("hush")
    return tmp_path


@pytest.fixture
def administrators(postgres_server: Server, database_url: str, passwords: Path) -> Iterator[str]:
    """Return the address of a new database, as its owner, who may make roles and databases, and no more."""
    make_roles(database_url, passwords)  # roles are the server's, and other tests need them
    with psycopg.connect(postgres_server.url, autocommit=True) as superuser:
        superuser.execute(f"CREATE ROLE {OWNED} LOGIN CREATEROLE CREATEDB")
        superuser.execute(f"CREATE DATABASE {OWNED} OWNER {OWNED}")
        # What PostgreSQL gives somebody who makes a role.
        own = "WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"
        superuser.execute(f"GRANT thumbs_owner, thumbs_service TO {OWNED} {own}")
        try:
            address = make_url(postgres_server.url).set(username=OWNED, database=OWNED)
            yield address.render_as_string(hide_password=False)
        finally:
            superuser.execute(f"DROP DATABASE {OWNED} WITH (FORCE)")
            superuser.execute(f"DROP OWNED BY {OWNED}")
            superuser.execute(f"DROP ROLE {OWNED}")


def test_roles_are_made_without_a_superuser(administrators: str, passwords: Path) -> None:
    """Once and again: one makes tables there, the other one writes their rows."""
    owner, service = (
        make_url(administrators).set(username=f"thumbs_{role}").render_as_string(hide_password=False)
        for role in ("owner", "service")
    )

    for _ in range(2):
        make_roles(administrators, passwords)

    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("CREATE TABLE assets (id integer)")
    with psycopg.connect(service, autocommit=True) as connection:
        connection.execute("INSERT INTO assets VALUES (1)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE others (id integer)")
