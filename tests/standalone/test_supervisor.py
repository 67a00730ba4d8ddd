"""Programs run as one: shown, restarted, given up, stopped in order."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Self

import pytest

from worker.settings import environment
from worker.standalone import supervisor
from worker.standalone.supervisor import Program, ProgramFailed, Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SOON_S = 20.0


def python(name: str, code: str, *, stops: int = 0) -> Program:
    """Return a program that runs this code."""
    return Program(name, (sys.executable, "-c", code), ready_words="ready", stops=stops)


class SupervisorRun:
    """A supervisor, and what it showed. Entered, its programs run."""

    def __init__(self, logs: Path, *programs: Program) -> None:
        self.shown: list[str] = []
        self.supervisor = Supervisor(programs, environment=environment(), logs=logs, show=self.shown.append)

    def __enter__(self) -> Self:
        """Start."""
        self.supervisor.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop what a test has not stopped itself."""
        self.supervisor.stop(is_hurried=lambda: True)

    def watch_until(self, is_there: Callable[[], bool]) -> None:
        """Watch until something is true."""
        deadline = time.monotonic() + SOON_S
        while not is_there():
            assert time.monotonic() < deadline, self.shown
            self.supervisor.watch()
            time.sleep(0.01)

    def watch_until_ready(self) -> None:
        """Watch until every program is ready."""
        self.watch_until(lambda: self.supervisor.first_not_ready() is None)

    def times_shown(self, words: str) -> int:
        """Return how many lines have these words."""
        return sum(words in line for line in self.shown)


def test_what_a_program_says_is_shown_behind_its_name_and_kept(tmp_path: Path) -> None:
    """Whether it is text or one of our lines of JSON."""
    line = '{"at": "2026-01-01", "level": "info", "logger": "x", "message": "ready: 7 jobs", "job_id": 7}'
    with SupervisorRun(
        tmp_path, python("short", f"print('{line}', flush=True); import signal; signal.pause()")
    ) as run:
        run.watch_until_ready()
        run.supervisor.stop()

        assert run.times_shown("ready: 7 jobs") == 1
        assert run.times_shown("job_id=7") == 1
        assert "short |" in run.shown[0]
        assert (tmp_path / "short.log").read_text() == line + "\n"


def test_a_program_that_dies_is_started_again(tmp_path: Path) -> None:
    """After a pause; it has to say again that it is ready."""
    marker = tmp_path / "died"
    code = f"""
import pathlib, signal, sys
print("ready", flush=True)
if not pathlib.Path({str(marker)!r}).exists():
    pathlib.Path({str(marker)!r}).touch()
    signal.raise_signal(signal.SIGKILL)
signal.pause()
"""
    with SupervisorRun(tmp_path, python("mortal", code)) as run:
        run.watch_until(lambda: run.times_shown("ready") == 2)
        run.supervisor.stop()

        assert run.times_shown("ended by SIGKILL; starting it again") == 1


def test_a_program_that_dies_again_and_again_is_given_up_with_its_last_words(tmp_path: Path) -> None:
    """The error is enough to understand why."""
    with SupervisorRun(tmp_path, python("broken", "import sys; sys.exit('the model is not there')")) as run:
        with pytest.raises(ProgramFailed, match="broken ended 3 times, at last with exit code 1") as failed:
            run.watch_until(lambda: False)

        assert "the model is not there" in str(failed.value)
        assert str(tmp_path / "broken.log") in str(failed.value)


def test_a_program_that_the_operator_must_help_is_not_started_twice(tmp_path: Path) -> None:
    """Exit code 2 says that trying again is of no use."""
    program = python("unset", "import sys; print('set MODEL'); sys.exit(2)")
    last_words = pytest.raises(ProgramFailed, match=r"unset ended with exit code 2.*\n.*set MODEL")

    with SupervisorRun(tmp_path, program) as run, last_words:
        run.watch_until(lambda: False)


def test_programs_stop_in_their_order(tmp_path: Path) -> None:
    """Who stops later still works while the ones before end."""
    code = """
import pathlib, signal, sys, time
def end(*_):
    time.sleep(0.2)
    with open({file!r}, "a") as file:
        file.write({name!r})
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
while True:
    time.sleep(10)
"""
    order = tmp_path / "order"
    names = {"c": 2, "a": 0, "b": 1}
    programs = [
        python(name, code.format(file=str(order), name=name), stops=turn) for name, turn in names.items()
    ]
    with SupervisorRun(tmp_path, *programs) as run:
        run.watch_until_ready()

        run.supervisor.stop()

        assert order.read_text() == "abc"


def test_a_hurried_stop_does_not_wait(tmp_path: Path) -> None:
    """A program that ignores the request is ended by force, and so is what it started."""
    code = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print("ready", child.pid, flush=True)
child.wait()
"""
    with SupervisorRun(tmp_path, python("deaf", code)) as run:
        run.watch_until_ready()

        run.supervisor.stop(is_hurried=lambda: True)

        pid = int(run.shown[0].split()[-1])
        deadline = time.monotonic() + SOON_S
        while is_running(pid):
            assert time.monotonic() < deadline
            time.sleep(0.01)


def is_running(pid: int) -> bool:
    """Return whether a process does anything any more."""
    try:
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123 - no path of ours
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


WAITS_FOR_US = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
print(os.getpid(), flush=True)
"""


def test_half_a_line_is_shown_once_it_is_whole(tmp_path: Path) -> None:
    """A program's buffer ends anywhere."""
    code = (
        WAITS_FOR_US
        + """
print("rea", end="", flush=True)
signal.sigwait([signal.SIGUSR1])
print("dy", flush=True)
signal.pause()
"""
    )
    with SupervisorRun(tmp_path, python("slow", code)) as run:
        run.watch_until(lambda: (tmp_path / "slow.log").read_text().endswith("rea"))
        run.supervisor.watch()
        assert run.times_shown("rea") == 0

        os.kill(int(run.shown[0].split()[-1]), signal.SIGUSR1)
        run.watch_until_ready()

        assert run.times_shown("ready") == 1


def test_a_log_that_grew_too_large_starts_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk does not fill; the file before is kept."""
    monkeypatch.setattr(supervisor, "LOG_MAX_BYTES", 1000)
    code = (
        WAITS_FOR_US
        + """
print("x" * 1000, flush=True)
signal.sigwait([signal.SIGUSR1])
print("after", flush=True)
signal.pause()
"""
    )
    with SupervisorRun(tmp_path, python("chatty", code)) as run:
        run.watch_until((tmp_path / "chatty.1.log").exists)
        os.kill(int(run.shown[0].split()[-1]), signal.SIGUSR1)
        run.watch_until(lambda: run.times_shown("after") == 1)

    assert (tmp_path / "chatty.log").read_text() == "after\n"
