"""One running service, an account at every simulated platform, a video at each: all get thumbnails."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import httpx
import pytest
from sqlalchemy import select

from tests.support.media import clips, pictures
from worker.database import make_engine, transaction
from worker.database.models import Asset, Thumbnail
from worker.demo.simulator import SIMULATED, Media, Simulated
from worker.platforms import PLATFORMS
from worker.platforms.base import WriteBack
from worker.platforms.shared.signatures import sign_standard
from worker.settings import Settings
from worker.standalone.interrupts import Interrupts
from worker.standalone.servers import free_port
from worker.standalone.service import Service

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

DONE_WITHIN_S = 180.0
EVENTS_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the specification's example


@pytest.fixture
def media(tmp_path: Path) -> Media:
    """Return two seconds of real footage."""
    path = clips.write(tmp_path / "clip.mp4", pictures.footage("bikes", 50))
    return Media(path, duration_s=2.0, width_px=320, height_px=180, frame_rate=25.0)


def best_picks(engine: Engine) -> dict[str, Thumbnail]:
    """Return the best pick of every asset whose newest generation is published, by the platform."""
    published = Asset.published_generation == Asset.generation
    newest = (Thumbnail.generation == Asset.generation, Thumbnail.rank == 1)
    best = select(Asset.platform, Thumbnail).join(Thumbnail, Thumbnail.asset_id == Asset.id)
    with transaction(engine) as session:
        found = dict(session.execute(best.where(published, *newest)).all())
        session.expunge_all()
        return found


def tell_of(service: Service, name: str, asset_id: str) -> None:
    """Say to the service what a platform without webhooks does not."""
    data = {"platform": name, "account": "main", "asset_id": asset_id}
    body = json.dumps({"type": "asset.ready", "timestamp": "2026-11-22T00:00:00Z", "data": data}).encode()
    headers = sign_standard(body, EVENTS_SECRET, f"evt_{asset_id}", time.time())
    answer = httpx.post(f"{service.url}/v1/events", content=body, headers=headers, trust_env=False)
    assert answer.status_code == 202


def test_every_platform_gets_the_thumbnail_of_its_video(servers_dir: Path, media: Media) -> None:
    """A webhook in, or a word to us where there is none; our picture, or its time, at the platform."""
    port = free_port()
    settings = Settings(data_dir=servers_dir / "every-loop", port=port, allow_loopback=True)
    variables = {"PORT": str(port), "ALLOW_LOOPBACK": "true", "EVENTS_SECRET": EVENTS_SECRET}
    with Interrupts() as interrupts, ExitStack() as stack:
        vendors: dict[str, Simulated] = {
            name: stack.enter_context(vendor(f"http://127.0.0.1:{port}/webhooks/{name}/main"))
            for name, vendor in SIMULATED.items()
        }
        for vendor in vendors.values():
            variables |= vendor.settings("main")
        with Service(settings, interrupts, variables={**variables, "OMP_NUM_THREADS": "1"}) as service:
            uploaded = {name: vendor.upload(media) for name, vendor in vendors.items()}
            for name, asset_id in uploaded.items():
                if not PLATFORMS[name].capabilities.events:
                    tell_of(service, name, asset_id)
            engine = make_engine(service.database_url)
            deadline_s = time.monotonic() + DONE_WITHIN_S
            while (picks := best_picks(engine)).keys() != SIMULATED.keys():
                service.watch()
                assert time.monotonic() < deadline_s, f"only {sorted(picks)} have a thumbnail"
                time.sleep(0.05)
            engine.dispose()
        shown = {name: vendors[name].known(asset_id) for name, asset_id in uploaded.items()}

    for name, pick in picks.items():
        if WriteBack.IMAGE in PLATFORMS[name].capabilities.sinks:
            assert shown[name].image == pick.jpeg, name
        else:
            assert shown[name].thumbnail_time == pytest.approx(pick.time_s, abs=1e-3), name
