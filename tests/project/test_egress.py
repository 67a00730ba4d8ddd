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
        if name in {"api_url", "upload_url"} and not field.is_required()
    ]
    if not addresses:  # the operator's own
        (own,) = ACCOUNTS[platform].model_fields.keys() & {"api_url", "endpoint_url"}
        assert f"the host of `{platform}__<account>__{own}`".upper() in DEPLOYMENT.upper()
        return
    files = getattr(importlib.import_module(f"worker.platforms.vendors.{platform}"), "CDN_HOSTS", ())
    (row,) = [line for line in DEPLOYMENT.splitlines() if f"`{addresses[0]}`" in line]

    assert all(f"`{host}`" in row for host in [*addresses, *files])
