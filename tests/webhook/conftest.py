"""The receiver on a database of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from werkzeug.test import TestResponse

from tests.support.service.deliveries import Delivery, make_settings
from tests.support.service.live_receiver import Served, served
from webhook.app import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient
    from sqlalchemy import Engine

    from tests.support.service.databases import Databases

Post = Callable[[Delivery], TestResponse]


@pytest.fixture(scope="module")
def shared_receiver(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Run a receiver for the tests of a file that only ask it."""
    with databases.lend() as url, served(url, tmp_path_factory.mktemp("receiver")) as receiver:
        yield receiver


@pytest.fixture
def client(engine: Engine) -> FlaskClient:
    """Return a client of the application itself, without a server in between."""
    return create_app(make_settings(), engine).test_client()


@pytest.fixture
def post(client: FlaskClient) -> Post:
    """Return what sends a delivery."""
    return lambda delivery: client.post(delivery.path, headers=delivery.headers, data=delivery.body)
