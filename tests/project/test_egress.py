"""docs/deployment.md names every host that our programs make requests to."""

from __future__ import annotations

import importlib
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from worker.settings.accounts import ACCOUNTS

DEPLOYMENT = (Path(__file__).parents[2] / "docs" / "deployment.md").read_text()


@pytest.mark.parametrize("platform", ACCOUNTS)
def test_a_firewall_can_be_set_by_the_table(platform: str) -> None:
    """With the hosts of its API, and those of its files."""
    addresses = [
        urlsplit(field.default).hostname
        for name, field in ACCOUNTS[platform].model_fields.items()
        if name in {"api_url", "upload_url"}
    ]
    if not addresses:  # the operator's own
        assert f"the host of `{platform.upper()}__<account>__ENDPOINT_URL`" in DEPLOYMENT
        return
    files = getattr(importlib.import_module(f"worker.platforms.vendors.{platform}"), "CDN_HOSTS", ())
    (row,) = [line for line in DEPLOYMENT.splitlines() if f"`{addresses[0]}`" in line]

    assert all(f"`{host}`" in row for host in [*addresses, *files])
