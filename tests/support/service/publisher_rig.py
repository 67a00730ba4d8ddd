"""A publisher on a test's database, and a platform with one video and a pick for it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import update

from tests.project.settings_table import ACCOUNTS
from tests.support.service import builders
from worker import publications
from worker.database import transaction
from worker.database.models import Asset, Publication
from worker.demo.simulator import SIMULATED, Media, Simulated
from worker.platforms import platform_of
from worker.platforms.event import EventKind
from worker.publishing.publisher import Publisher
from worker.queue.leases import Leases
from worker.settings.accounts import FastPixAccount

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

NOWHERE = "http://127.0.0.1:9/"  # nobody hears the webhooks; the tests record events themselves
PICKED_S = 1.5  #: of `builders.result`


@dataclass
class PublisherRig:
    """A publisher, a platform with one video, and a pick for it."""

    publisher: Publisher
    vendor: Simulated
    asset_id: str
    stopping: threading.Event
    account: str = "main"

    @property
    def engine(self) -> Engine:
        """The test's database."""
        return self.publisher.engine

    def pick(self, time_s: float, minute: int) -> None:
        """Choose another moment, as after an edit."""
        about = {"asset_id": self.asset_id, "platform": self.vendor.name, "account": self.account}
        builders.record(self.engine, builders.event(EventKind.EDITED, minute=minute, **about))
        claim = builders.claimed(self.engine)
        with transaction(self.engine) as session:
            builders.jobs.complete(session, claim, builders.result(f"f{minute}", time_s))

    def publish(self) -> Publication:
        """Write what is due, and return the newest publication."""
        with transaction(self.engine) as session:
            session.execute(update(Publication).values(scheduled_at=Publication.created_at))
        with transaction(self.engine) as session:
            hints = publications.announce(session, rehint_s=60.0)
        for hint in hints:
            self.publisher.publish(hint.id)
        newest: Publication = builders.every(self.engine, Publication)[-1]
        return newest

    def writes(self) -> list[float | None]:
        """The moments that the platform was told to show."""
        return [entry.thumbnail_time for entry in self.vendor.journal.entries("write")]


@contextmanager
def ready_publisher_rig(engine: Engine, folder: Path, name: str = "mux") -> Iterator[PublisherRig]:
    """Yield a publisher, ready for the pick of one video at the platform of this name."""
    (folder / "video.mp4").touch()
    with SIMULATED[name](NOWHERE) as vendor:
        account = {key.lower(): value for key, value in vendor.variables().items()}
        fastpix = FastPixAccount(webhook_secret="c2VjcmV0", token_id="id", token_secret="secret")  # noqa: S106
        settings = builders.make_settings(
            **{"fastpix": {"main": fastpix}, name: {"main": ACCOUNTS[name](**account)}}, allow_loopback=True
        )
        stopping = threading.Event()
        publisher = Publisher(
            settings,
            engine,
            lambda claim: platform_of(claim.platform, claim.account, settings),
            Leases(engine, publications.renew, settings.lease_s, settings.job_timeout_s, stopping),
            "host:1:publish",
        )
        asset_id = vendor.upload(Media(folder / "video.mp4", 30.0, 1280, 720, 25.0))
        builders.record(engine, builders.event(asset_id=asset_id, platform=name))
        builders.completed(engine)
        yield PublisherRig(publisher, vendor, asset_id, stopping)


def telling(rig: PublisherRig, **changes: Any) -> PublisherRig:
    """Return a publisher with other settings, whose video lies on no platform."""
    with transaction(rig.engine) as session:
        asset = session.get_one(Asset, 1)
        asset.platform, asset.account = "direct", "media"
        asset.external_id, asset.media_url = "lesson-17", "https://media.example.com/lesson-17.mp4"
    settings = rig.publisher.settings.model_copy(update=changes)
    publisher = replace(
        rig.publisher,
        settings=settings,
        platform_of=lambda claim: platform_of(claim.platform, claim.account, settings, claim.media_url),
    )
    vendor = cast("Simulated", SimpleNamespace(name="direct"))
    return replace(rig, publisher=publisher, vendor=vendor, asset_id="lesson-17", account="media")
