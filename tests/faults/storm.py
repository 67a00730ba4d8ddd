"""A storm: thousands of webhooks while processes are killed and frozen, and a report of what was lost.

    python -m tests.faults.storm --seed 1 --deliveries 10000 --kills 200

The seed decides what is sent, in which order, and what is done to whom after which delivery. The machine
decides the rest, so the same seed finds the same kind of trouble, not the same instant.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from tests.support.faults.random_harm import Nemesis
from tests.support.faults.system import System
from tests.support.faults.videos import variants
from worker.database import transaction
from worker.database.inbox import WebhookEvent
from worker.database.models import Asset, Job, JobLog
from worker.database.states import JobState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.faults.invariants import Violation
    from worker.demo.simulator import Media

PROGRAMS = ("receiver", "analyze", "analyze", "publish", "dispatcher", "dispatcher")
VARIANTS = 8
DELIVERIES_PER_VIDEO = 25
BROKEN_WAYS_PER_KILL = 0.25
UPSETS_PER_KILL = 0.1  # of the broker
REFUSALS_PER_KILL = 0.02  # of the platform's token
SECONDS_PER_DELIVERY = 0.06  # of 10,000 in ten minutes: what two cores keep up with between two kills
QUIET_S = 420.0
TURN_S = 0.01


@dataclass
class Storm:
    """What is sent, and when somebody is hurt."""

    system: System
    videos: Sequence[Media]
    chance: random.Random
    deliveries: int
    kills: int

    def __post_init__(self) -> None:
        self.sent = 0
        self._assets: list[str] = []
        self.nemesis = Nemesis(self.system, self.chance)

    def rage(self) -> None:
        """Send everything, and hurt on the way; then let what is hurt recover."""
        harms = [
            (self.nemesis.strike, self._moments(1.0)),
            (self.nemesis.break_way, self._moments(BROKEN_WAYS_PER_KILL)),
            (self.nemesis.upset_broker, self._moments(UPSETS_PER_KILL)),
            (self.nemesis.refuse_token, self._moments(REFUSALS_PER_KILL)),
        ]
        start_s = time.monotonic()
        for number in range(self.deliveries):
            while self.sent <= number:
                self.sent += self._send()
            for harm, moments in harms:
                for _ in range(moments[number]):
                    print(f"after {number} deliveries: {harm()}", flush=True)
            while time.monotonic() < start_s + number * SECONDS_PER_DELIVERY:
                self.nemesis.turn()
                time.sleep(TURN_S)
            self.nemesis.turn()
        while self.nemesis.is_at_work():
            self.nemesis.turn()
            time.sleep(TURN_S)

    def _moments(self, per_kill: float) -> Counter[int]:
        """Decide after which deliveries a kind of harm is done, and how often."""
        return Counter(self.chance.choices(range(self.deliveries), k=round(self.kills * per_kill)))

    def _send(self) -> int:
        """Let something happen at the platform, and return how many copies of its webhook are sent."""
        platform, copies = self.system.platform, self.chance.randint(1, 5)
        if len(self._assets) * DELIVERIES_PER_VIDEO <= self.sent:
            self._assets.append(platform.upload(self.chance.choice(self.videos), copies=copies))
            return copies
        asset_id = self.chance.choice(self._assets)
        happening = self.chance.random()
        if happening < 0.15:
            platform.replace(asset_id, self.chance.choice(self.videos))
            return 1
        if happening < 0.16:
            self._assets.remove(asset_id)
            platform.delete(asset_id)
            return 1
        platform.announce(asset_id, copies=copies)
        return copies


def report(storm: Storm, seed: int, took_s: float, quiet_s: float, found: Sequence[Violation]) -> str:
    """Tell what was sent, what was done, and what came of it, as Markdown."""
    system = storm.system
    answers = Counter(entry.status for entry in system.platform.journal.entries("delivery"))
    with transaction(system.engine) as session:
        counts = {
            "events in the inbox": session.scalar(select(func.count()).select_from(WebhookEvent)),
            "videos": session.scalar(select(func.count()).select_from(Asset)),
            "runs begun": session.scalar(
                select(func.count()).select_from(JobLog).where(JobLog.state == JobState.RUNNING)
            ),
            "jobs taken over from a silent worker": session.scalar(
                select(func.count()).select_from(JobLog).where(JobLog.note.contains("WorkerSilent"))
            ),
            "jobs given up": session.scalar(
                select(func.count()).select_from(Job).where(Job.state == JobState.DISCARDED)
            ),
        }
    logs = "".join(log.read_text(errors="replace") for log in (system.folder / "logs").iterdir())
    counts["writes that came too late and were refused"] = logs.count("is not ours any more")
    counts["writes that the platform accepted"] = len(system.platform.journal.entries("write"))
    given = f"--seed {seed} --deliveries {storm.deliveries} --kills {storm.kills}"
    tried = ", ".join(f"{count} x {status or 'none'}" for status, count in answers.most_common())
    lines = [
        "# The last storm",
        "",
        f"`python -m tests.faults.storm {given}`, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores:",
        f"{took_s:.0f} s of storm, quiet {quiet_s:.0f} s later.",
        "",
        f"Violations of I1 to I9: **{len(found)}**",
        *(f"- {violation.invariant}: {violation.what}" for violation in found),
        "",
        "| what | how often |",
        "|---|---|",
        f"| webhooks sent | {storm.sent} |",
        f"| answers to them, and to those that our own writes raised | {tried} |",
        *(f"| {what} | {count} |" for what, count in counts.items()),
        *(f"| {what} | {count} |" for what, count in sorted(storm.nemesis.done.items())),
    ]
    return "\n".join(lines) + "\n"


def run(folder: Path, seed: int, deliveries: int, kills: int) -> tuple[str, list[Violation]]:
    """Rage once; returns the report, and what must never be and was."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    (folder / "videos").mkdir()
    (folder / "system").mkdir()
    videos = variants(folder / "videos", VARIANTS)
    with System(folder / "system", PROGRAMS, {"MAX_ATTEMPTS": "5"}) as system:
        storm = Storm(system, videos, chance, deliveries, kills)
        start_s = time.monotonic()
        storm.rage()
        raged_s = time.monotonic()
        found = system.settle(QUIET_S)
        quiet_s = time.monotonic() - raged_s
        return report(storm, seed, raged_s - start_s, quiet_s, found), found


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--deliveries", type=int, default=500)
    parser.add_argument("--kills", type=int, default=20, help="kills and freezes")
    parser.add_argument("--report", type=Path, help="a file to write the report to")
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="thumbs-", ignore_cleanup_errors=True) as folder:
        told, found = run(Path(folder), given.seed, given.deliveries, given.kills)
    print(told)
    if given.report:
        given.report.write_text(told)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
