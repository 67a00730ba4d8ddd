"""The whole service, real programs and all: it comes to rest, whatever it is told and however often."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import httpx
import pytest
from sqlalchemy import func, select

from tests.support.media import pictures
from tests.support.service.deliveries import EVENTS_SECRET, own
from tests.support.service.worker_processes import until
from worker.database import make_engine, transaction
from worker.database.models import Asset, Job, Publication, WebhookEvent
from worker.database.states import FINAL, PublicationState
from worker.demo.simulator import Media, SimulatedMux
from worker.settings import Settings
from worker.standalone.interrupts import Interrupts
from worker.standalone.servers import free_port
from worker.standalone.service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

EDITS = 1000
SENDERS = 8
DEBOUNCE_S = 2.0
SETTLED_S = 120.0


@dataclass
class Bench:
    """A service that runs, and a platform that tells of every change, also of what the service wrote."""

    service: Service
    engine: Engine
    mux: SimulatedMux

    def upload(self) -> str:
        """Put a clip on the platform, and return its id once all is quiet."""
        media = Media(pictures.footage_path("carphone_pristine"), 4.0, 176, 144, 30.0)
        asset_id = self.mux.upload(media)
        until(lambda: self.writes(asset_id), SETTLED_S)
        self.settle(asset_id, told=2)  # that it is ready, and that its thumbnail changed
        return asset_id

    def settle(self, asset_id: str, told: int) -> None:
        """Wait until so many events are in, and nothing is left to do about any."""
        until(lambda: self.count(asset_id, WebhookEvent.id) >= told and not self.is_busy(asset_id), SETTLED_S)

    def is_busy(self, asset_id: str) -> bool:
        """Whether a job or a write is still to come."""
        over = [state for state in PublicationState if state not in {"pending", "sending"}]
        return bool(
            self.count(asset_id, Job.id, Job.state.not_in(FINAL))
            or self.count(asset_id, Publication.id, Publication.state.not_in(over))
        )

    def count(self, asset_id: str, column: object, *conditions: object) -> int:
        """How many rows of an asset there are."""
        table = column.class_  # type: ignore[attr-defined]
        of_asset = select(func.count()).select_from(table).join(Asset, Asset.id == table.asset_id)
        with transaction(self.engine) as session:
            return session.scalar(of_asset.where(Asset.external_id == asset_id, *conditions)) or 0  # type: ignore[arg-type]

    def runs(self, asset_id: str) -> int:
        """How often the video was looked at, not only asked for."""
        return self.count(asset_id, Job.id, Job.started_at.is_not(None), Job.timings_s.is_not(None))

    def writes(self, asset_id: str) -> int:
        """How often the platform was written to."""
        return len(self.mux.journal.entries("write", asset_id=asset_id))


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """Start the service, as `thumbs up` does."""
    port = free_port()
    own_variables = {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "ALLOW_LOOPBACK": "true",
        "DEBOUNCE_S": str(DEBOUNCE_S),
        "EVENTS_SECRET": EVENTS_SECRET,
        "OMP_NUM_THREADS": "1",
    }
    with (
        Interrupts() as interrupts,
        TemporaryDirectory(prefix="thumbs-", ignore_cleanup_errors=True) as folder,
        SimulatedMux(f"http://127.0.0.1:{port}/webhooks/mux/main") as mux,
    ):
        settings = Settings(data_dir=Path(folder), database_url=None, redis_url=None, port=port)
        variables = own_variables | mux.settings("main")
        with Service(settings, interrupts, variables=variables, show=lambda _line: None) as service:
            engine = make_engine(service.database_url)
            yield Bench(service, engine, mux)
            engine.dispose()


def test_our_own_write_starts_nothing(bench: Bench) -> None:
    """The platform tells of it like of any change; one question shows that there is nothing to do."""
    asset_id = bench.upload()

    assert (bench.runs(asset_id), bench.writes(asset_id)) == (1, 1)
    for told in (3, 4):  # and of changes that are none
        bench.mux.announce(asset_id, "video.asset.updated")
        bench.settle(asset_id, told)
    assert (bench.runs(asset_id), bench.writes(asset_id)) == (1, 1)


def test_a_thousand_edits_become_few_runs(bench: Bench) -> None:
    """All are taken, and the newest is published."""
    asset_id = bench.upload()
    runs = bench.runs(asset_id)

    with httpx.Client(base_url=bench.service.url, trust_env=False, timeout=60.0) as client:

        def send(_number: int) -> int:
            delivery = own(asset=asset_id, edit={"kind": "source_replaced"})
            return client.post(delivery.path, headers=delivery.headers, content=delivery.body).status_code

        with ThreadPoolExecutor(SENDERS) as senders:
            statuses = list(senders.map(send, range(EDITS)))
    assert {status // 100 for status in statuses} == {2}
    bench.settle(asset_id, told=EDITS + 2)

    assert 1 <= bench.runs(asset_id) - runs <= 3
    with transaction(bench.engine) as session:
        asset = session.scalars(select(Asset).where(Asset.external_id == asset_id)).one()
        assert asset.published_generation == asset.generation > EDITS
        assert asset.written == str(bench.mux.thumbnail_time(asset_id))
