"""Half of the workers die, again and again, in the middle of a stream of webhooks; a report of what it cost.

    python -m tests.faults.fleet.halves --seed 1 --rounds 20 --analyze 4 --publish 4

In each round half of the analyze workers and half of the publishers are killed at the same instant, with all
their children, as when a rack loses power; supervisors start them again. Measured is how long each row that
a dead worker held stays without anybody: from the kill until another may have it.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from tests.support.faults import processes
from tests.support.faults.system import HURRY, System
from tests.support.faults.videos import variants
from tests.support.waiting import POLL_S, until
from worker.database import transaction
from worker.database.models import Job, Publication
from worker.database.states import JobState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.support.faults.invariants import Violation
    from worker.demo.simulator import Media

KINDS = ("analyze", "publish")
VARIANTS = 6
DEAD_S = 0.5  # before a supervisor starts them again
BUSY_S = 60.0  # within which the fleet has begun with new videos
VIDEOS_PER_WORKER = 2  # in a round, so that nobody is idle when it is struck
QUIET_S = 900.0
PATIENCE = {"MAX_ATTEMPTS": "10"}  #: so many deaths of its workers are no reason to give a job up

#: A row and the claim on it: table, id, token.
Held = tuple[str, int, int]


@dataclass
class Halving:
    """What is sent, who dies, and how long rows were without a worker."""

    system: System
    videos: Sequence[Media]
    chance: random.Random
    strike_more: Callable[[], None] = lambda: None  #: harm done at the same instant
    sent: int = 0
    killed: Counter[str] = field(default_factory=Counter)
    orphaned_s: list[float] = field(default_factory=list)  #: for each row that a dead worker held

    def round(self) -> None:
        """Send videos, kill half of each kind at work, start them again, and wait for what they held."""
        workers = [name for name in self.system.programs if name.startswith(KINDS)]
        for _ in range(VIDEOS_PER_WORKER * len(workers)):
            self.system.platform.upload(self.chance.choice(self.videos))
            self.sent += 1
        until(lambda: len(self._held()) >= len(workers) // 2, BUSY_S, "nobody works")
        victims = self._choose()
        owners = {str(program.process.pid) for program in victims}
        for program in victims:
            processes.kill_all(program)
            self.killed[program.name.partition("-")[0]] += 1
        self.strike_more()
        struck_s = time.monotonic()
        orphans = {held for held, owner in self._held().items() if owner.split(":")[1] in owners}
        time.sleep(DEAD_S)
        for program in victims:
            program.start()
        self._wait_for(orphans, struck_s)

    def _choose(self) -> list[processes.ServiceProgram]:
        """Draw half of the workers of each kind."""
        victims = []
        for kind in KINDS:
            fleet = [program for name, program in self.system.programs.items() if name.startswith(kind)]
            victims += self.chance.sample(fleet, len(fleet) // 2)
        return victims

    def _wait_for(self, orphans: set[Held], struck_s: float) -> None:
        """Note for each row when its dead worker's claim ended."""
        while orphans:
            try:
                still = orphans & self._held().keys()
            except SQLAlchemyError:
                continue
            waited_s = time.monotonic() - struck_s
            self.orphaned_s += [waited_s] * len(orphans - still)
            orphans = still
            assert waited_s < QUIET_S, f"nobody took over {orphans}"
            time.sleep(POLL_S)

    def _held(self) -> dict[Held, str]:
        """Read who holds what."""
        held = {}
        with transaction(self.system.engine) as session:
            for table in (Job, Publication):
                of_claims = select(table.id, table.lease_token, table.lease_owner)
                for row in session.execute(of_claims.where(table.lease_until.is_not(None))):
                    held[table.__tablename__, row.id, row.lease_token] = row.lease_owner or ""
        return held


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that so large a share of them does not exceed; 0 of none."""
    return sorted(values)[math.ceil(share * len(values)) - 1] if values else 0.0


def report(halving: Halving, given: str, took_s: float, found: Sequence[Violation]) -> str:
    """Tell what was done and what came of it, as Markdown."""
    waited, system = halving.orphaned_s, halving.system
    times_s = [percentile(waited, share) for share in (0.5, 0.95, 1.0)]
    with transaction(system.engine) as session:
        jobs = Counter(session.scalars(select(Job.state)))
        attempts = Counter(session.scalars(select(Job.attempt).where(Job.state == JobState.COMPLETED)))
    writes = Counter(entry.asset_id for entry in system.platform.journal.entries("write"))
    lines = [
        f"`python -m tests.faults.fleet.halves {given}`,",
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, leases of {HURRY['LEASE_S']} s:",
        f"{took_s:.0f} s.",
        "",
        f"Violations of I1 to I9: **{len(found)}**",
        *(f"- {violation.invariant}: {violation.what}" for violation in found),
        "",
        "| what | |",
        "|---|---|",
        f"| videos | {halving.sent} |",
        f"| killed | {', '.join(f'{count} x {kind}' for kind, count in sorted(halving.killed.items()))} |",
        f"| rows that the dead held | {len(waited)} |",
        f"| until another may have them, p50 / p95 / max | {' / '.join(f'{one:.1f}' for one in times_s)} s |",
        f"| jobs | {', '.join(f'{count} {state}' for state, count in sorted(jobs.items()))} |",
        f"| attempts that a job took | {', '.join(f'{k}: {n}' for k, n in sorted(attempts.items()))} |",
        f"| videos whose thumbnail was written more than once | {sum(n > 1 for n in writes.values())} |",
    ]
    return "\n".join(lines) + "\n"


def run(
    system: System,
    videos: Sequence[Media],
    seed: int,
    rounds: int,
    strike_more: Callable[[], None] = lambda: None,
) -> tuple[Halving, list[Violation]]:
    """Kill halves of a running fleet; returns what was measured, and what must never be and was."""
    halving = Halving(system, videos, random.Random(seed), strike_more)  # noqa: S311 - no secret
    for _ in range(rounds):
        halving.round()
    return halving, system.settle(QUIET_S)


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--analyze", type=int, default=4, help="analyze workers")
    parser.add_argument("--publish", type=int, default=4, help="publishers")
    given = parser.parse_args()
    programs = ["receiver", "dispatcher", *["analyze"] * given.analyze, *["publish"] * given.publish]
    words = " ".join(f"--{name} {value}" for name, value in vars(given).items())
    with tempfile.TemporaryDirectory(prefix="thumbs-", ignore_cleanup_errors=True) as name:
        folder = Path(name) / "system"
        folder.mkdir()
        videos = variants(folder.parent, VARIANTS)
        with System(folder, programs, PATIENCE) as system:
            start_s = time.monotonic()
            halving, found = run(system, videos, given.seed, given.rounds)
            print(report(halving, words, time.monotonic() - start_s, found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
