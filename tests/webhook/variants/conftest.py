"""The pages of variants, on a database of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.service.deliveries import make_settings
from tests.support.viewers.variants_app import variants_app
from webhook.variants import kept

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Engine

PUBLIC_URL, BEACON_URL = "https://thumbs.example.com", "https://beacon.example.com"

Viewers = Callable[..., "FlaskClient"]


@pytest.fixture(autouse=True)
def nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read everything anew, as tests change it."""
    monkeypatch.setattr(kept, "KEPT_S", 0.0)


@pytest.fixture
def viewers(engine: Engine) -> Viewers:
    """Return what makes a client of the pages, with settings."""

    def client(**values: Any) -> FlaskClient:
        urls = {"public_url": PUBLIC_URL, "beacon_url": BEACON_URL}
        return variants_app(make_settings(**{**urls, **values}), engine).test_client()

    return client


@pytest.fixture
def viewer(viewers: Viewers) -> FlaskClient:
    """Return a client of the pages."""
    return viewers()
