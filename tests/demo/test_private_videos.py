"""Files of private videos open only with tokens that the vendor would take."""

from __future__ import annotations

import time
from contextlib import closing
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest

from tests.support.platforms import signing_keys
from tests.support.platforms.simulated_account import (
    CONTENT,
    NOWHERE,
    client,
    clip,
    fetched,
    simulated,
)
from worker.demo.simulator import SIMULATED
from worker.demo.simulator.checks.tokens import signing_key
from worker.demo.simulator.platform import STREAM
from worker.demo.simulator.vendors.bunny import SimulatedBunny
from worker.demo.simulator.vendors.cloudflare import ACCOUNT_ID, API_TOKEN
from worker.platforms.shared import signed_urls
from worker.platforms.vendors.bunny import cdn_token

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from worker.demo.simulator import Simulated

HOUR_S = 3600
DAY_S = 24 * HOUR_S


def status_of(url: str) -> int:
    """Ask for a file as a player does."""
    return httpx.get(url, trust_env=False).status_code


def wanted(name: str, playback_id: str) -> tuple[str, dict[str, Any]]:
    """The file of a private video, and what a token for it claims."""
    now_s = int(time.time())
    common = {"exp": now_s + HOUR_S, "kid": signing_key().id}
    if name == "mux":
        return "720p.mp4", {"sub": playback_id, "aud": "v", **common}
    about = {"iss": "fastpix.com", "aud": f"media:{playback_id}", "sub": "", "iat": now_s}
    return "capped-4k.mp4", {**about, **common}


def signed(
    claims: Mapping[str, Any], header: Mapping[str, Any], key: Any = None, algorithm: str = "RS256"
) -> str:
    """Make a token with nothing but what is given."""
    key = key or (signing_key().pair if algorithm == "RS256" else None)
    return jwt.encode(dict(claims), key, algorithm, headers=dict(header))


NAMED = {"kid": "simulated-signing-key"}
MISTAKES = {
    "none": lambda _: "",
    "not a token": lambda _: "abc.def",
    "signed with a shared secret": lambda claims: signed(claims, NAMED, "x" * 32, "HS256"),
    "not signed": lambda claims: signed(claims, NAMED, None, "none"),
    "signed with another key": lambda claims: signed(claims, NAMED, signing_keys.key()),
    "of no key": lambda claims: signed({**claims, "kid": None}, {}),
    "of a key that there is not": lambda claims: signed({**claims, "kid": "other"}, {"kid": "other"}),
    "without an end": lambda claims: signed({k: v for k, v in claims.items() if k != "exp"}, NAMED),
    "run out": lambda claims: signed({**claims, "exp": int(time.time()) - 1}, NAMED),
    "for nobody": lambda claims: signed({k: v for k, v in claims.items() if k != "aud"}, NAMED),
    "for something else": lambda claims: signed({**claims, "aud": "t"}, NAMED),
}


@pytest.mark.parametrize("name", ["fastpix", "mux"])
def test_only_a_token_as_documented_opens_the_file(name: str, tmp_path: Path) -> None:
    """RS256 with the account's key, which is named, with an end that has not come, for this very video."""
    with simulated(name) as (vendor, _):
        video = vendor.known(vendor.upload(clip(tmp_path), is_private=True))
        file, claims = wanted(name, video.playback_id)
        url = f"{vendor.url}{STREAM}/{video.playback_id}/{file}?token="
        answers = {mistake: status_of(url + make(claims)) for mistake, make in MISTAKES.items()}

        assert status_of(url + signed(claims, NAMED)) == HTTPStatus.OK
        assert answers == dict.fromkeys(MISTAKES, HTTPStatus.FORBIDDEN)


def test_fastpix_wants_the_key_named_twice(tmp_path: Path) -> None:
    """In the header and among the claims; Mux takes either."""
    for name, status in (("fastpix", HTTPStatus.FORBIDDEN), ("mux", HTTPStatus.OK)):
        with simulated(name) as (vendor, _):
            video = vendor.known(vendor.upload(clip(tmp_path), is_private=True))
            file, claims = wanted(name, video.playback_id)
            url = f"{vendor.url}{STREAM}/{video.playback_id}/{file}?token="
            del claims["kid"]

            assert status_of(url + signed(claims, NAMED)) == status


def test_a_token_for_the_video_does_not_open_its_picture(tmp_path: Path) -> None:
    """Mux has a kind of its own for that."""
    with SIMULATED["mux"](NOWHERE, draw=lambda _path, _time_s: b"picture") as vendor:
        video = vendor.known(vendor.upload(clip(tmp_path), is_private=True))
        _, claims = wanted("mux", video.playback_id)
        url = f"{vendor.image_url(video.id)}?token="

        assert status_of(url + signed(claims, NAMED)) == HTTPStatus.FORBIDDEN
        assert status_of(url + signed({**claims, "aud": "t"}, NAMED)) == HTTPStatus.OK


@pytest.mark.parametrize("name", ["fastpix", "mux"])
def test_a_mistake_in_our_own_signer_would_be_noticed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here it gives tokens that have run out."""
    monkeypatch.setattr(signed_urls, "LIFETIME_S", -1)
    with simulated(name) as (vendor, ours):
        asset = ours.asset(vendor.upload(clip(tmp_path), is_private=True))

        assert status_of(ours.source(asset).scan.url) == HTTPStatus.FORBIDDEN


def cloudflare_token(vendor: Simulated, asset_id: str, **request_of: Any) -> httpx.Response:
    """Ask Cloudflare for a token."""
    url = f"{vendor.url}/client/v4/accounts/{ACCOUNT_ID}/stream/{asset_id}/token"
    return httpx.post(url, headers={"Authorization": f"Bearer {API_TOKEN}"}, trust_env=False, **request_of)


def test_cloudflares_token_opens_the_download_only_where_that_was_asked_for(tmp_path: Path) -> None:
    """By default it is for watching, and lives an hour."""
    with simulated("cloudflare") as (vendor, _):
        asset_id = vendor.upload(clip(tmp_path), is_private=True)

        def given(**request_of: Any) -> str:
            return str(cloudflare_token(vendor, asset_id, **request_of).json()["result"]["token"])

        def opens(token: str) -> int:
            return status_of(f"{vendor.url}{STREAM}/{token}/720p.mp4")

        plain, full = given(), given(json={"downloadable": True})
        said = jwt.decode(plain, options={"verify_signature": False})
        head, body, signature = full.split(".")

        assert said["exp"] == pytest.approx(time.time() + HOUR_S, abs=60)
        assert (opens(full), opens(plain), opens(asset_id)) == (200, 403, 403)
        assert opens(f"{head}.{body}.{signature[::-1]}") == 403
        assert opens(signed({"sub": asset_id, "exp": 1, "downloadable": True}, NAMED)) == 403


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"exp": DAY_S - 60}, 200),
        ({"exp": DAY_S + 60}, 400),
        ({"exp": -60}, 400),
        ({"exp": "soon"}, 400),
        ({"downloadable": "yes"}, 400),
        ({"lifetime": 60}, 400),
    ],
)
def test_cloudflares_tokens_live_a_day_at_most(tmp_path: Path, asked: dict[str, Any], status: int) -> None:
    """And what it does not know, it refuses."""
    if isinstance(asked.get("exp"), int):
        asked = {"exp": int(time.time()) + asked["exp"]}
    with simulated("cloudflare") as (vendor, _):
        answer = cloudflare_token(vendor, vendor.upload(clip(tmp_path), is_private=True), json=asked)

    assert answer.status_code == status
    assert answer.json()["success"] is (status == HTTPStatus.OK)


def test_bunnys_files_open_with_a_token_in_the_path(tmp_path: Path) -> None:
    """Signed with the key of the pull zone, for this folder, until a time that has not come."""
    key = "key-of-the-pull-zone"
    with SimulatedBunny(NOWHERE) as vendor:
        vendor.cdn_token_key = key
        asset_id, other_id = vendor.upload(clip(tmp_path)), vendor.upload(clip(tmp_path))
        with closing(client(vendor)) as ours:
            assert fetched(ours, ours.asset(asset_id), tmp_path) == CONTENT

        def opens(token: str) -> int:
            return status_of(f"{vendor.url}{STREAM}{token}/{asset_id}/play_720p.mp4")

        soon_s = int(time.time()) + HOUR_S
        good = cdn_token(key, f"/{asset_id}/", soon_s)
        assert opens(f"/{good}") == HTTPStatus.OK
        assert {
            opens(""),
            opens("/bcdn_token=x"),
            opens(f"/{good.replace(str(soon_s), str(soon_s + 1))}"),
            opens(f"/{cdn_token('another key', f'/{asset_id}/', soon_s)}"),
            opens(f"/{cdn_token(key, f'/{other_id}/', soon_s)}"),
            opens(f"/{cdn_token(key, f'/{asset_id}/', soon_s - HOUR_S - 1)}"),
        } == {HTTPStatus.FORBIDDEN}
