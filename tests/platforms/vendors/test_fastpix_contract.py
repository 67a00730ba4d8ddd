"""FastPix's own description of its API, where a copy is at hand, against what we ask and read.

The copy is not ours to pass on: `old-yaml.yaml` of github.com/FastPix/node-sdk. `FASTPIX_OPENAPI` names it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.platforms.vendors.test_fastpix import fastpix
from tests.support.platforms.scripted_server import Answer
from tests.support.platforms.webhook_senders import FASTPIX
from worker.platforms.base import AssetState, NewThumbnail

ROOT = Path(__file__).parents[3]
BESIDE_US = ROOT.parent / "shared" / "platform-data" / "fastpix-node-sdk_old-yaml.openapi.yaml"

MEDIA_PATH = "/on-demand/{mediaId}"
MAX_METADATA_CHARACTERS = 255


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    """Return the description, read."""
    path = Path(os.environ.get("FASTPIX_OPENAPI", BESIDE_US))
    if not path.exists():
        pytest.skip("no copy of FastPix's OpenAPI file; FASTPIX_OPENAPI can name one")
    yaml = pytest.importorskip("yaml")
    read: dict[str, Any] = yaml.load(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return read


def example(openapi: dict[str, Any], method: str) -> dict[str, Any]:
    """The answer that the description shows."""
    answer = openapi["paths"][MEDIA_PATH][method]["responses"]["200"]["content"]["application/json"]
    found: dict[str, Any] = answer["schema"]["example"]
    return found


def test_their_example_of_a_media_is_read(openapi: dict[str, Any]) -> None:
    """State, duration and playback id."""
    with fastpix(Answer(json=example(openapi, "get"))) as (platform, _):
        found = platform.asset("cfeec1a3-6cbd-40df-a425-2ed7f8f72ced")
        source = platform.source(found)

    assert (found.state, found.duration_s) == (AssetState.READY, 10.0)
    assert "837f028b-dcaf-4c23-b368-3748641f74ac" in source.scan.url


def test_what_we_ask_is_described(openapi: dict[str, Any]) -> None:
    """Address, method, and every field of the body."""
    answer = Answer(json=example(openapi, "get"))
    with fastpix(answer, write_metadata=True) as (platform, server):
        found = platform.asset("m1")
        platform.write(found, NewThumbnail(12.67, b""))

    body = openapi["paths"][MEDIA_PATH]["patch"]["requestBody"]["content"]["application/json"]["schema"]
    metadata = body["properties"]["metadata"]
    written = server.journal[-1].json
    assert {asked.path for asked in server.journal} == {f"/v1{MEDIA_PATH}".format(mediaId="m1")}
    assert [asked.method for asked in server.journal] == ["GET", "GET", "PATCH"]
    assert written.keys() <= body["properties"].keys()
    assert metadata["additionalProperties"] == {"type": "string", "maxLength": MAX_METADATA_CHARACTERS}
    assert all(isinstance(value, str) for value in written["metadata"].values())


@pytest.mark.parametrize("payload", ["video.media.ready", "video.media.ready.clip", "video.media.updated"])
def test_our_payloads_use_their_names(openapi: dict[str, Any], payload: str) -> None:
    """So that a test does not pass on a field that FastPix never sends."""
    described = openapi["components"]["schemas"]["GetMediaResponse"]["properties"]

    assert FASTPIX.payload(payload)["data"].keys() <= described.keys()


def test_the_list_is_asked_for_and_read_as_described(openapi: dict[str, Any]) -> None:
    """Every parameter is known, within its limits, and their example of an answer is read."""
    asked = openapi["paths"]["/on-demand"]["get"]
    described = {parameter["name"]: parameter["schema"] for parameter in asked["parameters"]}
    example = asked["responses"]["200"]["content"]["application/json"]["schema"]["example"]
    with fastpix(Answer(json=example)) as (platform, server):
        page = platform.assets()

    query = dict(parse_qsl(urlsplit(server.journal[0].path).query))
    assert query.keys() <= described.keys()
    assert int(query["limit"]) <= described["limit"]["maximum"]
    assert page.total == 100
    assert [(one.id, one.state) for one in page.assets] == [
        ("cfeec1a3-6cbd-40df-a425-2ed7f8f72ced", AssetState.READY)
    ]
