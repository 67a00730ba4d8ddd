"""FastPix, simulated: the metadata are the customer's, and what FastPix would refuse is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.support.platforms.simulated_account import JPEG, clip, simulated
from worker.demo.simulator.platform import TOKEN
from worker.platforms.base import NewThumbnail, WriteBack

if TYPE_CHECKING:
    from pathlib import Path


def patched(url: str, **request_of: Any) -> httpx.Response:
    """Write to a media, as a customer may."""
    return httpx.patch(url, auth=TOKEN, trust_env=False, **request_of)


def test_a_write_leaves_the_other_metadata_alone(tmp_path: Path) -> None:
    """A PATCH replaces all of them, so all of them are sent."""
    with simulated("fastpix") as (vendor, ours):
        found = ours.asset(vendor.upload(clip(tmp_path)))
        url = f"{vendor.url}/v1/on-demand/{found.id}"
        patched(url, json={"metadata": {"order": "17"}})
        ours.write(found, NewThumbnail(4.2, JPEG))

        assert ours.asset(found.id).details["metadata"] == {"order": "17", "thumbnail_time": "4.2"}


def test_without_the_setting_nothing_is_written() -> None:
    """The picture is served by us."""
    with simulated("fastpix", write_metadata=False) as (_, ours):
        assert ours.write_back is WriteBack.NONE


@pytest.mark.parametrize(
    "request_of",
    [
        {"json": {"metadata": {"thumbnail_time": 4.2}}},
        {"json": {"metadata": {"note": "x" * 256}}},
        {"json": {"metadata": {str(number): "x" for number in range(11)}}},
        {"json": {"metadata": "x"}},
        {"json": {"thumbnail": "x"}},
        {"content": b"{"},
    ],
)
def test_a_write_that_fastpix_would_refuse_is_refused(tmp_path: Path, request_of: dict[str, Any]) -> None:
    """With 400, in its shape of an error."""
    with simulated("fastpix") as (vendor, _):
        answer = patched(f"{vendor.url}/v1/on-demand/{vendor.upload(clip(tmp_path))}", **request_of)

        assert (answer.status_code, answer.json()["error"]["code"]) == (400, 400)
        assert vendor.journal.entries("write") == []
