"""What operators do while videos come in: a database that takes no writes, all workers replaced."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from tests.faults.test_database import pids
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.faults.system import System
    from worker.demo.simulator import Media

HAND_OVER_S = 10.0  # while eight programs start and stop on whatever cores there are


@pytest.mark.faults
def test_a_read_only_database_costs_no_event_and_no_restart(system: System, media: Media) -> None:
    """Case 31: as a standby does after a failover. 503, and all goes on once it takes writes."""
    before = pids(system)
    with _read_only(system):
        assets = [system.platform.upload(media) for _ in range(3)]
        until(lambda: all(_answers(system, asset_id) for asset_id in assets), 20)
        answers = {answer for asset_id in assets for answer in _answers(system, asset_id)}

    assert answers == {503}
    assert system.settle() == []
    assert system.is_published(*assets)
    assert pids(system) == before


@pytest.mark.faults
def test_replacing_all_workers_burns_no_attempt(system: System, media: Media, record_property: Any) -> None:
    """Case 32: new ones beside the old, which then end at once, as videos come in and one is looked at."""
    trap = system.hold("scan")
    assets = [system.platform.upload(media)]
    assert trap.sprung.wait(20)
    old = list(system.programs.values())
    kinds = [name for name in system.programs if name != "receiver"]
    fresh = [system.add(kind) for kind in kinds]
    for program in fresh:
        program.wait_until_ready()
    start_s = time.monotonic()
    for program in old:
        if program.name in kinds:
            assets.append(system.platform.upload(media))
            program.process.send_signal(signal.SIGTERM)
    system.way("analyze", "database").drop()
    until(lambda: system.runs(assets[0]) == 2, 60)
    took_s = time.monotonic() - start_s
    ended = [program.process.wait(20) for program in old if program.name in kinds]
    until(lambda: system.is_published(*assets), 60)

    record_property("seconds", took_s)
    print(f"all workers replaced: a new one had the job {took_s:.1f} s later")
    assert ended == [0] * len(kinds)
    assert took_s < HAND_OVER_S
    until(system.is_quiet, 60)  # the platform tells of our own writes, too
    assert {job.attempt for asset_id in assets for job in system.jobs(asset_id)} == {1}
    for program in fresh:
        system.remove(program)


def _answers(system: System, asset_id: str) -> list[int | None]:
    """What the receiver answered to webhooks about a video."""
    return [entry.status for entry in system.platform.journal.entries("delivery", asset_id=asset_id)]


@contextmanager
def _read_only(system: System) -> Iterator[None]:
    """Let the database refuse every write until the end of the block, to connections old and new."""
    url = make_url(system.postgres.server.url)
    alter = sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}")
    kick = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(dsn, autocommit=True, options="-c default_transaction_read_only=off") as admin:
        for state in ("on", "off"):
            admin.execute(alter.format(sql.Identifier(url.database or ""), sql.Literal(state)))
            admin.execute(kick)
            if state == "on":
                yield
