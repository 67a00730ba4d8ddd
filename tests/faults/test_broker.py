"""Valkey is away, frozen, wiped, refuses, or holds nonsense: everything is done nevertheless."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

import pytest

from tests.faults.test_database import pids
from tests.support.faults import processes
from tests.support.faults.broker_illness import GARBAGE, ILLNESSES, QUEUE_KEYS, Illness
from tests.support.waiting import until

if TYPE_CHECKING:
    from tests.support.faults.system import System
    from worker.demo.simulator import Media

ACK_S = 1.0  #: an answer takes milliseconds; a busy machine may add some
RECOVERED_S = 15.0


def slowest_answer_s(system: System, media: Media, count: int = 10) -> float:
    """Upload videos, wait until the platform's webhooks were taken, and return how long that took."""
    start_s = time.monotonic()
    for _ in range(count):
        system.platform.upload(media)
    until(system.platform.is_heard, 20)
    return time.monotonic() - start_s


def refusals(system: System) -> list[int | None]:
    """Return every answer to a delivery that was no 2xx."""
    answers = [entry.status for entry in system.platform.journal.entries("delivery")]
    return [status for status in answers if status not in {200, 202}]


@pytest.mark.faults
def test_webhooks_are_taken_while_there_is_no_broker(system: System, media: Media) -> None:
    """Case 5: nothing is refused; the work is done once the broker is there."""
    processes.kill(system.valkey)

    assert slowest_answer_s(system, media) < ACK_S
    assert refusals(system) == []
    assert not system.is_quiet()


@pytest.mark.faults
def test_webhooks_are_taken_while_the_broker_is_frozen(system: System, media: Media) -> None:
    """Case 6: longer than the programs' patience with it."""
    processes.freeze(system.valkey)
    took_s = slowest_answer_s(system, media)
    until(lambda: "the broker does not answer" in system.programs["dispatcher"].said(), 30)
    processes.thaw(system.valkey)

    assert took_s < ACK_S
    assert refusals(system) == []


@pytest.mark.parametrize(
    "how", [pytest.param("killed and its data deleted", marks=pytest.mark.faults), "flushed"]
)
def test_what_a_wiped_broker_forgot_is_announced_again(system: System, media: Media, how: str) -> None:
    """Case 7: the rows are the truth."""
    worker = system.programs["analyze"]
    processes.freeze(worker)
    for _ in range(5):
        system.platform.upload(media)
    until(lambda: system.broker().llen("thumbs:analyze") >= 3, 20)
    if how == "flushed":
        system.broker().flushall()
    else:
        processes.kill(system.valkey)
        shutil.rmtree(system.folder / "valkey" / "appendonlydir")
        system.valkey.start()
    processes.thaw(worker)


@pytest.mark.faults
def test_a_message_that_died_with_its_worker_is_sent_again(system: System, media: Media) -> None:
    """Case 8: the broker gave it to a frozen worker, which was killed before it noted that."""
    worker = system.programs["analyze"]
    processes.freeze(worker)
    asset_id = system.platform.upload(media)
    until(lambda: system.jobs(asset_id) and system.jobs(asset_id)[0].hinted_at, 20)
    broker = system.broker()
    until(lambda: not broker.llen("thumbs:analyze"), 20)

    processes.kill_all(worker)

    assert system.settle() == []
    assert system.jobs(asset_id)[0].hint_no > 1


@pytest.mark.faults
def test_a_broken_way_to_the_broker_mends_itself(system: System, media: Media) -> None:
    """Half-open, then cut, between the dispatcher and Valkey; no program is started again."""
    way = system.way("dispatcher", "broker")
    for harm in ("is_half_open", "is_cut"):
        setattr(way, harm, True)
        asset_id = system.platform.upload(media)
        said = system.programs["dispatcher"].said
        before = said().count("the broker does not answer")
        until(lambda said=said, before=before: said().count("the broker does not answer") > before, 30)
        way.heal()
        until(lambda asset_id=asset_id: system.is_published(asset_id), 30)


@pytest.mark.faults
def test_all_ways_may_be_slow_and_in_small_pieces(system: System, media: Media) -> None:
    """50 ms each way and at most 100 bytes at a time, everywhere."""
    for way in system.ways.values():
        way.latency_s, way.slice_bytes = 0.05, 100

    asset_id = system.platform.upload(media)

    until(lambda: system.is_published(asset_id), 60)


@pytest.mark.faults
@pytest.mark.parametrize(
    "illness",
    [illness for illness in ILLNESSES if illness.name in {"read-only", "full", "cannot save"}],
    ids=lambda illness: illness.name,
)
def test_a_broker_that_refuses_costs_no_event_and_no_restart(
    system: System, media: Media, illness: Illness
) -> None:
    """Case 33: the log says why, and all goes on by itself once the broker is well."""
    before, said = pids(system), system.programs["dispatcher"].said
    told = said().count(illness.says)
    with illness.of(system.broker()):
        asset_id = system.platform.upload(media)
        until(lambda: said().count(illness.says) > told, 30)
    until(lambda: system.is_published(asset_id), 60)

    assert pids(system) == before


@pytest.mark.faults
def test_nonsense_in_the_broker_costs_nothing(system: System, media: Media) -> None:
    """Case 34: forged, damaged and huge entries in every queue, and hints for rows that do not exist."""
    before = pids(system)
    for key in QUEUE_KEYS:
        system.broker().lpush(key, *GARBAGE.values())
    asset_id = system.platform.upload(media)
    until(lambda: system.is_published(asset_id), 60)

    assert pids(system) == before
