"""Programs that run until they are stopped end with 0 when they were asked to, at any time, and only then."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.service.worker_processes import ROOT, START_S, WorkerProcess
from tests.support.waiting import until
from worker.dispatch import worker_process
from worker.settings import get_settings

if TYPE_CHECKING:
    from collections.abc import Callable

SLOW_LIBRARY = "sqlalchemy/cyextension"
PROGRAMS = (
    ("webhook",),
    ("worker", "up"),
    ("worker", "dispatch"),
    ("worker", "analyze"),
    ("worker", "publish"),
)


def catches(process: subprocess.Popen[bytes], number: signal.Signals) -> bool:
    """Tell whether a process has a handler for a signal."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught.split()[1], 16) & 1 << (number - 1))


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
@pytest.mark.parametrize("words", PROGRAMS, ids=lambda words: words[-1])
def test_a_program_that_is_stopped_as_it_starts_ends_with_0(words: tuple[str, ...], tmp_path: Path) -> None:
    """Before its libraries are there, which takes the longest."""
    command = [sys.executable, "-m", *words]
    variables = {**os.environ, "DATA_DIR": str(tmp_path), "DATABASE_URL": "", "REDIS_URL": ""}
    with subprocess.Popen(command, cwd=ROOT, env=variables, stderr=subprocess.PIPE) as process:
        until(lambda: process.poll() is not None or catches(process, signal.SIGTERM), START_S)
        is_early = SLOW_LIBRARY not in Path(f"/proc/{process.pid}/maps").read_text()
        process.terminate()
        _, said = process.communicate(timeout=START_S)

    assert is_early
    assert (process.returncode, said) == (0, b"")


@pytest.mark.faults
def test_a_worker_that_is_stopped_as_its_model_loads_ends_with_0(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """It leaves no child behind."""
    worker = WorkerProcess(
        "analyze",
        DATABASE_URL=database_url,
        REDIS_URL=redis_url,
        WORK_DIR=str(tmp_path),
        ANALYZE_CONCURRENCY="1",
    )
    try:
        until(lambda: worker.children() or worker.process.poll() is not None, START_S)
        (child,) = worker.children()
        worker.stop()
        until(lambda: not Path(f"/proc/{child}").exists())
        assert "ready" not in worker.actions()
    finally:
        worker.__exit__()


class EndingApp:
    """A Celery whose worker ends by itself, as Celery does at an error that it did not foresee."""

    def task(self, **_: Any) -> Callable[[object], object]:
        """Take a task."""
        return lambda function: function

    def Worker(self, **_: Any) -> EndingApp:  # noqa: N802 - Celery's name
        """Make a worker."""
        return self

    def start(self) -> None:
        """End at once."""


def test_an_end_that_nobody_asked_for_is_a_failure(
    database_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A supervisor takes code 0 for done, and starts nothing again."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    get_settings.cache_clear()
    monkeypatch.setattr(worker_process, "make_app", lambda _: EndingApp())
    monkeypatch.setattr(worker_process.logs, "setup", lambda _: None)

    with pytest.raises(SystemExit) as ended:
        worker_process.publish(get_settings())

    get_settings.cache_clear()
    worker_process.database.get_engine.cache_clear()
    assert ended.value.code == os.EX_SOFTWARE
    assert "nobody asked" in caplog.text
