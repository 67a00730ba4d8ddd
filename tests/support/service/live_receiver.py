"""The receiver as operators run it: `python -m webhook`, with its own processes, on a free port."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from tests.support.service.deliveries import ENVIRONMENT, Delivery
from tests.support.waiting import until
from webhook.serving import PROCESSES
from worker.standalone.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[3]
START_TIMEOUT_S = 60.0
# `python -m webhook`, with other limits.
START = """
import json, runpy, sys
from webhook import limits
vars(limits).update(json.loads(sys.argv.pop()))
runpy.run_module("webhook", run_name="__main__", alter_sys=True)
"""


@dataclass
class Served:
    """A receiver that runs."""

    database_url: str
    process: subprocess.Popen[bytes]
    port: int
    log: Path
    client: httpx.Client

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def post(self, delivery: Delivery, timeout_s: float = 20.0) -> httpx.Response:
        """Send one delivery."""
        url = f"{self.url}{delivery.path}"
        return self.client.post(url, headers=delivery.headers, content=delivery.body, timeout=timeout_s)

    def get(self, path: str) -> httpx.Response:
        """Ask for a page."""
        return self.client.get(f"{self.url}{path}")

    def pids(self) -> set[int]:
        """The processes that answer."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return {int(pid) for pid in children.split()}

    def resident_bytes(self) -> int:
        """The memory of all processes that answer."""
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.pids())
        return pages * os.sysconf("SC_PAGE_SIZE")

    def log_lines(self) -> list[dict[str, object]]:
        """What it has logged."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@contextmanager
def served(
    database_url: str, folder: Path, limits: Mapping[str, float] | None = None, **environment: str
) -> Iterator[Served]:
    """Run a receiver until the end of the block.

    Args:
        database_url: with all tables.
        folder: for its log and its own files.
        limits: what `webhook.limits` is to have in place of its own values.
        environment: settings.
    """
    port, log = free_port(), folder / "receiver.log"
    variables = {"DATABASE_URL": database_url, "PORT": str(port), "TMPDIR": str(folder), **ENVIRONMENT}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", START, json.dumps(limits or {})],
            cwd=ROOT,
            env={**variables, **environment},
            stderr=output,
        )
    try:
        with httpx.Client(trust_env=False) as client:
            receiver = Served(database_url, process, port, log, client)
            until(lambda: log.read_text().count("ready for webhooks") == PROCESSES, START_TIMEOUT_S)
            yield receiver
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(START_TIMEOUT_S)
