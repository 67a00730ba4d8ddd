"""The beacon on a database of the test's own, without a server in between."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client import REGISTRY
from werkzeug.test import TestResponse

from tests.support.service.deliveries import make_settings
from tests.support.trials.counted_trials import AGENT, told
from webhook.beacon.app import Beacon, make_beacon_engine
from worker.database import transaction
from worker.trials import counting
from worker.trials.sums import Sums

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient
    from sqlalchemy import Engine

Tell = Callable[..., TestResponse]
Counted = Callable[[int], dict[int, Sums]]
Dropped = Callable[[str, str], float]


@pytest.fixture
def beacon(database_url: str) -> Iterator[Beacon]:
    """Return a beacon; it knows the tests that run as soon as it is flushed."""
    settings = make_settings(database_url=database_url)
    engine = make_beacon_engine(settings)
    beacon = Beacon(settings, engine)
    yield beacon
    beacon.close()
    engine.dispose()


@pytest.fixture
def client(beacon: Beacon) -> FlaskClient:
    """Return a client of the application itself."""
    return beacon.public.test_client()


@pytest.fixture
def tell(beacon: Beacon, client: FlaskClient) -> Tell:
    """Return what tells events as a browser does, of tests that run by now."""

    def tell(*events: list[Any], body: bytes | None = None, **headers: str) -> TestResponse:
        beacon.flusher.flush(within_s=5.0)
        given = {"User-Agent": AGENT, "Content-Type": "text/plain;charset=UTF-8", **headers}
        given = {name.replace("_", "-"): value for name, value in given.items()}
        return client.post("/v1/seen", data=told(*events) if body is None else body, headers=given)

    return tell


@pytest.fixture
def counted(engine: Engine, beacon: Beacon) -> Counted:
    """Return what reads the sums of a test's buckets, when all is handed over and merged."""

    def counted(trial_id: int) -> dict[int, Sums]:
        assert beacon.flusher.flush(within_s=5.0)
        with transaction(engine) as session:
            counting.merge(session, 1000, settled_s=-1)
            return counting.read_buckets(session, trial_id)

    return counted


@pytest.fixture
def dropped(beacon: Beacon) -> Dropped:
    """Return what reads how many events of a kind were dropped for a reason, since the test began."""

    def now(kind: str, why: str) -> float:
        beacon.flusher.flush(within_s=5.0)
        labels = {"kind": kind, "dropped": why}
        return REGISTRY.get_sample_value("thumbs_beacon_events_total", labels) or 0.0

    kinds = ("impression", "play", "quality_play", "watch")
    reasons = ("", "bot", "flood", "duplicate", "unknown", "order", "repeated", "buckets", "seconds", "full")
    before = {(kind, why): now(kind, why) for kind in kinds for why in reasons}
    return lambda kind, why: now(kind, why) - before[kind, why]
