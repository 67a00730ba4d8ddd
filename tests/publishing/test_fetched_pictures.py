"""Where a platform fetches our picture, it is told an address that opens for as long as it needs."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx
from pydantic import SecretStr

from tests.support.service import builders
from tests.support.service.publisher_rig import PublisherRig, ready_publisher_rig
from worker.database.models import Thumbnail
from worker.demo.simulator.vendors.brightcove import SimulatedBrightcove
from worker.platforms.shared.signed_urls import LIFETIME_S
from worker.storage.links import ThumbnailLinks

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

SECRET = "whsec_" + "c2VjcmV0LW9mLXRoaXJ0eS10d28tYnl0ZXMtb3Itc28="


def fetched_from(rig: PublisherRig) -> list[str]:
    """Have the platform note which addresses it asks, and find the picture there."""
    assert isinstance(rig.vendor, SimulatedBrightcove)
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        return builders.JPEG

    rig.vendor.fetch = fetch
    return asked


def test_the_platform_fetches_the_picture_that_is_to_be_shown(engine: Engine, tmp_path: Path) -> None:
    """From PUBLIC_URL, under the hash of its bytes; what it shows then is noted as ours."""
    with ready_publisher_rig(engine, tmp_path, "brightcove") as rig:
        asked = fetched_from(rig)
        publication = rig.publish()
        image_id = rig.vendor.known(rig.asset_id).image_id
    (jpeg, *_) = [one.jpeg for one in builders.every(engine, Thumbnail) if one.rank == 1]

    assert asked == [f"http://127.0.0.1:8000/thumbnails/{hashlib.sha256(jpeg).hexdigest()}.jpg"]
    assert (publication.state, publication.shown) == ("confirmed", image_id)


def test_an_address_is_signed_where_addresses_are(engine: Engine, tmp_path: Path) -> None:
    """And opens for longer than a platform may take to ask."""
    signed = {"signed_thumbnails": "private", "thumbnails_secret": SecretStr(SECRET)}
    with ready_publisher_rig(engine, tmp_path, "brightcove") as rig:
        settings = rig.publisher.settings.model_copy(update=signed)
        signing = replace(rig, publisher=replace(rig.publisher, settings=settings))
        asked = fetched_from(signing)
        signing.publish()

    (address,) = map(urlsplit, asked)
    query = parse_qs(address.query)
    sha256 = address.path.rpartition("/")[2].removesuffix(".jpg")
    left_s = ThumbnailLinks.of(settings).seconds_left(sha256, query["expires"][0], query["signature"][0])
    assert left_s > LIFETIME_S
    assert int(query["expires"][0]) > time.time()


def test_a_picture_that_is_out_of_reach_is_tried_again(engine: Engine, tmp_path: Path) -> None:
    """The write is not confirmed, and says what to check; once it is there, it is shown."""
    with ready_publisher_rig(engine, tmp_path, "brightcove") as rig:
        asked = fetched_from(rig)
        works = rig.vendor.fetch  # type: ignore[attr-defined]

        def fails(url: str) -> bytes:
            raise httpx.ConnectError(f"{url}: refused")

        rig.vendor.fetch = fails  # type: ignore[attr-defined]
        first = rig.publish()
        state, error = first.state, first.error
        rig.vendor.fetch = works  # type: ignore[attr-defined]
        again = rig.publish()

    assert (state, again.state) == ("pending", "confirmed")
    assert "check PUBLIC_URL" in str(error)
    assert len(asked) == 1
