"""A worker that looks at assets, inside the test's own process, and the platform that it asks."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import update

from tests.support.media import pictures
from tests.support.service import builders
from worker import jobs
from worker.analysis.analyzer import Analyzer
from worker.database import transaction
from worker.database.models import Job
from worker.demo.simulator import Media, SimulatedMux
from worker.platforms import platform_of
from worker.platforms.event import EventKind
from worker.queue.leases import Leases
from worker.settings.accounts import MuxAccount

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from worker.analysis.decoder_pool import Decoders
    from worker.pipeline.scoring.models import Models
    from worker.platforms.base import Platform

NOWHERE = "http://127.0.0.1:9/"  # nobody hears the webhooks; the tests record events themselves
OWNER = "host:1:analyze"


@dataclass
class AnalyzerRig:
    """A worker on the tests' servers, and what a test does to it."""

    analyzer: Analyzer
    engine: Engine
    stopping: threading.Event
    mux: SimulatedMux
    work_dir: Path
    #: Called when the worker has asked the platform, before it fetches the video.
    meanwhile: list[Callable[[], Any]] = field(default_factory=list)

    def upload(self, path: Path | None = None) -> str:
        """Put a video on the platform, and record that it is ready; return its id."""
        media = Media(path or pictures.footage_path("carphone_pristine"), 4.0, 176, 144, 30.0)
        asset_id = self.mux.upload(media)
        self.hear(asset_id)
        return asset_id

    def hear(self, asset_id: str, kind: EventKind = EventKind.READY, minute: int = 0) -> None:
        """Record an event of the asset."""
        builders.record(self.engine, builders.event(kind, asset_id=asset_id, minute=minute))

    def work(self) -> Job:
        """Do what is due, and return the newest job."""
        with transaction(self.engine) as session:
            session.execute(update(Job).values(scheduled_at=Job.requested_at))  # skip every back-off
        with transaction(self.engine) as session:
            hints = jobs.announce(session, rehint_s=60.0)
        for hint in hints:
            self.analyzer.analyze(hint.id)
        newest: Job = builders.every(self.engine, Job)[-1]
        return newest


class _Busy:
    """A platform at which things happen while the worker is about to fetch the video."""

    def __init__(self, platform: Platform, meanwhile: list[Callable[[], Any]]) -> None:
        self._platform, self._meanwhile = platform, meanwhile

    def __getattr__(self, name: str) -> Any:
        return getattr(self._platform, name)

    def source(self, asset: Any) -> Any:
        while self._meanwhile:
            self._meanwhile.pop(0)()
        return self._platform.source(asset)


@contextmanager
def ready_analyzer_rig(
    engine: Engine, models: Models, decoders: Decoders, work_dir: Path
) -> Iterator[AnalyzerRig]:
    """Yield a worker that is ready, and its platform."""
    stopping = threading.Event()
    meanwhile: list[Callable[[], Any]] = []
    with SimulatedMux(NOWHERE) as mux:
        account = {name.rpartition("__")[2].lower(): value for name, value in mux.settings("main").items()}
        settings = builders.make_settings(
            mux={"main": MuxAccount(**account)},
            media_hosts=("127.0.0.1",),
            allow_loopback=True,
            work_dir=work_dir,
            count=2,
        )

        def platform(claim: jobs.JobClaim) -> Any:
            found = platform_of(claim.platform, claim.account, settings, claim.media_url)
            return _Busy(found, meanwhile)

        with Leases(engine, jobs.renew, settings.lease_s, settings.job_timeout_s, stopping) as leases:
            analyzer = Analyzer(settings, engine, models, decoders, leases, platform, OWNER)
            yield AnalyzerRig(analyzer, engine, stopping, mux, work_dir, meanwhile)
