"""Processes die at random while fifty assets are worked on, and nothing is lost."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from typing import TYPE_CHECKING

import psutil
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tests.support.media import clips, pictures
from worker.database import make_engine, transaction
from worker.database.models import Asset, Job, Publication, Thumbnail
from worker.demo.simulator import Media, SimulatedMux
from worker.settings import Settings
from worker.standalone.interrupts import Interrupts
from worker.standalone.servers import free_port
from worker.standalone.service import Service
from worker.standalone.supervisor import FAILED_STARTS_MAX

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Engine

# For longer: SURVIVAL_SEEDS=5 make faults ARGS="-k whoever"
SEEDS = int(os.environ.get("SURVIVAL_SEEDS", "1"))
ASSETS = 50
KILLS = 8
UPLOADS_S = 25.0  # that the uploads are spread over
DONE_WITHIN_S = 300.0
# Short enough that a test can wait for a lease to run out, long enough for a busy machine to renew it.
HURRY = {"LEASE_S": "6", "SWEEP_S": "1", "REHINT_S": "4", "DEBOUNCE_S": "0.5", "OMP_NUM_THREADS": "1"}


@pytest.fixture
def media(tmp_path: Path) -> Media:
    """Return half a second of real footage."""
    path = clips.write(tmp_path / "clip.mp4", pictures.footage("bikes", 12))
    return Media(path, duration_s=0.48, width_px=320, height_px=180, frame_rate=25.0)


@pytest.fixture
def other_media(tmp_path: Path) -> Media:
    """Return other footage, whose best frame is at another time."""
    path = clips.write(tmp_path / "other.mp4", pictures.footage("bigbuckbunny", 20, start=20))
    return Media(path, duration_s=0.8, width_px=320, height_px=180, frame_rate=25.0)


def kill_one(chance: random.Random, bystanders: set[psutil.Process], hit: Counter[str]) -> str:
    """Kill one of the programs and servers, or one of its children, and return the command.

    `hit` counts by program. Who is hit a third time may be just starting for the third time, and is rightly
    given up.
    """
    ours = sorted(set(psutil.Process().children()) - bystanders, key=lambda process: process.pid)
    program = chance.choice([process for process in ours if hit[command_of(process)] < FAILED_STARTS_MAX - 1])
    hit[command_of(program)] += 1
    children = sorted(program.children(recursive=True), key=lambda process: process.pid)
    victim = chance.choice([program, chance.choice([program, *children])])
    command = command_of(victim)
    victim.kill()
    return command


def command_of(process: psutil.Process) -> str:
    """What tells a program from the others, and stays when it is started again."""
    return " ".join(process.cmdline()[:4])


def watch_until(service: Service, is_so: Callable[[], bool], timeout_s: float) -> None:
    """Let the service start again what died, until something is true."""
    deadline_s = time.monotonic() + timeout_s
    while not is_so():
        service.watch()
        assert time.monotonic() < deadline_s, "it did not happen in time"
        time.sleep(0.05)


def is_all_published(engine: Engine) -> bool:
    """Say whether every asset is known, and has its newest generation published."""
    done = Asset.published_generation == Asset.generation
    try:
        with transaction(engine) as session:
            return session.scalar(select(func.count()).select_from(Asset).where(done)) == ASSETS
    except (DBAPIError, PoolTimeout):  # the database may be what died
        return False


def newest_picks_s(engine: Engine) -> dict[str, float]:
    """Return the time of the best pick of each asset's newest generation."""
    best = select(Asset.external_id, Thumbnail.time_s).join(Thumbnail, Thumbnail.asset_id == Asset.id)
    newest = best.where(Thumbnail.generation == Asset.generation, Thumbnail.rank == 1)
    with transaction(engine) as session:
        return dict(session.execute(newest).all())


@pytest.mark.timeout(2 * DONE_WITHIN_S)
@pytest.mark.faults
@pytest.mark.parametrize("seed", range(1, 1 + SEEDS))
def test_nothing_is_lost_whoever_is_killed(
    servers_dir: Path, media: Media, other_media: Media, seed: int
) -> None:
    """Each asset shows the pick of its newest generation in the end, as the platform's journal tells."""
    bystanders = set(psutil.Process().children())  # servers of other tests
    chance, port = random.Random(seed), free_port()  # noqa: S311 - no secret
    settings = Settings(data_dir=servers_dir / f"survival-{seed}", port=port, allow_loopback=True)
    with (
        Interrupts() as interrupts,
        SimulatedMux(f"http://127.0.0.1:{port}/webhooks/mux/main") as platform,
        Service(
            settings,
            interrupts,
            variables=HURRY | {"PORT": str(port), "ALLOW_LOOPBACK": "true"} | platform.settings("main"),
        ) as service,
    ):
        engine = make_engine(service.database_url)
        uploaded: list[str] = []
        hit = Counter[str]()
        victims = chance.sample(range(ASSETS), KILLS)
        for number in range(ASSETS):
            uploaded.append(platform.upload(media, copies=2))
            if number % 5 == 0:
                platform.replace(chance.choice(uploaded), other_media)
            if number in victims:
                print(f"seed {seed}, asset {number}: killed {kill_one(chance, bystanders, hit)}")
            next_s = time.monotonic() + UPLOADS_S / ASSETS
            watch_until(service, lambda until_s=next_s: time.monotonic() >= until_s, timeout_s=60.0)
        watch_until(service, lambda: is_all_published(engine), DONE_WITHIN_S)

        picks_s = newest_picks_s(engine)
        written_s = {
            asset_id: [write.thumbnail_time for write in platform.journal.entries("write", asset_id=asset_id)]
            for asset_id in uploaded
        }
        with transaction(engine) as session:
            over_tried = session.scalars(select(Job.id).where(Job.attempt > Job.max_attempts)).all()
            sending = session.scalars(select(Publication.id).where(Publication.state == "sending")).all()
        engine.dispose()

    assert {asset_id: times_s[-1] for asset_id, times_s in written_s.items()} == picks_s
    assert (over_tried, sending) == ([], [])
