"""The beacon as operators run it: `python -m webhook.beacon`, with its own processes, on a free port."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from tests.support import hurried
from tests.support.service.deliveries import ENVIRONMENT
from tests.support.trials.counted_trials import AGENT
from tests.support.waiting import until
from webhook.serving import PROCESSES
from worker.standalone.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[3]
START_TIMEOUT_S = 60.0


@dataclass
class LiveBeacon:
    """A beacon that runs."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    client: httpx.Client

    def tell(self, body: bytes) -> int:
        """Send a batch as a browser does; return the code of the answer."""
        return self.client.post("/v1/seen", content=body).status_code

    def pids(self) -> list[int]:
        """All of its processes."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [self.process.pid, *map(int, children.split())]

    def processor_s(self) -> float:
        """The processor time that all of them have taken."""
        times = [
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13] for pid in self.pids()
        ]
        return sum(int(user) + int(system) for user, system in times) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        """End all of its processes, so that none can do anything more."""
        for pid in self.pids():
            os.kill(pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def served_beacon(
    database_url: str, folder: Path, limits: Mapping[str, float] | None = None, **environment: str
) -> Iterator[LiveBeacon]:
    """Run a beacon until the end of the block.

    Args:
        database_url: with all tables.
        folder: for its log and its own files.
        limits: what `webhook.beacon.limits` is to have in place of its own values.
        environment: settings.
    """
    port, log = free_port(), folder / "beacon.log"
    constants = {f"webhook.beacon.limits.{name}": value for name, value in (limits or {}).items()}
    own = {"DATABASE_URL": database_url, "BEACON_PORT": str(port), "TMPDIR": str(folder), **ENVIRONMENT}
    with log.open("ab") as output:
        process = subprocess.Popen(
            hurried.command(constants, "webhook.beacon"),
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT), **own, **environment},
            stderr=output,
        )
    headers = {"User-Agent": AGENT, "Content-Type": "text/plain;charset=UTF-8"}
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False, timeout=20.0
        ) as client:
            until(lambda: log.read_text().count("ready for viewers") == PROCESSES, START_TIMEOUT_S)
            yield LiveBeacon(process, port, log, client)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(START_TIMEOUT_S)
