"""Runs several programs as one: starts them, shows what they say, restarts what dies, stops them in order.

A program writes straight into its own log file, so that neither we nor a halted terminal can hold it up. We
read along: each line goes to the terminal behind the program's name, and one line tells that it is ready.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections import deque
from dataclasses import dataclass, field
from itertools import cycle, groupby
from typing import IO, TYPE_CHECKING

import click

from worker.errors import ThumbsError
from worker.standalone import child_process, log_view

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

FAILED_STARTS_MAX = 3  # in a row; then it is given up
FIRST_PAUSE_S = 0.5  # before a restart; doubled with every failed start
STOP_TIMEOUT_S = 15.0  # to give leases back and to answer what was asked; then by force
OPERATOR_MUST_ACT = 2  # exit code of a program that cannot work as it is configured
LOG_MAX_BYTES = 64 * 1024 * 1024  # then the file starts anew; the one before is kept
POLL_S = 0.05
_LAST_LINES = 12
_COLORS = ("cyan", "magenta", "green", "blue", "bright_cyan", "bright_magenta", "bright_green", "bright_blue")


class ProgramFailed(ThumbsError):
    """A program ends again and again, or is not ready in time."""


@dataclass(frozen=True)
class Program:
    """What is to run."""

    name: str
    command: Sequence[str]
    ready_words: str  #: the sentence in its log that tells that it works has these words
    stops: int = 0  #: programs with a lower number are gone before those with a higher one are stopped


@dataclass
class _Child:
    """A program that runs, or that waits to be started again."""

    program: Program
    log: Path
    label: str
    process: subprocess.Popen[bytes]
    output: IO[bytes]  #: the log, read as far as it was shown
    is_ready: bool = False
    start_again_s: float | None = None  #: it is dead until then; None: it runs
    failed_starts: int = 0  #: in a row
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=_LAST_LINES))

    def new_lines(self) -> Iterator[str]:
        """Yield what it wrote since the last call, by whole lines."""
        while line := self.output.readline():
            # The program is still writing this line: it is read again, as a whole, the next time.
            if not line.endswith(b"\n"):
                self.output.seek(-len(line), os.SEEK_CUR)
                return
            sentence = line.decode(errors="replace").rstrip("\n")
            self.is_ready = self.is_ready or self.program.ready_words in log_view.message_of(sentence)
            self.last_lines.append(sentence)
            yield sentence
        if self.log.stat().st_size > LOG_MAX_BYTES:
            self._begin_anew()

    def _begin_anew(self) -> None:
        # The program appends, so it goes on at the new end by itself.
        shutil.copyfile(self.log, self.log.with_suffix(".1.log"))
        os.truncate(self.log, 0)
        self.output.seek(0)

    def failure(self, what: str) -> ProgramFailed:
        """Make the error that tells what it said last."""
        said = [f"  {log_view.readable(line)}" for line in self.last_lines]
        end = f"the end of {self.log}:" if said else f"it said nothing yet in {self.log}"
        return ProgramFailed("\n".join([f"{self.program.name} {what}; {end}", *said]))


class Supervisor:
    """The programs of one service. Use it from the main thread.

    Args:
        programs: in the order in which they start.
        environment: of all of them.
        logs: the folder of their log files.
        show: called with each line for the terminal.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        environment: Mapping[str, str],
        logs: Path,
        show: Callable[[str], None] = click.echo,
    ) -> None:
        self._programs = programs
        self._environment = environment
        self._logs = logs
        self._show = show
        self._children: list[_Child] = []

    def start(self) -> None:
        """Start every program."""
        self._logs.mkdir(parents=True, exist_ok=True)
        width = max(len(program.name) for program in self._programs)
        for program, color in zip(self._programs, cycle(_COLORS), strict=False):
            log = self._logs / f"{program.name}.log"
            log.touch()
            output = log.open("rb")
            output.seek(0, os.SEEK_END)  # what earlier runs said is not shown again
            label = click.style(f"{program.name:<{width}} |", fg=color)
            self._children.append(_Child(program, log, label, self._spawn(program, log), output))

    def watch(self) -> None:
        """Show what was said, and start again what died. Call it often.

        Raises:
            ProgramFailed: one ends again and again.
        """
        for child in self._children:
            self._read(child)
            if child.start_again_s is None:
                if child.process.poll() is not None:
                    self._read(child)  # what it said between the first reading and its death
                    self._note_death(child, child.process.returncode)
            elif time.monotonic() >= child.start_again_s:
                child.process = self._spawn(child.program, child.log)
                child.start_again_s = None

    def first_not_ready(self) -> str | None:
        """Name a program that has not said yet that it is ready; None where all have."""
        return next((child.program.name for child in self._children if not child.is_ready), None)

    def failure(self, name: str, what: str) -> ProgramFailed:
        """Make the error that tells what a program said last.

        Args:
            name: of the program.
            what: happened to it, e.g. "is not ready after 120 s".
        """
        return next(child for child in self._children if child.program.name == name).failure(what)

    def stop(self, *, is_hurried: Callable[[], bool] = lambda: False) -> None:
        """End every program in the order of `Program.stops`, by force once `is_hurried`."""
        by_turn = sorted(self._children, key=lambda child: child.program.stops)
        for _, turn in groupby(by_turn, key=lambda child: child.program.stops):
            self._stop(list(turn), is_hurried)
        for child in self._children:
            self._read(child)
            child.output.close()
        self._children.clear()

    def _spawn(self, program: Program, log: Path) -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return child_process.start(program.command, output=output, environment=self._environment)

    def _read(self, child: _Child) -> None:
        for line in child.new_lines():
            for row in log_view.readable(line).splitlines():
                self._show(f"{child.label} {row}")

    def _note_death(self, child: _Child, code: int) -> None:
        # A program that got ready can work; what ended it then (no memory left, a kill) may not come again.
        child.failed_starts = 1 if child.is_ready else child.failed_starts + 1
        child.is_ready = False
        if code == OPERATOR_MUST_ACT or child.failed_starts >= FAILED_STARTS_MAX:
            often = f" {child.failed_starts} times, at last" if child.failed_starts > 1 else ""
            raise child.failure(f"ended{often} {_ending(code)}")
        # Doubled each time, so that a cause that passes (a port that is still held) has time to pass.
        pause_s = FIRST_PAUSE_S * 2 ** (child.failed_starts - 1)
        child.start_again_s = time.monotonic() + pause_s
        self._show(f"{child.label} ended {_ending(code)}; starting it again in {pause_s:g} s")

    def _stop(self, turn: Sequence[_Child], is_hurried: Callable[[], bool]) -> None:
        for child in turn:
            child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while any(child.process.poll() is None for child in turn):
            # Asked over and over: the operator may lose patience while we wait.
            if is_hurried() or time.monotonic() > deadline:
                for child in turn:
                    child_process.kill(child.process)
            for child in turn:
                self._read(child)
            time.sleep(POLL_S)


def _ending(code: int) -> str:
    return f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
