"""A publisher on a test's database, and a platform with one video and a pick for it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import update

from tests import rows
from worker import publications
from worker.database import transaction
from worker.events import EventKind
from worker.models import Publication
from worker.platforms import platform_of
from worker.publishing import Publisher
from worker.settings import FastPixAccount, MuxAccount
from worker.simulator import Media, SimulatedMux

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

NOWHERE = "http://127.0.0.1:9/"  # nobody hears the webhooks; the tests record events themselves
PICKED_S = 1.5  #: of `rows.result`


@dataclass
class Bench:
    """A publisher, a platform with one video, and a pick for it."""

    publisher: Publisher
    mux: SimulatedMux
    asset_id: str
    stopping: threading.Event

    @property
    def engine(self) -> Engine:
        """The test's database."""
        return self.publisher.engine

    def pick(self, time_s: float, minute: int) -> None:
        """Choose another moment, as after an edit."""
        rows.record(self.engine, rows.event(EventKind.EDITED, asset_id=self.asset_id, minute=minute))
        claim = rows.claimed(self.engine)
        with transaction(self.engine) as session:
            rows.jobs.complete(session, claim, rows.result(f"f{minute}", time_s))

    def publish(self) -> Publication:
        """Write what is due, and return the newest publication."""
        with transaction(self.engine) as session:
            session.execute(update(Publication).values(scheduled_at=Publication.created_at))
        with transaction(self.engine) as session:
            hints = publications.announce(session, rehint_s=60.0)
        for hint in hints:
            self.publisher.publish(hint.id)
        newest: Publication = rows.every(self.engine, Publication)[-1]
        return newest

    def writes(self) -> list[float | None]:
        """The moments that the platform was told to show."""
        return [entry.thumbnail_time for entry in self.mux.journal.entries("write")]


@contextmanager
def ready_bench(engine: Engine, folder: Path) -> Iterator[Bench]:
    """Yield a publisher, ready for the pick of one video."""
    (folder / "video.mp4").touch()
    with SimulatedMux(NOWHERE) as mux:
        account = {name.rpartition("__")[2].lower(): value for name, value in mux.settings("main").items()}
        fastpix = FastPixAccount(webhook_secret="c2VjcmV0", token_id="id", token_secret="secret")  # noqa: S106
        settings = rows.make_settings(
            mux={"main": MuxAccount(**account)}, fastpix={"main": fastpix}, allow_loopback=True
        )
        stopping = threading.Event()
        publisher = Publisher(
            settings,
            engine,
            lambda claim: platform_of(claim.platform, claim.account, settings),
            "host:1:publish",
            stopping,
        )
        asset_id = mux.upload(Media(folder / "video.mp4", 30.0, 1280, 720, 25.0))
        rows.record(engine, rows.event(asset_id=asset_id))
        rows.completed(engine)
        yield Bench(publisher, mux, asset_id, stopping)
