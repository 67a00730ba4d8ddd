"""Workers and dispatchers that are killed, frozen, or replaced at every point of a job."""

from __future__ import annotations

import signal
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from tests.support.faults import processes
from tests.support.faults.system import HURRY, System
from tests.support.media import pictures
from tests.support.waiting import POLL_S, until
from worker.demo.clip import media_of
from worker.pipeline.sandbox.child_process import MODULE

if TYPE_CHECKING:
    from pathlib import Path

    from worker.demo.simulator import Media

LEASE_S, SWEEP_S = float(HURRY["LEASE_S"]), float(HURRY["SWEEP_S"])
HAND_OVER_S = 5.0
TAKEN_OVER_S = 15.0
# Where a job is killed: as it enters a stage, before its result is committed, and after that.
STAGES = ["download", "scan", "score", "stills"]


def take_over_s(system: System, asset_id: str) -> float:
    """Return how long it takes until the job of a killed worker is not its job any more."""
    start_s = time.monotonic()
    until(lambda: not system.is_running(asset_id) or system.jobs(asset_id)[0].attempt == 2, 90)
    return time.monotonic() - start_s


@pytest.mark.parametrize(
    "stage", [pytest.param(name, marks=[] if name == "scan" else [pytest.mark.faults]) for name in STAGES]
)
def test_a_worker_that_is_killed_in_a_stage_costs_one_attempt(
    system: System, media: Media, stage: str
) -> None:
    """Case 11: its lease runs out, and the next attempt brings the thumbnail."""
    trap = system.hold(stage)
    asset_id = system.platform.upload(media)
    assert trap.sprung.wait(20)
    processes.kill(system.programs["analyze"])
    system.programs["analyze"].start()  # as supervisors do, while the lease runs out
    took_s = take_over_s(system, asset_id)

    assert took_s < LEASE_S + 2 * SWEEP_S
    assert system.settle() == []
    assert system.jobs(asset_id)[0].attempt == 2


@pytest.mark.faults
@pytest.mark.parametrize("is_committed", [False, True], ids=["before", "after"])
def test_a_worker_that_is_killed_at_the_commit_of_its_result_does_not_double_it(
    system: System, media: Media, *, is_committed: bool
) -> None:
    """Case 11: before it, there is one more attempt; after it, the returning message finds nothing to do."""
    worker = system.programs["analyze"]
    processes.kill_all(worker)
    worker.start()
    worker.wait_until_ready()
    trap = system.way("analyze", "database").set_trap(
        b"COMMIT", is_forwarded=is_committed, after=b"INSERT INTO publications"
    )
    asset_id = system.platform.upload(media)
    assert trap.sprung.wait(20)
    until(lambda: not is_committed or not system.is_running(asset_id), 20)
    processes.kill_all(worker)

    assert system.settle() == []
    assert system.runs(asset_id) == (1 if is_committed else 2)
    assert len(system.platform.journal.entries("write", asset_id=asset_id)) == 1


@pytest.mark.faults
def test_a_dispatcher_that_dies_between_its_note_and_its_message_loses_nothing(
    system: System, media: Media
) -> None:
    """Case 10: the job is marked as announced, and nobody was told."""
    system.way("dispatcher", "broker").is_half_open = True
    asset_id = system.platform.upload(media)
    until(lambda: [job.hinted_at for job in system.jobs(asset_id)] not in ([], [None]), 20)
    processes.kill(system.programs["dispatcher"])


@pytest.mark.faults
def test_two_dispatchers_do_not_double_the_work(system: System, media: Media) -> None:
    """Case 10: each video is looked at once."""
    second = system.add("dispatcher")
    second.wait_until_ready()
    assets = [system.platform.upload(media) for _ in range(10)]

    assert system.settle() == []
    assert [system.runs(asset_id) for asset_id in assets] == [1] * 10
    system.remove(second)


@pytest.mark.faults
def test_a_worker_that_was_frozen_for_too_long_stores_nothing(system: System, media: Media) -> None:
    """Case 13: another has finished the job meanwhile; what the first one does is refused."""
    frozen = system.programs["analyze"]
    trap = system.hold("score")
    asset_id = system.platform.upload(media)
    assert trap.sprung.wait(20)
    processes.freeze(frozen)
    other = system.add("analyze")
    until(lambda: system.is_published(asset_id), 60)
    system.way("analyze", "database").drop()
    processes.thaw(frozen)

    until(lambda: "is not ours any more" in frozen.said(), 30)
    assert system.settle() == []
    assert len(system.platform.journal.entries("write", asset_id=asset_id)) == 1
    system.remove(other)


@pytest.mark.faults
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT], ids=["TERM", "QUIT"])
def test_a_deployment_burns_no_attempt(
    system: System, media: Media, number: signal.Signals, record_property: Any
) -> None:
    """Case 15: the job is given back, and another worker has it within seconds."""
    stopped = system.programs["analyze"]
    trap = system.hold("scan")
    asset_id = system.platform.upload(media)
    assert trap.sprung.wait(20)
    other = system.add("analyze")
    other.wait_until_ready()
    start_s = time.monotonic()
    stopped.process.send_signal(number)
    system.way("analyze", "database").drop()
    until(lambda: system.is_published(asset_id), 60)
    took_s = time.monotonic() - start_s
    assert stopped.process.wait(20) == 0

    record_property("seconds", took_s)
    print(f"{number.name}: published by another worker {took_s:.1f} s later")
    assert took_s < HAND_OVER_S
    assert system.jobs(asset_id)[0].attempt == 1, system.history(asset_id)
    system.remove(other)


@pytest.mark.faults
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV], ids=["KILL", "SEGV"])
def test_a_video_that_kills_its_decoder_costs_exactly_its_attempts(
    system: System, media: Media, number: signal.Signals, record_property: Any
) -> None:
    """Cases 12, 23 and 27: the worker lives, the job is given up, others are done meanwhile."""
    worker = system.programs["analyze"]
    pid = worker.process.pid
    poison = system.platform.upload(media_of(pictures.footage_path("bikes")))
    others: dict[str, float] = {}
    slowest_s = 0.0
    while not is_given_up(system, poison):
        if system.is_in(poison, "scan"):
            kill_decoder(worker, number)
        else:
            system.hurry()
        if len(others) < 3:
            others[system.platform.upload(media)] = time.monotonic()
        for asset_id in [one for one in others if system.is_published(one)]:
            slowest_s = max(slowest_s, time.monotonic() - others.pop(asset_id))
        time.sleep(POLL_S)

    assert system.settle() == []
    record_property("seconds", slowest_s)
    print(f"poison: others took at most {slowest_s:.1f} s")
    assert system.runs(poison) == int(HURRY["MAX_ATTEMPTS"])
    assert system.jobs(poison)[0].error_class == "DecoderCrashed"
    assert worker.process.pid == pid
    assert worker.process.poll() is None


def is_given_up(system: System, asset_id: str) -> bool:
    """Say whether its job was discarded."""
    return any(job.state == "discarded" for job in system.jobs(asset_id))


def kill_decoder(worker: processes.ServiceProgram, number: signal.Signals) -> None:
    """End the process that decodes."""
    for process in processes.family(worker)[1:]:
        with suppress(psutil.NoSuchProcess):
            if MODULE in process.cmdline():
                process.send_signal(number)


@pytest.mark.faults
def test_a_clock_that_is_an_hour_off_does_no_harm(system: System, media: Media, tmp_path: Path) -> None:
    """Case 25: leases go by the database's clock; only webhooks are signed with a time."""
    (tmp_path / "sitecustomize.py").write_text(
        "import time\nnow = time.time\ntime.time = lambda: now() + 3600\n"
    )
    others = [program for name, program in system.programs.items() if name != "receiver"]
    with ExitStack() as stack:
        for program in others:
            start_again(program, PYTHONPATH=str(tmp_path))
            stack.callback(start_again, program, PYTHONPATH="")
        asset_id = system.platform.upload(media)
        assert system.settle() == []
        assert (system.runs(asset_id), system.is_published(asset_id)) == (1, True)

    receiver = system.programs["receiver"]
    with ExitStack() as stack:
        start_again(receiver, PYTHONPATH=str(tmp_path))
        stack.callback(start_again, receiver, PYTHONPATH="")
        receiver.wait_until_ready()
        late = system.platform.upload(media)
        deliveries = system.platform.journal.entries
        until(lambda: deliveries("delivery", asset_id=late), 20)
        assert {entry.status for entry in deliveries("delivery", asset_id=late)} == {401}


def start_again(program: processes.ServiceProgram, **variables: str) -> None:
    """End a program at once, and start it with other variables."""
    processes.kill_all(program)
    program.start(**variables)
