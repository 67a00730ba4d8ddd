"""A simulated platform, and our side of its protocol with the settings that it hands out."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.project.settings_table import ACCOUNTS
from tests.support.service import builders
from worker.demo.simulator import SIMULATED, Media, Simulated
from worker.demo.simulator.vendors.brightcove import SimulatedBrightcove
from worker.download.fetch import DownloadLimits, fetch_video
from worker.platforms import PLATFORMS
from worker.platforms.base import NewThumbnail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from worker.platforms.base import Platform, RemoteAsset

NOWHERE = "http://127.0.0.1:9/"  # nobody takes webhooks there
LIMITS = DownloadLimits(max_bytes=1_000_000, timeout_s=20, allow_loopback=True)
CONTENT = bytes(range(256)) * 40
JPEG = builders.JPEG
CHOICE = NewThumbnail(4.2, JPEG, "https://thumbs.example.com/thumbnails/ab.jpg")


def clip(folder: Path, duration_s: float = 10.0) -> Media:
    """A file that the platform need not understand."""
    path = folder / "clip.mp4"
    path.write_bytes(CONTENT)
    return Media(path, duration_s=duration_s, width_px=1280, height_px=720, frame_rate=25.0)


@contextmanager
def simulated(name: str, webhooks_to: str = NOWHERE, **changes: Any) -> Iterator[tuple[Simulated, Platform]]:
    """The platform of this name, and our client of it, with some settings of the account changed."""
    with SIMULATED[name](webhooks_to) as vendor:
        if isinstance(vendor, SimulatedBrightcove):  # no receiver of ours runs to fetch it from
            vendor.fetch = lambda url: {CHOICE.url: JPEG}[url]
        ours = client(vendor, **changes)
        yield vendor, ours
        ours.close()


def client(vendor: Simulated, **changes: Any) -> Platform:
    """Our side of the protocol."""
    fields = {key.lower(): value for key, value in vendor.variables().items()}
    return PLATFORMS[vendor.name]("main", ACCOUNTS[vendor.name].model_validate({**fields, **changes}))


def fetched(platform: Platform, asset: RemoteAsset, folder: Path) -> bytes:
    """The file that we would look at."""
    return fetch_video(platform.source(asset).scan, folder, LIMITS).path.read_bytes()
