"""The whole service behind a real pooler, which is killed."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import pytest

from tests.faults.fleet import halves
from tests.support.faults import processes
from tests.support.faults.pooled_system import POOL_SIZE, PooledSystem
from tests.support.faults.videos import variants
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from worker.demo.simulator import Media

_NUMBERS = itertools.count()
FLEET = ["receiver", "dispatcher", "dispatcher", "analyze", "analyze", "publish", "publish"]
# What is found by looking now and then takes so long, and whoever is told is faster.
RARE = {"SWEEP_S": "45", "REHINT_S": "60", "MAX_ATTEMPTS": "10"}
TOLD_S = 15.0


@pytest.fixture(scope="module")
def videos(shared_dir: Path) -> list[Media]:
    """Return videos whose best moments differ."""
    return variants(shared_dir, 4)


@pytest.fixture(scope="module")
def system(servers_dir: Path) -> Iterator[PooledSystem]:
    """Start the service with many programs and four connections to PostgreSQL."""
    folder = servers_dir / f"s{next(_NUMBERS)}"
    folder.mkdir()
    with PooledSystem(folder, FLEET, RARE) as system:
        yield system


def test_from_webhook_to_write_all_goes_through_four_connections(
    system: PooledSystem, videos: list[Media]
) -> None:
    """Nine processes share them; the dispatchers are told of each event at once, past the pooler."""
    start_s = time.monotonic()
    first = system.platform.upload(videos[0])
    until(lambda: system.is_running(first) or system.is_published(first), 60)
    told_s = time.monotonic() - start_s
    assets = [first, *(system.platform.upload(video) for video in videos * 2)]
    until(lambda: system.is_published(*assets), 120)

    assert told_s < TOLD_S
    assert 0 < len(system.pooler.ask("SHOW SERVERS")) <= POOL_SIZE
    assert system.settle() == []


def test_a_pooler_that_is_killed_again_and_again_loses_nothing(
    system: PooledSystem, videos: list[Media]
) -> None:
    """In the middle of a stream of webhooks, which are answered with 503 meanwhile and sent again."""
    for number in range(12):
        system.platform.upload(videos[number % len(videos)])
        if number % 4 == 1:
            processes.kill(system.pooler)
        if number % 4 == 3:
            system.pooler.start()
        time.sleep(0.2)

    assert system.settle() == []
    assert all(program.process.poll() is None for program in system.programs.values())


def test_a_moment_without_a_pooler_delays_nothing_though_the_dispatchers_sleep(
    system: PooledSystem, videos: list[Media]
) -> None:
    """A hint that a worker takes meanwhile is kept; it would be sent again after a minute."""
    workers, dispatchers = (
        [program for name, program in system.programs.items() if name.startswith(kinds)]
        for kinds in (("analyze", "publish"), ("dispatcher",))
    )
    for worker in workers:
        processes.freeze(worker)
    with system.broker() as broker:
        until(lambda: not broker.info("clients")["blocked_clients"])  # their last questions have ended
        asset_id = system.platform.upload(videos[0])
        until(lambda: any(broker.type(key) == b"list" for key in broker.keys("thumbs:analyze*")))
    for dispatcher in dispatchers:
        processes.freeze(dispatcher)
    processes.kill(system.pooler)
    for worker in workers:
        processes.thaw(worker)
    until(lambda: any("the hint is kept" in worker.said() for worker in workers))
    system.pooler.start()
    start_s = time.monotonic()
    until(lambda: system.runs(asset_id), TOLD_S)
    print(f"the job was taken {time.monotonic() - start_s:.1f} s after the pooler was back")
    for dispatcher in dispatchers:
        processes.thaw(dispatcher)

    assert system.settle() == []


def test_pooler_and_half_of_the_workers_may_die_at_once(system: PooledSystem, videos: list[Media]) -> None:
    """The rows that the dead held are taken over once the pooler is back."""

    def kill_pooler() -> None:
        processes.kill(system.pooler)
        system.pooler.start()

    halving, found = halves.run(system, videos, 1, 1, kill_pooler)

    assert found == []
    assert halving.killed == {"analyze": 1, "publish": 1}
