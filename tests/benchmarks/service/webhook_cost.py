"""Measure what a webhook costs, in processor time, of several versions by turns.

    python -m tests.benchmarks.service.webhook_cost CHECKOUT... [--rate 100] [--seconds 20] [--rounds 3]

Each version has a database of its own on one PostgreSQL, and its receiver runs from its checkout, as `git
worktree add ../before REVISION` makes one. Other work on the machine changes processor time by far less than
it changes the clock.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import psutil
import psycopg
from rich.console import Console
from rich.table import Table

from tests.benchmarks.service.receiver import TABLE_WIDTH, machine
from tests.support.service.deliveries import ENVIRONMENT
from tests.support.service.live_receiver import ROOT, START, START_TIMEOUT_S
from tests.support.waiting import until
from webhook.serving import PROCESSES
from worker.standalone.servers import DATABASE, Server, free_port, start_postgres

if TYPE_CHECKING:
    from collections.abc import Sequence

CONNECTIONS = 8


def processor_s(pid: int) -> float:
    """Return the processor time of a process and all below it, also of those that ended."""
    main = psutil.Process(pid)
    all_times = [process.cpu_times() for process in [main, *main.children(recursive=True)]]
    ended = main.cpu_times()
    return sum(times.user + times.system for times in all_times) + ended.children_user + ended.children_system


class Version:
    """A checkout with its database."""

    def __init__(self, checkout: Path, server: Server, number: int) -> None:
        self.checkout, self._server = checkout, server
        name = f"version{number}"
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        url = server.url.replace(f"/{DATABASE}?", f"/{name}?")
        self._environment = {**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(checkout), **ENVIRONMENT}
        migrate = [sys.executable, "-P", "-m", "worker", "migrate"]
        subprocess.run(migrate, cwd=checkout, env=self._environment, check=True, stdout=subprocess.DEVNULL)
        self.receiver_ms: list[float] = []
        self.postgres_ms: list[float] = []

    def measure(self, folder: Path, rate: int, seconds: int) -> None:
        """Send webhooks, once to warm up and once for the figures."""
        port, log = free_port(), folder / "receiver.log"
        log.write_text("")
        variables = {**self._environment, "PORT": str(port), "TMPDIR": str(folder)}
        command = [sys.executable, "-P", "-c", START, "{}"]
        with log.open("ab") as output:
            process = subprocess.Popen(command, cwd=self.checkout, env=variables, stderr=output)
        try:
            until(lambda: log.read_text().count("ready for webhooks") == PROCESSES, START_TIMEOUT_S)
            _send(port, 40 * CONNECTIONS, rate)
            before = processor_s(process.pid), processor_s(self._server.pid)
            _send(port, rate * seconds, rate)
            after = processor_s(process.pid), processor_s(self._server.pid)
        finally:
            process.terminate()
            process.wait(START_TIMEOUT_S)
        taken = (self.receiver_ms, self.postgres_ms)
        for of, began_s, ended_s in zip(taken, before, after, strict=True):
            of.append((ended_s - began_s) * 1000 / (rate * seconds))

    def row(self) -> list[str]:
        """Return its line of the table."""
        return [self.checkout.name, _said(self.receiver_ms), _said(self.postgres_ms)]


def _said(values_ms: Sequence[float]) -> str:
    return f"{median(values_ms):.2f} ms ({min(values_ms):.2f} to {max(values_ms):.2f})"


def _send(port: int, count: int, rate: int) -> None:
    sender = [sys.executable, "-m", "tests.benchmarks.service.sender"]
    numbers = [str(number) for number in (port, count, rate, CONNECTIONS)]
    answers = subprocess.run([*sender, *numbers], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    if f'"codes": {{"202": {count}}}' not in answers.stdout:
        raise RuntimeError(f"not all were accepted: {answers.stdout[:100]}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkouts", type=Path, nargs="+", metavar="CHECKOUT")
    parser.add_argument("--rate", type=int, default=100, help="webhooks a second")
    parser.add_argument("--seconds", type=int, default=20, help="of each round")
    parser.add_argument("--rounds", type=int, default=3, help="of each version, by turns")
    given, facts = parser.parse_args(), machine()
    table = Table("version", "receiver, for one webhook", "PostgreSQL, for one webhook")
    with tempfile.TemporaryDirectory(prefix="thumbs-", ignore_cleanup_errors=True) as name:
        server = start_postgres(Path(name) / "postgres", options={"autovacuum": "off"})
        try:
            versions = [Version(one.resolve(), server, number) for number, one in enumerate(given.checkouts)]
            for _ in range(given.rounds):
                for version in versions:
                    version.measure(Path(name), given.rate, given.seconds)
        finally:
            server.close()
    for version in versions:
        table.add_row(*version.row())
    Console(width=TABLE_WIDTH).print(table, facts, sep="\n", soft_wrap=True)


if __name__ == "__main__":
    main()
