"""The folder of a server: which process uses it, and what a dead one left running in it.

Two lock files. The first belongs to the process that starts a server: no other may use the folder. The
server itself inherits the second, which says, whichever of the two has died, whether a server still works on
the data.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from worker.errors import ConfigurationError
from worker.files.file_lock import try_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LEFTOVER_TIMEOUT_S = 5.0  # a server whose owner died ends by itself; this is how long we let it
_POLL_S = 0.02


@dataclass(frozen=True)
class Locks:
    """The two locks of one folder, held until they are closed."""

    owner: IO[str]  #: held by this process
    server: IO[str]  #: to be inherited by the server

    def note_server(self, pid: int) -> None:
        """Write down the process that the next owner has to stop, should this one die."""
        _write_pid(self.server, pid)

    def close(self) -> None:
        """Let other processes use the folder."""
        self.owner.close()
        self.server.close()


@contextmanager
def locked(folder: Path) -> Iterator[Locks]:
    """Take a folder for a server; it stays ours unless the block fails.

    Raises:
        ConfigurationError: another process uses it, or this one may not.
    """
    with ExitStack() as opened:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            owner_lock = opened.enter_context((folder / "owner.lock").open("a+"))
            server_lock = opened.enter_context((folder / "server.lock").open("a+"))
            if not try_lock(owner_lock):
                raise ConfigurationError(
                    f"{folder}: in use by process {_read_pid(owner_lock)}; "
                    "stop it, or set DATA_DIR to another folder"
                )
            _write_pid(owner_lock, os.getpid())
            _end_leftover(folder, server_lock)
            yield Locks(owner_lock, server_lock)
        except OSError as exc:
            raise _unusable(folder, exc) from exc
        opened.pop_all()  # the locks outlive the block, which ended well


def _unusable(folder: Path, exc: OSError) -> ConfigurationError:
    remedy = (
        "free some space" if exc.errno == errno.ENOSPC else "set DATA_DIR to a folder that you may write to"
    )
    return ConfigurationError(f"{folder}: {exc.strerror}; {remedy}")


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
            with suppress(ProcessLookupError):
                os.kill(pid, by_force)
    if not _locked_within(server_lock, LEFTOVER_TIMEOUT_S):
        raise ConfigurationError(f"{folder}: process {_read_pid(server_lock)} does not end; stop it by hand")


def _locked_within(file: IO[str], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while not try_lock(file):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True
