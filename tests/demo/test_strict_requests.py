"""What the simulated platforms refuse as the vendors do: no picture, a long list, a token that only reads."""

from __future__ import annotations

import io
from contextlib import closing
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx
import pytest
from PIL import Image

from tests.support.platforms.simulated_account import CHOICE, JPEG, NOWHERE, client, clip, simulated
from worker.demo.simulator import SIMULATED, InjectedFault
from worker.demo.simulator.vendors.vimeo import SimulatedVimeo
from worker.errors import CredentialsRefused, PlatformUnavailable, PublishRejected
from worker.platforms import PLATFORMS
from worker.platforms.base import AssetState, NewThumbnail, WriteBack
from worker.platforms.shared import pagination
from worker.platforms.vendors import vimeo

if TYPE_CHECKING:
    from pathlib import Path

WITH_PICTURES = sorted(
    name for name, one in PLATFORMS.items() if WriteBack.IMAGE in one.capabilities.write_backs
)


def encoded(kind: str) -> bytes:
    """Encode a small picture as a file of this type."""
    content = io.BytesIO()
    Image.new("RGB", (16, 9), "teal").save(content, kind)
    return content.getvalue()


NO_PICTURES = {
    "text after the mark of a JPEG": b"\xff\xd8\xff our picture",
    "half of a JPEG": JPEG[: len(JPEG) // 2],
    "a TIFF": encoded("TIFF"),
    "nothing": b"",
}


@pytest.mark.parametrize("name", WITH_PICTURES)
def test_only_a_whole_picture_is_taken(name: str, tmp_path: Path) -> None:
    """It is decoded to its end, and its type is one that the platform names."""
    with simulated(name) as (vendor, ours):
        asset = ours.asset(vendor.upload(clip(tmp_path)))
        for content in NO_PICTURES.values():
            with pytest.raises(PublishRejected, match="400"):
                ours.write(asset, NewThumbnail(4.2, content))

        assert vendor.journal.entries("write") == []
        assert vendor.known(asset.id).image is None


@pytest.mark.parametrize("name", sorted(SIMULATED))
def test_a_token_that_may_only_read_writes_nothing(name: str, tmp_path: Path) -> None:
    """As where the permission to upload, edit or write was forgotten: reading works, so it shows late."""
    with simulated(name) as (vendor, ours):
        vendor.may_write = False
        asset = ours.asset(vendor.upload(clip(tmp_path)))
        with pytest.raises(CredentialsRefused, match=r"403.*does not have the permission"):
            ours.write(asset, CHOICE)

        assert [listed.id for listed in ours.assets().assets] == [asset.id]
        assert vendor.journal.entries("write") == []


@pytest.mark.parametrize("name", sorted(SIMULATED))
def test_a_planned_fault_is_told_in_the_vendors_own_words(name: str) -> None:
    """So that our side reads it where the vendor writes it."""
    with simulated(name) as (vendor, ours):
        ours.assets()  # whoever logs in has done so by now
        vendor.faults.plan(InjectedFault(status=503))
        with pytest.raises(PlatformUnavailable, match="Service Unavailable"):
            ours.assets()


MAX_PAGES = {
    "cloudflare": 1000,
    "vimeo": 100,
    "wistia": 100,
    "api_video": 100,
    "mux": 100,
    "fastpix": 50,
    "peertube": 100,
}


@pytest.mark.parametrize(("name", "longest"), [*MAX_PAGES.items(), ("bunny", 1000)])
def test_a_list_has_an_end(name: str, longest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """More is refused, and so is a number that is none, in the vendor's shape of an error."""
    # Cloudflare's, which is read by time, would keep within the limit by itself.
    monkeypatch.setattr(pagination.OlderPage, "limit", property(lambda _: pagination.PAGE_SIZE))
    with simulated(name) as (_, ours):
        monkeypatch.setattr(pagination, "PAGE_SIZE", longest)
        ours.assets()
        for count in (longest + 1, 0, "many"):
            monkeypatch.setattr(pagination, "PAGE_SIZE", count)
            with pytest.raises(PublishRejected, match="must be"):
                ours.assets()


def test_vimeo_shows_the_fields_that_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no other: what our client forgets to ask for, it does not get; an unknown name is dropped."""
    with simulated("vimeo") as (vendor, ours):
        asset_id = vendor.upload(clip(tmp_path), title="Ducks")
        whole = ours.asset(asset_id)
        assert set(whole.details) == {name.partition(".")[0] for name in vimeo.FIELDS.split(",")}

        for field in vimeo.FIELDS.split(","):
            less = vimeo.FIELDS.replace(field, "no_such_field")
            monkeypatch.setattr(vimeo, "FIELDS", less)
            assert ours.asset(asset_id).details != whole.details, field
            monkeypatch.undo()

        monkeypatch.setattr(vimeo, "FIELDS", "uri,pictures.no_such_field")
        bare = ours.asset(asset_id)
        assert bare.details == {"uri": f"/videos/{asset_id}", "pictures": {}}
        assert (bare.state, bare.title, bare.shown) == (AssetState.PREPARING, "", None)


def test_vimeos_links_run_out(tmp_path: Path) -> None:
    """Those to files, and those to send a picture to; each look gets new ones."""
    with SimulatedVimeo(NOWHERE) as vendor, closing(client(vendor)) as ours:
        asset = ours.asset(vendor.upload(clip(tmp_path)))
        vendor.links.lifetime_s = 0.0
        late = ours.asset(asset.id)

        assert fetched_status(ours.source(asset).scan.url) == HTTPStatus.OK
        assert fetched_status(ours.source(late).scan.url) == HTTPStatus.FORBIDDEN
        with pytest.raises(CredentialsRefused, match="403"):
            ours.write(asset, CHOICE)


def test_vimeo_looks_at_the_type_of_a_picture(tmp_path: Path) -> None:
    """A PNG that is called a JPEG is refused."""
    with simulated("vimeo") as (vendor, ours):
        asset = ours.asset(vendor.upload(clip(tmp_path)))
        with pytest.raises(PublishRejected, match="Content-Type"):
            ours.write(asset, NewThumbnail(4.2, encoded("PNG")))


def fetched_status(url: str) -> int:
    """Ask for a file as a player does."""
    return httpx.get(url, trust_env=False).status_code
