"""The vendors' own clients, where they are installed, against our simulations: what they send is accepted.

`pip install cloudflare api.video mux_python` installs them; we depend on none. What our client sends is
accepted by the same simulations in `test_every_simulation.py`, so the two agree.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.support.platforms.simulated_account import JPEG, clip, simulated
from worker.demo.simulator.platform import TOKEN
from worker.demo.simulator.vendors.api_video import API_KEY
from worker.demo.simulator.vendors.cloudflare import ACCOUNT_ID, API_TOKEN, TOKEN_FIELDS, WRITABLE
from worker.platforms.base import WebhookAddress
from worker.platforms.shared.credentials import basic
from worker.platforms.shared.pagination import PAGE_SIZE

if TYPE_CHECKING:
    from pathlib import Path


def test_cloudflares_client_reads_and_sets_what_ours_does(tmp_path: Path) -> None:
    """The video, its download, and the thumbnail's share of the duration."""
    cloudflare = pytest.importorskip("cloudflare")
    with simulated("cloudflare") as (vendor, ours):
        asset_id = vendor.upload(clip(tmp_path), title="Ducks")
        with httpx.Client(trust_env=False) as http:
            theirs = cloudflare.Cloudflare(
                api_token=API_TOKEN, base_url=f"{vendor.url}/client/v4", http_client=http, max_retries=0
            ).stream
            video = theirs.edit(asset_id, account_id=ACCOUNT_ID, thumbnail_timestamp_pct=0.42)
            listed = theirs.list(account_id=ACCOUNT_ID, asc=False, include_counts=True, limit=PAGE_SIZE)
            webhook = theirs.webhooks.get(account_id=ACCOUNT_ID)
            download = theirs.downloads.get(asset_id, account_id=ACCOUNT_ID).default

        found = ours.asset(asset_id)
        assert [one.uid for one in listed] == [one.id for one in ours.assets().assets] == [asset_id]
        assert ours.webhooks() == [WebhookAddress(webhook.notification_url)]
        assert (video.uid, video.duration, video.status.state) == (asset_id, found.duration_s, "ready")
        assert (found.shown, vendor.thumbnail_time(asset_id)) == ("4.2", pytest.approx(4.2))
        assert (download.status, download.url) == ("ready", ours.source(found).scan.url)


def test_cloudflare_takes_the_fields_of_its_client_and_no_others() -> None:
    """Those of an edit, and those of a token for a private video."""
    params = pytest.importorskip("cloudflare.types.stream")
    for fields, sent in ((WRITABLE, params.StreamEditParams), (TOKEN_FIELDS, params.TokenCreateParams)):
        names = {name.replace("_", "") for name in sent.__annotations__} - {"accountid"}
        assert {field.lower() for field in fields} == names


def test_a_token_that_cloudflares_client_asks_for_opens_the_download(tmp_path: Path) -> None:
    """Where it asks for downloads."""
    cloudflare = pytest.importorskip("cloudflare")
    with simulated("cloudflare") as (vendor, _), httpx.Client(trust_env=False) as http:
        asset_id = vendor.upload(clip(tmp_path), is_private=True)
        theirs = cloudflare.Cloudflare(
            api_token=API_TOKEN, base_url=f"{vendor.url}/client/v4", http_client=http, max_retries=0
        ).stream
        url = theirs.downloads.get(asset_id, account_id=ACCOUNT_ID).default.url
        exp = int(time.time()) + 6 * 3600
        made = theirs.token.create(asset_id, account_id=ACCOUNT_ID, downloadable=True, exp=exp)

        assert http.get(url).status_code == 403
        assert http.get(url.replace(asset_id, made.token)).status_code == 200


def test_api_videos_client_reads_and_sets_what_ours_does(tmp_path: Path) -> None:
    """The video, its status, and the thumbnail as a picture and as a time."""
    clients = pytest.importorskip("apivideo.api_client")
    configurations = pytest.importorskip("apivideo.configuration")
    api = pytest.importorskip("apivideo.api.videos_api")
    payloads = pytest.importorskip("apivideo.model.video_thumbnail_pick_payload")
    picture = tmp_path / "thumbnail.jpg"
    picture.write_bytes(JPEG)
    with simulated("api_video") as (vendor, ours):
        asset_id = vendor.upload(clip(tmp_path), title="Ducks")
        shown = basic(API_KEY, "", "").headers["Authorization"]
        theirs = api.VideosApi(
            clients.ApiClient(
                configurations.Configuration(host=vendor.url), header_name="Authorization", header_value=shown
            )
        )
        status = theirs.get_status(asset_id)
        order = {"sort_by": "updatedAt", "sort_order": "desc"}
        listed = theirs.list(current_page=1, page_size=PAGE_SIZE, **order)
        with picture.open("rb") as file:
            theirs.upload_thumbnail(asset_id, file)
        uploaded = vendor.known(asset_id).image
        assert [one.video_id for one in listed.data] == [one.id for one in ours.assets().assets]
        theirs.pick_thumbnail(asset_id, payloads.VideoThumbnailPickPayload(timecode="00:00:04.20"))

        found = ours.asset(asset_id)
        assert theirs.get(asset_id).title == found.title == "Ducks"
        assert status.encoding.metadata.duration == found.duration_s
        assert uploaded == JPEG
        assert vendor.thumbnail_time(asset_id) == pytest.approx(4.2)


def test_muxs_client_reads_and_sets_what_ours_does(tmp_path: Path) -> None:
    """The asset and the list; and its time, by a bare request, since mux_python 5.1 has no name for it."""
    mux = pytest.importorskip("mux_python")
    with simulated("mux") as (vendor, ours):
        asset_id = vendor.upload(clip(tmp_path), title="Ducks")
        client = mux.ApiClient(mux.Configuration(host=vendor.url, username=TOKEN[0], password=TOKEN[1]))
        theirs = mux.AssetsApi(client)
        listed = theirs.list_assets(limit=PAGE_SIZE).data
        assert [one.id for one in listed] == [one.id for one in ours.assets().assets] == [asset_id]
        client.call_api(
            f"/video/v1/assets/{asset_id}",
            "PATCH",
            header_params={"Content-Type": "application/json"},
            body={"thumbnail_time": 4.2},
            response_types_map={200: None},
            auth_settings=["accessToken"],
        )

        found, asset = ours.asset(asset_id), theirs.get_asset(asset_id).data
        assert (asset.id, asset.duration, asset.status) == (asset_id, found.duration_s, "ready")
        assert (found.shown, vendor.thumbnail_time(asset_id)) == ("4.2", 4.2)
