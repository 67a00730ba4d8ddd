"""Measure how many viewers are counted, and what the receiver notices; exit with 1 where a target is missed.

    python -m tests.benchmarks.service.beacon [--batches 1000] [--seconds 30] [--webhooks 50] [--tests 200]

The real beacon and receiver, PostgreSQL and Valkey run on this machine, next to both senders. A batch
has 20 events. Afterwards the database is asked for what was counted.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from tests.benchmarks.service.receiver import P99_MS, TABLE_WIDTH, ReceiverRow, SenderRun, machine, send
from tests.benchmarks.service.sender import VIEWS
from tests.support.service.live_receiver import served
from tests.support.trials.counted_trials import running_test
from tests.support.trials.live_beacon import served_beacon
from worker.database import make_engine, migrate, transaction
from worker.database.trials import TrialCount
from worker.standalone.servers import start_postgres, start_valkey
from worker.trials import counting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from tests.support.service.live_receiver import Served
    from tests.support.trials.live_beacon import LiveBeacon

CONNECTIONS = 16
# The senders, the servers and both programs share the cores, so that some waiting for a core is ours.
MOST_TIMES = 2.0
MOST_MS = 1.0  # of two cores, so that 1,000 batches a second leave one of them to the others


def beside(receiver: Served, beacon: LiveBeacon, given: argparse.Namespace) -> tuple[SenderRun, SenderRun]:
    """Send webhooks while viewers send; return how each went."""
    viewers: list[SenderRun] = []

    def be_viewers() -> None:
        count = given.batches * given.seconds
        viewers.append(send(beacon, count, given.batches, CONNECTIONS, "--seen", str(given.tests)))

    thread = threading.Thread(target=be_viewers)
    thread.start()
    webhooks = send(receiver, given.webhooks * given.seconds, given.webhooks, CONNECTIONS)
    thread.join()
    return webhooks, viewers[0]


def merged(engine: Engine) -> int:
    """Merge the inbox; return the impressions that are counted."""
    while True:
        with transaction(engine) as session:
            if not counting.merge(session, counting.BATCH_ROWS, settled_s=-1):
                return int(session.scalar(select(func.sum(TrialCount.impressions))) or 0)


def rows(receiver: Served, beacon: LiveBeacon, given: argparse.Namespace) -> Iterator[ReceiverRow]:
    """Every line about the time of answers."""
    alone = send(receiver, given.webhooks * given.seconds, given.webhooks, CONNECTIONS)
    before_s = beacon.processor_s()
    webhooks, viewers = beside(receiver, beacon, given)
    each_ms = 1000 * (beacon.processor_s() - before_s) / (given.batches * given.seconds)
    rate = viewers.codes.get("204", 0) / viewers.took_s
    wanted = 0.95 * given.batches
    yield ReceiverRow(f"{given.batches} batches/s for {given.seconds} s", str(viewers))
    yield ReceiverRow(
        "  answered with 204", f"{rate:.0f}/s, {rate * VIEWS:.0f} events/s", f"{wanted:.0f}/s", rate >= wanted
    )
    # The figure that does not depend on what else this machine does.
    yield ReceiverRow(
        "  processor time for each", f"{each_ms:.2f} ms", f"< {MOST_MS:g} ms", each_ms < MOST_MS
    )
    yield ReceiverRow(f"{given.webhooks} webhooks/s, the receiver alone", str(alone))
    yield ReceiverRow(
        "  beside the beacon", str(webhooks), f"p99 < {P99_MS:.0f} ms", webhooks.at_ms(0.99) < P99_MS
    )
    times = webhooks.at_ms(0.99) / alone.at_ms(0.99)
    yield ReceiverRow("  its p99, times that alone", f"{times:.2f}", f"< {MOST_TIMES}", times < MOST_TIMES)


def measure(given: argparse.Namespace) -> Iterator[ReceiverRow]:
    """Every line of the table."""
    with tempfile.TemporaryDirectory(prefix="thumbs-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        server, valkey = start_postgres(folder / "postgres"), start_valkey(folder / "valkey")
        engine = make_engine(server.url)
        try:
            migrate.upgrade(engine)
            for number in range(given.tests):
                running_test(engine, f"a{number}")
            with served(server.url, folder) as receiver:
                send(receiver, 40 * CONNECTIONS, 0, CONNECTIONS)  # connections, caches
                with served_beacon(server.url, folder, REDIS_URL=valkey.url) as beacon:
                    yield from rows(receiver, beacon, given)
            counted = merged(engine)
            told = given.batches * given.seconds * VIEWS
            yield ReceiverRow(
                "events told, and not counted", f"{told - counted} of {told}", "0", told == counted
            )
        finally:
            engine.dispose()
            valkey.close()
            server.close()


def main() -> None:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batches", type=int, default=1000, help="a second")
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--webhooks", type=int, default=50, help="a second")
    parser.add_argument("--tests", type=int, default=200, help="that run")
    facts = machine()
    found = list(measure(parser.parse_args()))
    table = Table("figure", "measured", "target", "")
    verdicts = {True: "met", False: "MISSED", None: ""}
    for row in found:
        table.add_row(row.what, row.measured, row.target, verdicts[row.is_met])
    Console(width=TABLE_WIDTH).print(table, facts, sep="\n", soft_wrap=True)
    sys.exit(1 if any(row.is_met is False for row in found) else 0)


if __name__ == "__main__":
    main()
