"""A real PgBouncer for tests: the system's, or Debian's package unpacked under var/.

python -m tests.support.pooler.pgbouncer      # unpack Debian's where there is none
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import psycopg

from tests.support.doc_blocks import blocks_of
from tests.support.waiting import until
from worker.standalone import child_process
from worker.standalone.servers import DATABASE, POSTGRES_PORT, free_port

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[3]
UNPACKED = ROOT / "var" / "pgbouncer"
PACKAGES = ("pgbouncer", "libcares2", "libc-ares2", "libevent-2.1-7", "libevent-2.1-7t64")  #: of some Debian
INSTALL_TIMEOUT_S = 60.0
READY_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 5.0
USER, PASSWORD = "postgres", "pooled"
#: The page that tells operators how to set it up, whose example is what the tests run.
PAGE = "docs/connections.md"


class NoPooler(Exception):
    """There is none; the message names the remedy."""


def executable() -> Path:
    """Find PgBouncer.

    Raises:
        NoPooler: it is not installed.
    """
    for found in (
        shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin"),
        UNPACKED / "usr/sbin/pgbouncer",
    ):
        if found and Path(found).exists():
            return Path(found)
    raise NoPooler("no PgBouncer is here: install pgbouncer, or run `make test-pooler` on Debian or Ubuntu")


class PgBouncer:
    """PgBouncer before a PostgreSQL of `worker.standalone`, set up as our page says. A part of a system.

    Args:
        folder: for its files.
        postgres_url: of the server, which listens on a socket.
        options: which are another than on the page.
    """

    def __init__(self, folder: Path, postgres_url: str, options: Mapping[str, str] | None = None) -> None:
        self.name, self.port, self._folder = "PgBouncer", free_port(), folder
        self._program = executable()
        self._socket = parse_qs(urlsplit(postgres_url).query)["host"][0]
        self._options = {"listen_addr": "127.0.0.1", "listen_port": str(self.port), **(options or {})}
        self.log = folder / "pgbouncer.log"
        self.process: subprocess.Popen[bytes]
        self._write()
        self.start()

    def url(self, database: str = DATABASE) -> str:
        """Return the address of a database through it."""
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it, or start it again; it takes connections when this returns."""
        libraries = ":".join(str(folder) for folder in UNPACKED.glob("usr/lib/*-linux-gnu*"))
        with self.log.open("ab") as output:
            self.process = child_process.start(
                [self._program, self._folder / "pgbouncer.ini"],
                output=output,
                environment={**os.environ, "LD_LIBRARY_PATH": libraries},
                as_nobody_at=(self._program, self._folder),
            )
        until(self._answers, READY_TIMEOUT_S, self.log.read_text())

    def ask(self, command: str) -> list[tuple[object, ...]]:
        """Ask its console, as `SHOW POOLS` or `PAUSE`."""
        with psycopg.connect(
            self.url("pgbouncer"), autocommit=True, cursor_factory=psycopg.ClientCursor
        ) as console:
            cursor = console.execute(command.encode())
            return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        """Stop it."""
        child_process.stop(self.process, signal.SIGINT, STOP_TIMEOUT_S)

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            self.ask("SHOW VERSION")
        except psycopg.OperationalError:
            return False
        return True

    def _write(self) -> None:
        """Write the page's example down, with what is another here."""
        example = next(block.code for block in blocks_of(PAGE) if block.language == "ini")
        users, place = self._folder / "userlist.txt", f"host={self._socket} port={POSTGRES_PORT} user={USER}"
        # Also whatever database of the server a test has.
        here = {DATABASE: f"{place} dbname={DATABASE}\n* = {place}"}
        here |= {"auth_file": str(users), "admin_users": USER, "unix_socket_dir": "", **self._options}
        lines = []
        for line in example.splitlines():
            key = line.partition("=")[0].strip()
            lines.append(f"{key} = {here.pop(key)}" if key in here else line)
        text = "\n".join([*lines, *(f"{key} = {value}" for key, value in here.items())])
        (self._folder / "pgbouncer.ini").write_text(text + "\n")
        users.write_text(f'"{USER}" "{PASSWORD}"\n')
        for path in (users, self._folder / "pgbouncer.ini"):
            path.chmod(0o644)


def install() -> None:
    """Unpack Debian's package where there is none; say why where that fails."""
    try:
        executable()
    except NoPooler as missing:
        print(f"{missing}; unpacking it now ...")
    else:
        return
    packages = UNPACKED / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    try:
        for name in PACKAGES:  # no release has all of them
            _run("apt-get", "download", name, folder=packages)
        for package in packages.glob("*.deb"):
            _run("dpkg-deb", "-x", str(package), str(UNPACKED), folder=packages)
        print(executable())
    except (OSError, subprocess.SubprocessError, NoPooler) as exc:
        print(f"that did not work, so the tests that need it are skipped: {exc}", file=sys.stderr)


def _run(*command: str, folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=False, capture_output=True, timeout=INSTALL_TIMEOUT_S)


if __name__ == "__main__":
    install()
