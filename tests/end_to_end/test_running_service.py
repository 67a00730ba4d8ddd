"""One running service, real programs and all, with an account at every simulated platform.

Every video gets its thumbnail, and the service comes to rest, whatever it is told and however often.
"""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import pytest
from sqlalchemy import func, select

from tests.support.media import clips, pictures
from tests.support.otlp_collector import Collector, Span, collecting
from tests.support.service import builders
from tests.support.service.deliveries import EVENTS_SECRET, own, own_bytes
from worker.database import make_engine, transaction
from worker.database.inbox import WebhookEvent
from worker.database.models import Asset, Job, Publication
from worker.database.states import FINAL, PublicationState
from worker.demo.simulator import SIMULATED, Media, Simulated
from worker.platforms import PLATFORMS
from worker.platforms.base import WriteBack
from worker.settings import Settings
from worker.standalone.interrupts import Interrupts
from worker.standalone.servers import free_port
from worker.standalone.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Engine

EDITS = 1000
SENDERS = 8
DEBOUNCE_S = 2.0
SETTLED_S = 180.0
CDN_TOKEN_KEY = "key-of-the-pull-zone"  # noqa: S105 - guards nothing

# Where a private video is read in another way than a public one. At Bunny a whole library is private.
WITH_PRIVATE_FILES = ("api_video", "cloudflare", "fastpix", "mux", "peertube")


@dataclass
class RunningService:
    """A service that runs, and platforms that tell of every change, also of what the service wrote."""

    service: Service
    engine: Engine
    vendors: dict[str, Simulated]
    media: Media
    logs: Path  #: a file of each program
    collector: Collector  #: of the traces

    def upload(self, name: str, *, is_private: bool = False) -> str:
        """Put a clip on a platform, and return its id; where a platform has no webhooks, tell of it."""
        asset_id = self.vendors[name].upload(self.media, is_private=is_private)
        if not PLATFORMS[name].capabilities.events:
            self.tell_of(name, asset_id)
        return asset_id

    def tell_of(self, name: str, asset_id: str) -> None:
        """Say that a video is ready."""
        data = {"platform": name, "account": "main", "asset_id": asset_id}
        said = {"type": "asset.ready", "timestamp": "2026-11-22T00:00:00Z", "data": data}
        delivery = own_bytes(json.dumps(said).encode(), delivery=f"evt_{asset_id}")
        url = f"{self.service.url}{delivery.path}"
        answer = httpx.post(url, content=delivery.body, headers=delivery.headers, trust_env=False)
        assert answer.status_code == 202

    def until(self, is_so: Callable[[], object]) -> None:
        """Keep the service running until something is true."""
        deadline_s = time.monotonic() + SETTLED_S
        while not is_so():
            self.service.watch()
            assert time.monotonic() < deadline_s, f"not so within {SETTLED_S:.0f} s"
            time.sleep(0.05)

    def settle(self, asset_id: str, told: int) -> None:
        """Wait until so many events are in, and nothing is left to do about any."""
        self.until(lambda: self.count(asset_id, WebhookEvent.id) >= told and not self.is_busy(asset_id))

    def is_busy(self, asset_id: str) -> bool:
        """Tell whether a job or a write is still to come."""
        over = [state for state in PublicationState if state not in {"pending", "sending"}]
        return bool(
            self.count(asset_id, Job.id, Job.state.not_in(FINAL))
            or self.count(asset_id, Publication.id, Publication.state.not_in(over))
        )

    def count(self, asset_id: str, column: object, *conditions: object) -> int:
        """Count rows of an asset."""
        table = column.class_  # type: ignore[attr-defined]
        of_asset = select(func.count()).select_from(table).join(Asset, Asset.id == table.asset_id)
        with transaction(self.engine) as session:
            return session.scalar(of_asset.where(Asset.external_id == asset_id, *conditions)) or 0  # type: ignore[arg-type]

    def runs(self, asset_id: str) -> int:
        """Count how often the video was looked at, not only asked for."""
        return self.count(asset_id, Job.id, Job.started_at.is_not(None), Job.timings_s.is_not(None))


@pytest.fixture(scope="module")
def running(servers_dir: Path) -> Iterator[RunningService]:
    """Start the service, as `thumbs up` does, and all platforms."""
    port = free_port()
    settings = Settings(data_dir=servers_dir / "running", database_url=None, redis_url=None, port=port)
    variables = {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",  # where a platform fetches pictures
        "ALLOW_LOOPBACK": "true",
        "DEBOUNCE_S": str(DEBOUNCE_S),
        "EVENTS_SECRET": EVENTS_SECRET,
        "OTEL_BSP_SCHEDULE_DELAY": "200",  # in ms
    }
    path = clips.write(servers_dir / "clip.mp4", pictures.footage("bikes", 50))
    media = Media(path, duration_s=2.0, width_px=320, height_px=180, frame_rate=25.0)
    with collecting() as collector, Interrupts() as interrupts, ExitStack() as stack:
        variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.url
        vendors = {
            name: stack.enter_context(vendor(f"http://127.0.0.1:{port}/webhooks/{name}/main"))
            for name, vendor in SIMULATED.items()
        }
        vendors["bunny"].cdn_token_key = CDN_TOKEN_KEY  # type: ignore[attr-defined]
        for vendor in vendors.values():
            variables |= vendor.settings("main")
        with Service(settings, interrupts, variables=variables, show=lambda _line: None) as service:
            engine = make_engine(service.database_url)
            yield RunningService(service, engine, vendors, media, settings.data_dir / "logs", collector)
            engine.dispose()


def test_every_platform_gets_the_thumbnail_of_its_video(running: RunningService) -> None:
    """A webhook in, or a word to us where there is none; our picture, or its time, at the platform.

    Also of private videos, whose files open with a token only.
    """
    uploaded = [(name, running.upload(name)) for name in SIMULATED]
    uploaded += [(name, running.upload(name, is_private=True)) for name in WITH_PRIVATE_FILES]
    running.until(lambda: builders.published_picks(running.engine).keys() >= set(uploaded))
    picks = builders.published_picks(running.engine)

    for name, asset_id in uploaded:
        pick, shown = picks[name, asset_id], running.vendors[name].known(asset_id)
        if {WriteBack.IMAGE, WriteBack.URL} & PLATFORMS[name].capabilities.write_backs:
            assert shown.image == pick.jpeg, name
        else:
            into_frame_s = PLATFORMS[name].capabilities.into_frame_s
            assert shown.thumbnail_time == pytest.approx(pick.time_s + into_frame_s, abs=1e-3), name


def test_our_own_write_starts_nothing(running: RunningService) -> None:
    """The platform tells of it like of any change; one question shows that there is nothing to do."""
    mux = running.vendors["mux"]
    asset_id = running.upload("mux")
    running.settle(asset_id, told=2)  # that it is ready, and that its thumbnail changed

    def writes() -> int:
        return len(mux.journal.entries("write", asset_id=asset_id))

    assert (running.runs(asset_id), writes()) == (1, 1)
    for told in (3, 4):  # and of changes that are none
        mux.announce(asset_id, "video.asset.updated")
        running.settle(asset_id, told)
    assert (running.runs(asset_id), writes()) == (1, 1)


def test_one_address_shows_what_all_programs_count(running: RunningService) -> None:
    """The receiver's, by default; so nothing is to be set up on one machine."""
    about = 'account="main",platform="mux"'
    running.settle(running.upload("mux"), told=2)

    def numbers() -> str:
        return httpx.get(f"{running.service.operations_url}/metrics", trust_env=False).text

    running.until(lambda: f'thumbs_due_rows{{{about},queue="analyze"}}' in numbers())
    page = numbers()
    # Of the receiver, a worker of each kind, and the dispatcher.
    for series in (
        'thumbs_events_total{account="main",outcome="recorded",platform="mux"}',
        'thumbs_job_attempts_total{account="main",error_class="",platform="mux",result="completed"}',
        'thumbs_publish_attempts_total{account="main",error_class="",platform="mux",result="confirmed"}',
        'thumbs_hint_publish_total{result="sent"}',
    ):
        (number,) = re.findall(rf"^{re.escape(series)} (\S+)$", page, re.MULTILINE)
        assert float(number) >= 1
    assert not re.search(r'pid="\d+"', page)


def test_one_id_goes_from_the_webhook_to_the_write(running: RunningService) -> None:
    """In the rows, in the log lines of each program, and in the traces."""
    asset_id = running.upload("mux")
    running.settle(asset_id, told=2)
    with transaction(running.engine) as session:
        of_asset = select(Publication).join(Publication.asset).where(Asset.external_id == asset_id)
        trace_id = session.scalars(of_asset).one().trace_id
    assert trace_id

    said = {log.stem: log.read_text() for log in running.logs.glob("*.log")}
    for program, words in (("receiver", "recorded"), ("analyze", "completed"), ("publish", "published")):
        lines = [json.loads(line) for line in said[program].splitlines() if trace_id in line]
        assert any(words in line["message"] and line["trace_id"] == trace_id for line in lines), program

    def spans() -> dict[str, Span]:
        return {span.name: span for span in running.collector.spans if span.trace_id == trace_id}

    running.until(lambda: spans().keys() >= {"webhook", "job", "scan", "write", "platform request"})
    found = spans()
    assert found["job"].above == found["webhook"].span_id
    assert found["scan"].above == found["job"].span_id
    assert found["write"].above in {span.span_id for span in running.collector.spans}
    assert {found[name].service for name in ("webhook", "job", "write")} == {
        "thumbs-receiver",
        "thumbs-analyze",
        "thumbs-publish",
    }
    token = running.vendors["mux"].settings("main")["MUX__MAIN__TOKEN_SECRET"]
    assert not any(token.encode() in body for body in running.collector.bodies)


@pytest.mark.faults
def test_a_thousand_edits_become_few_runs(running: RunningService) -> None:
    """All are taken, and the newest is published; test_bursts.py shows the rule on the rows alone."""
    asset_id = running.upload("mux")
    running.settle(asset_id, told=2)
    runs = running.runs(asset_id)

    with httpx.Client(base_url=running.service.url, trust_env=False, timeout=60.0) as client:

        def send(_number: int) -> int:
            delivery = own(asset=asset_id, edit={"kind": "source_replaced"})
            return client.post(delivery.path, headers=delivery.headers, content=delivery.body).status_code

        with ThreadPoolExecutor(SENDERS) as senders:
            statuses = list(senders.map(send, range(EDITS)))
    assert {status // 100 for status in statuses} == {2}
    running.settle(asset_id, told=EDITS + 2)

    assert 1 <= running.runs(asset_id) - runs <= 3
    with transaction(running.engine) as session:
        asset = session.scalars(select(Asset).where(Asset.external_id == asset_id)).one()
        assert asset.published_generation == asset.generation > EDITS
        assert asset.written == str(running.vendors["mux"].known(asset_id).thumbnail_time)
