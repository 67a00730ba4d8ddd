"""The receiver on a database of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from werkzeug.test import TestResponse

from tests.support.service.deliveries import Delivery, make_settings
from webhook.app import create_app

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Engine

Post = Callable[[Delivery], TestResponse]


@pytest.fixture
def client(engine: Engine) -> FlaskClient:
    """Return a client of the application itself, without a server in between."""
    return create_app(make_settings(), engine).test_client()


@pytest.fixture
def post(client: FlaskClient) -> Post:
    """Return what sends a delivery."""
    return lambda delivery: client.post(delivery.path, headers=delivery.headers, data=delivery.body)
