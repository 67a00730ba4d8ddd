"""Programs of containers as processes of this machine: the same command, the same variables."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import IO, TYPE_CHECKING, Self

from worker.settings import Settings, environment

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

SOON_S = 90.0  # a busy machine loads the model's libraries slowly

_LOCAL = {"thumbs": [sys.executable, "-m", "worker"], "python": [sys.executable]}


def command(words: Sequence[str], replaced: Mapping[str, str]) -> list[str]:
    """Return a command with this machine's programs, and with some of its text replaced."""
    first, *rest = words
    return [*_LOCAL.get(first, [first]), *(replace(word.replace("$$", "$"), replaced) for word in rest)]


def replace(text: str, replaced: Mapping[str, str]) -> str:
    """Return a text with some of it replaced."""
    for old, new in replaced.items():
        text = text.replace(old, new)
    return text


class Running:
    """A program that runs; killed when left.

    Args:
        words: its command, as `command` returns it.
        variables: its settings; those of this process are not passed on.
        log: where its output goes.
        folder: where it runs.
        grace_s: how long it may take to end, once a signal asks for that.
        is_ready: tells whether it is, by what it has written so far; asked again and again.
    """

    def __init__(
        self,
        words: Sequence[str],
        variables: Mapping[str, str],
        log: Path,
        folder: Path,
        *,
        grace_s: float,
        is_ready: Callable[[str], bool],
    ) -> None:
        self._log, self._grace_s, self._is_ready = log, grace_s, is_ready
        self._out: IO[bytes] = log.open("wb")
        self.process = subprocess.Popen(
            words,
            cwd=folder,
            env={**_without_settings(), **variables},
            stdout=self._out,
            stderr=subprocess.STDOUT,
        )

    def __enter__(self) -> Self:
        """Let it run."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing running."""
        self.process.kill()
        self.process.wait()
        self._out.close()

    def log(self) -> str:
        """Return what it wrote so far."""
        return self._log.read_text()

    def wait_until_ready(self) -> None:
        """Wait until it is ready; it must not end meanwhile."""
        until_s = time.monotonic() + SOON_S
        while not self._is_ready(self.log()):
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < until_s, self.log()
            time.sleep(0.1)

    def end(self, number: signal.Signals | None = None) -> int:
        """Wait for its end, which a signal may ask for, and return its exit code."""
        if number is not None:
            self.process.send_signal(number)
        return self.process.wait(self._grace_s if number is not None else SOON_S)


def _without_settings() -> dict[str, str]:
    ours = Settings.model_fields
    return {name: value for name, value in environment().items() if name.lower().split("__")[0] not in ours}
