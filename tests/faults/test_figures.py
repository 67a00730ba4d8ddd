"""How long it takes, with the settings of somebody who sets nothing: the figures of docs/reliability.md."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.faults import processes
from tests.support.faults.system import DEFAULTS, System
from tests.support.waiting import until
from worker.demo.simulator import InjectedFault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from worker.demo.simulator import Media

pytestmark = pytest.mark.faults

TAKEN_OVER_S = 15.0
RECOVERED_S = 15.0
HANGS_S = 60.0  # longer than everything that is waited for
STORM_S = 10.0
EDITS = 1000
MOST_RUNS = 3


@pytest.fixture(scope="module")
def running(servers_dir: Path) -> Iterator[System]:
    """Run the whole service with its default settings."""
    folder = servers_dir / "defaults"
    folder.mkdir()
    with System(folder, variables=DEFAULTS) as system:
        # A thousand threads that send leave its proxy too little time.
        receiver = system.programs["receiver"]
        receiver.stop()
        receiver.start(DATABASE_URL=system.postgres.server.url)
        receiver.wait_until_ready()
        yield system


@pytest.fixture
def system(running: System) -> Iterator[System]:
    """Return the running service; after each test it must become quiet, and everything must be right."""
    known = set(running.programs)
    yield running
    for program in [program for name, program in running.programs.items() if name not in known]:
        running.remove(program)
    assert running.settle() == []


def test_a_dead_worker_costs_seconds(system: System, media: Media, record_property: Any) -> None:
    """From its death until another has its job."""
    trap = system.hold("scan")
    asset_id = system.platform.upload(media)
    assert trap.sprung.wait(20)
    system.add("analyze").wait_until_ready()
    processes.kill_all(system.programs["analyze"])
    start_s = time.monotonic()
    until(lambda: system.runs(asset_id) == 2, 90)
    took_s = time.monotonic() - start_s

    record_property("seconds", took_s)
    print(f"a worker was killed: another had its job {took_s:.1f} s later")
    assert took_s <= TAKEN_OVER_S
    until(lambda: system.is_published(asset_id), 60)


def test_a_dead_publisher_costs_seconds(system: System, media: Media, record_property: Any) -> None:
    """From its death until another has written what it was writing."""
    system.platform.faults.plan(InjectedFault(delay_s=HANGS_S, status=500), method="PATCH")
    asset_id = system.platform.upload(media)
    until(lambda: system.platform.journal.entries("fault"), 60)
    system.add("publish").wait_until_ready()
    processes.kill_all(system.programs["publish"])
    start_s = time.monotonic()
    until(lambda: system.platform.journal.entries("write", asset_id=asset_id), 90)
    took_s = time.monotonic() - start_s

    record_property("seconds", took_s)
    print(f"a publisher was killed: another had written {took_s:.1f} s later")
    assert took_s <= TAKEN_OVER_S
    until(lambda: system.is_published(asset_id), 60)


def test_a_wiped_broker_costs_seconds(system: System, media: Media, record_property: Any) -> None:
    """From its loss until everything that waited is published."""
    worker = system.programs["analyze"]
    processes.freeze(worker)
    assets = [system.platform.upload(media) for _ in range(3)]
    until(lambda: system.broker().llen("thumbs:analyze") >= 2, 20)
    system.broker().flushall()
    processes.thaw(worker)
    start_s = time.monotonic()
    until(lambda: system.is_published(*assets), 90)
    took_s = time.monotonic() - start_s

    record_property("seconds", took_s)
    print(f"the broker was wiped: all was done {took_s:.1f} s later")
    assert took_s <= RECOVERED_S


def test_a_storm_of_edits_is_at_most_three_runs(
    system: System, media: Media, other_media: Media, record_property: Any
) -> None:
    """Case 26: a thousand edits of one video in ten seconds."""
    asset_id = system.platform.upload(media)
    assert system.settle() == []
    before, start_s = system.runs(asset_id), time.monotonic()
    for number, content in zip(range(EDITS), itertools.cycle((media, other_media)), strict=False):
        system.platform.replace(asset_id, content)
        time.sleep(max(0.0, start_s + (number + 1) * STORM_S / EDITS - time.monotonic()))

    assert system.settle(is_hurried=False) == []
    runs = system.runs(asset_id) - before
    record_property("runs", runs)
    print(f"{EDITS} edits in {STORM_S:.0f} s: {runs} runs")
    assert 1 <= runs <= MOST_RUNS
