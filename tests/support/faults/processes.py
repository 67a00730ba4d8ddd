"""What a system is made of: programs and servers that run, and may be hurt.

Signals go to processes that were started here, and to their children, and to no others.
"""

from __future__ import annotations

import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

import psutil

from tests.support.waiting import until
from worker.standalone import child_process

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from worker.standalone.servers import Server

READY_TIMEOUT_S = 90.0  # a busy machine loads the model's libraries slowly
STOP_TIMEOUT_S = 40.0


class ServicePart(Protocol):
    """A program or a server."""

    name: str

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """Its main process; ended, where it was not started again."""

    def start(self) -> None:
        """Start it, or start it again. From the main thread: the part ends with the thread."""


class ServiceProgram:
    """One of the service's own programs."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path, ready_words: str
    ) -> None:
        self.name, self.log = name, log
        self.process: subprocess.Popen[bytes]
        self._command, self._environment, self._ready_words = command, dict(environment), ready_words
        self._log_start = 0

    def start(self, **variables: str) -> None:
        """Start it, with other variables than before if there are any."""
        self._environment |= variables
        self.log.touch()
        self._log_start = self.log.stat().st_size
        with self.log.open("ab") as output:
            self.process = child_process.start(self._command, output=output, environment=self._environment)

    def said(self) -> str:
        """What it wrote since it was started last."""
        return self.log.read_bytes()[self._log_start :].decode(errors="replace")

    def is_ready(self) -> bool:
        """Return whether it has said so."""
        return self._ready_words in self.said()

    def wait_until_ready(self) -> None:
        """Return once it takes work."""
        until(lambda: self.is_ready() or self.process.poll() is not None, READY_TIMEOUT_S)
        assert self.process.poll() is None, self.said()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Ask it to stop, and return how many seconds it took; its exit code must be 0."""
        start_s = time.monotonic()
        self.process.send_signal(number)
        assert self.process.wait(STOP_TIMEOUT_S) == 0, self.said()
        return time.monotonic() - start_s


class ServerPart:
    """PostgreSQL or Valkey."""

    def __init__(self, server: Server) -> None:
        self.name, self.server = server.name, server

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """Its main process."""
        return self.server.process

    def start(self) -> None:
        """Start it again on the same data, at the same address."""
        self.server.close()
        self.server = self.server.start_again()

    def close(self) -> None:
        """Stop it."""
        self.server.close()


def family(part: ServicePart) -> list[psutil.Process]:
    """The main process of a part, if it lives, and all below it."""
    with suppress(psutil.NoSuchProcess):
        main = psutil.Process(part.process.pid)
        return [main, *main.children(recursive=True)]
    return []


def kill(part: ServicePart) -> None:
    """End the main process as the kernel does when memory runs out."""
    part.process.kill()
    part.process.wait()


def kill_all(part: ServicePart) -> None:
    """End it and everything below it, as a machine that loses power does."""
    for process in family(part):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    part.process.wait()


def freeze(part: ServicePart) -> None:
    """Halt all of it, as a machine that swaps or migrates does."""
    _signal_all(part, signal.SIGSTOP)


def thaw(part: ServicePart) -> None:
    """Let it go on."""
    _signal_all(part, signal.SIGCONT)


def _signal_all(part: ServicePart, number: signal.Signals) -> None:
    for process in family(part):
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)
