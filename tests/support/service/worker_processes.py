"""Worker processes for tests: the very commands of production, on the tests' own servers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sqlalchemy import select

from tests.support.waiting import until
from worker import jobs, publications
from worker.database import transaction
from worker.database.models import Job
from worker.dispatch.celery_app import WorkerKind, make_app, send_hint
from worker.pipeline.sandbox.child_process import MODULE

if TYPE_CHECKING:
    from sqlalchemy import Engine

ROOT = Path(__file__).parents[3]
START_S = 90.0  # a busy machine loads the model's libraries slowly
SOON_S = 60.0


class WorkerProcess:
    """`thumbs analyze` or `thumbs publish`, ready when entered, killed when left."""

    def __init__(self, kind: str, **variables: str) -> None:
        self.kind = kind
        self._log = tempfile.NamedTemporaryFile("w+", suffix=".log")  # noqa: SIM115 - closed in __exit__
        self.process = subprocess.Popen(
            [sys.executable, "-m", "worker", kind],
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1", **variables},
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    def __enter__(self) -> Self:
        """Wait until it takes messages."""
        until(lambda: "ready" in self.actions() or self.process.poll() is not None, START_S)
        assert self.process.poll() is None, self.log()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing running."""
        self.process.kill()
        self.process.wait()
        self._log.close()

    def log(self) -> str:
        """What it wrote so far."""
        return Path(self._log.name).read_text()

    def actions(self) -> list[str]:
        """The `action` of each line of its log that has one."""
        lines = [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]
        return [line["action"] for line in lines if "action" in line]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Ask it to stop, and return how many seconds it took; its exit code must be 0."""
        start_s = time.monotonic()
        self.process.send_signal(number)
        assert self.process.wait(SOON_S) == 0, self.log()
        return time.monotonic() - start_s

    def children(self) -> list[int]:
        """The ids of its decode processes."""
        found = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(self.process.pid)],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
        return [int(line.split()[0]) for line in found.stdout.splitlines() if MODULE in line]


def dispatch(engine: Engine, redis_url: str) -> None:
    """Send hints for whatever is due, once."""
    app = make_app(redis_url)
    for kind, announce in ((WorkerKind.ANALYZE, jobs.announce), (WorkerKind.PUBLISH, publications.announce)):
        with transaction(engine) as session:
            hints = announce(session, rehint_s=60.0)
        for hint in hints:
            send_hint(app, kind, hint)
    app.close()


def job(engine: Engine) -> Job:
    """Return the newest job."""
    with transaction(engine) as session:
        return session.scalars(select(Job).order_by(Job.id.desc()).limit(1)).one()
