"""PostgreSQL is killed, frozen, locked, restored, or its answers are lost: nothing false, nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text

from tests.support.faults import backups, processes
from tests.support.faults.system import ROOT, System
from tests.support.waiting import until
from worker.database import migrate, transaction
from worker.database.models import Job
from worker.settings import environment

if TYPE_CHECKING:
    from pathlib import Path

    from worker.demo.simulator import Media

BACK_S = 3.0
PROBE_S = 0.05


def pids(system: System) -> dict[str, int]:
    """Return the main process of each program."""
    return {name: program.process.pid for name, program in system.programs.items()}


def first_answer_s(system: System, since_s: float) -> float:
    """Return how long after `since_s` the receiver takes an event again; it is asked all the time."""
    journal = system.platform.journal
    until(
        lambda: any(
            entry.at_s >= since_s and entry.status in {200, 202} for entry in journal.entries("delivery")
        ),
        30,
    )
    taken = [entry.at_s for entry in journal.entries("delivery") if entry.status in {200, 202}]
    return next(at_s for at_s in taken if at_s >= since_s) - since_s


def test_a_killed_database_costs_no_event_and_no_restart(
    system: System, media: Media, record_property: Any
) -> None:
    """Case 16: 503 while it is away, 2xx within seconds after it is back; every program goes on."""
    before = pids(system)
    system.platform.upload(media)
    until(system.platform.is_heard, 20)
    processes.kill(system.postgres)
    assets = [system.platform.upload(media) for _ in range(3)]
    refused = [503, None]
    until(lambda: system.platform.journal.entries("delivery")[-1].status in refused, 20)

    system.postgres.start()
    since_s = time.time()
    with Announcing(system, assets[0]):
        took_s = first_answer_s(system, since_s)

    record_property("seconds", took_s)
    print(f"PostgreSQL was killed: the first 2xx came {took_s:.1f} s after it was back")
    assert took_s <= BACK_S
    assert system.settle() == []
    assert system.is_published(*assets)
    assert pids(system) == before


class Announcing:
    """Tells of a video again and again, as a busy platform does."""

    def __init__(self, system: System, asset_id: str) -> None:
        self._system, self._asset_id = system, asset_id
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._announce)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _announce(self) -> None:
        while not self._done.wait(PROBE_S):
            self._system.platform.announce(self._asset_id)


@pytest.mark.faults
def test_a_killed_backend_ends_all_connections_and_nothing_else(system: System, media: Media) -> None:
    """Case 16: PostgreSQL ends every connection then, in the middle of whatever was going on."""
    before = pids(system)
    for number in range(10):
        system.platform.upload(media)
        if number == 5:
            with transaction(system.engine) as session:
                mine = text("SELECT pid FROM pg_stat_activity WHERE client_port IS NOT NULL LIMIT 1")
                pid = session.scalar(mine)
            children = {process.pid for process in processes.family(system.postgres)}
            assert pid in children
            os.kill(pid, signal.SIGKILL)

    assert system.settle() == []
    assert pids(system) == before


@pytest.mark.faults
def test_a_frozen_database_is_answered_with_503(system: System, media: Media) -> None:
    """Case 16: for longer than a lease; workers give up what they cannot keep."""
    trap = system.hold("scan")
    held = system.platform.upload(media)
    assert trap.sprung.wait(20)
    processes.freeze(system.postgres)
    asset_id = system.platform.upload(media)
    answers = system.platform.journal.entries
    until(lambda: any(entry.asset_id == asset_id for entry in answers("delivery")), 30)
    refused = [entry.status for entry in answers("delivery") if entry.asset_id == asset_id]
    processes.thaw(system.postgres)
    system.way("analyze", "database").drop()

    assert set(refused) <= {503, None}
    assert system.settle() == []
    assert system.is_published(held, asset_id)


@pytest.mark.faults
@pytest.mark.parametrize(
    ("program", "after"),
    [
        pytest.param("analyze", b"INSERT INTO publications", id="the result"),
        pytest.param("publish", b"confirmed_at=", id="the confirmation"),
        pytest.param("dispatcher", b"hint_no", id="the announcement"),
    ],
)
@pytest.mark.parametrize("is_committed", [False, True], ids=["not committed", "committed"])
def test_a_commit_whose_answer_is_lost_is_made_once(
    system: System, media: Media, program: str, after: bytes, *, is_committed: bool
) -> None:
    """Case 17: nobody can know whether it was made, so the row is read again."""
    renew(system, program)
    way = system.way(program, "database")
    trap = way.set_trap(b"COMMIT", is_forwarded=is_committed, after=after)
    asset_id = system.platform.upload(media)
    assert trap.sprung.wait(30)
    way.drop()

    assert system.settle() == []
    assert system.runs(asset_id) == 1
    assert len(system.platform.journal.entries("write", asset_id=asset_id)) <= 2


def renew(system: System, program: str) -> None:
    """Start a program again, so that its connections still send every statement in full."""
    processes.kill_all(system.programs[program])
    system.programs[program].start()
    system.programs[program].wait_until_ready()


@pytest.mark.faults
def test_a_worker_that_cannot_renew_its_lease_stops(system: System, media: Media) -> None:
    """Case 14: somebody holds the job's row for longer than the lease."""
    trap = system.hold("scan")
    asset_id = system.platform.upload(media)
    assert trap.sprung.wait(20)
    with transaction(system.engine) as session:
        session.scalars(select(Job).where(Job.id == system.jobs(asset_id)[0].id).with_for_update()).one()
        system.way("analyze", "database").drop()
        worker = system.programs["analyze"]
        until(lambda: "is not ours any more" in worker.said(), 30)

    assert system.settle() == []
    assert system.is_published(asset_id)


@pytest.mark.faults
def test_tables_are_migrated_while_events_come_in(folder: Path, media: Media) -> None:
    """Case 29: the newest migration is taken back and made again under load, with no answer but 2xx.

    Before and after each change, and while it is made, events come in.
    """
    with System(folder, programs=["receiver"]) as system:
        asset_id = system.platform.upload(media)
        until(system.platform.is_heard, 20)
        with Announcing(system, asset_id):
            for change, revision in ((migrate.downgrade, "-1"), (migrate.upgrade, "head")) * 3:
                change(system.engine, revision)
                taken_meanwhile(system)
        until(system.platform.is_heard, 20)
        answers = [entry.status for entry in system.platform.journal.entries("delivery")]
        with system.engine.connect() as connection:
            assert connection.scalar(text("SELECT version_num FROM alembic_version")) == migrate.head()
    assert set(answers) <= {200, 202}


def taken_meanwhile(system: System, count: int = 3) -> None:
    """Return once so many more events were answered."""
    deliveries = system.platform.journal.entries
    enough = len(deliveries("delivery")) + count
    until(lambda: len(deliveries("delivery")) >= enough, 20)


@pytest.mark.faults
def test_a_restored_backup_is_brought_up_to_date_by_sync(
    folder: Path, media: Media, other_media: Media
) -> None:
    """Case 43: what was edited and uploaded after it stays as it is shown, and later edits are shown."""
    with System(folder) as system:
        edited = system.platform.upload(media)
        wait_for(system, edited)
        backup = backups.dump(system.engine, folder / "backup")
        system.platform.replace(edited, other_media)
        wait_for(system, edited)
        new = system.platform.upload(media)
        wait_for(system, new)
        shown = {asset_id: system.platform.thumbnail_time(asset_id) for asset_id in (edited, new)}

        for program in system.programs.values():
            program.stop()
        backups.restore_in_place(backup, system.engine)
        system.revive()
        _run(system, "sync", "--platform", "mux")
        wait_for(system, edited, new)
        assert {asset_id: system.platform.thumbnail_time(asset_id) for asset_id in shown} == shown
        assert [system.asset(asset_id).foreign_thumbnail for asset_id in shown] == [None, None]

        system.platform.replace(edited, media)
        wait_for(system, edited)
        assert system.platform.thumbnail_time(edited) != shown[edited]


def wait_for(system: System, *asset_ids: str) -> None:
    """Wait until nothing is left to do, and these videos are published."""
    until(system.is_quiet, 60)
    assert system.is_published(*asset_ids)


def _run(system: System, *words: str) -> None:
    """Run a command that asks the platform."""
    variables = environment(
        DATABASE_URL=system.postgres.server.url, ALLOW_LOOPBACK="true", **system.platform.settings("main")
    )
    subprocess.run([sys.executable, "-m", "worker", *words], env=variables, cwd=ROOT, check=True)
