"""The beacon as a program: it hands over what it counted when it ends, and loses little when killed."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.trials.counted_trials import running_test, told
from tests.support.trials.live_beacon import START_TIMEOUT_S, LiveBeacon, served_beacon
from tests.support.waiting import until
from webhook.beacon.serving import run_beacon
from worker.database import transaction
from worker.errors import SettingsInvalid
from worker.settings import Settings
from worker.standalone.servers import free_port
from worker.trials import counting

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

BUCKETS = (0, 127)  # one of each variant


def impressions(engine: Engine, trial_id: int) -> list[int]:
    """Read how many impressions each variant's bucket has, when all is merged."""
    with transaction(engine) as session:
        counting.merge(session, 1000, settled_s=-1)
        counted = counting.read_buckets(session, trial_id)
    return [counted[bucket].impressions if bucket in counted else 0 for bucket in BUCKETS]


def test_what_was_counted_is_handed_over_when_it_ends(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    """Also where that is long before the next flush; numbers have a port of their own."""
    trial, metrics_port = running_test(engine), free_port()
    limits = {"FLUSH_S": 600.0}
    with served_beacon(database_url, tmp_path, limits, METRICS_PORT=str(metrics_port)) as beacon:
        for _ in range(10):
            assert [beacon.tell(told([trial, bucket, "i"])) for bucket in BUCKETS] == [204, 204]
        assert impressions(engine, trial) == [0, 0]
        assert beacon.client.get("/healthz").is_success
        assert beacon.client.get("/metrics").status_code == 404
        assert beacon.client.get(f"http://127.0.0.1:{metrics_port}/readyz").is_success
        assert b"# HELP thumbs_" in beacon.client.get(f"http://127.0.0.1:{metrics_port}/metrics").content
        beacon.process.send_signal(signal.SIGTERM)
        assert beacon.process.wait(START_TIMEOUT_S) == 0

    assert impressions(engine, trial) == [10, 10]


def test_what_was_handed_over_stays_where_it_is_killed(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    """Only what came since the last flush is lost, alike of all variants."""
    trial, flush_s = running_test(engine), 1.0
    with served_beacon(database_url, tmp_path, {"FLUSH_S": flush_s}) as beacon:
        _tell(beacon, trial)
        until(lambda: impressions(engine, trial) == [5, 5])
        _tell(beacon, trial)
        beacon.kill()

    first, second = impressions(engine, trial)
    assert min(first, second) >= 5
    assert abs(first - second) <= 1  # where it was flushed just between the two


def _tell(beacon: LiveBeacon, trial: int) -> None:
    for _ in range(5):
        for bucket in BUCKETS:
            assert beacon.tell(told([trial, bucket, "i"])) == 204


def test_a_port_of_nothing_is_refused_with_the_remedy(database_url: str) -> None:
    """Where it is started all the same."""
    with pytest.raises(SettingsInvalid, match="set the port"):
        run_beacon(Settings(database_url=database_url, beacon_port=0))
