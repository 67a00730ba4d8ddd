"""The files of deploy/proxy for the beacon: viewers are counted behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import reverse_proxies
from tests.support.trials.counted_trials import AGENT, running_test, told
from tests.support.trials.live_beacon import served_beacon

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine


@pytest.mark.parametrize("name", reverse_proxies.BEACON_PROXIES)
def test_viewers_are_counted_behind_a_proxy_and_see_nothing_of_the_operators(
    name: str, engine: Engine, database_url: str, tmp_path: Path
) -> None:
    """What the beacon shows is open, and the rest stays closed."""
    if not reverse_proxies.is_installed(name):
        pytest.skip(f"{name} is not installed")
    trial = running_test(engine)
    headers = {"User-Agent": AGENT, "Content-Type": "text/plain"}
    with (
        served_beacon(database_url, tmp_path) as beacon,
        reverse_proxies.in_front(name, tmp_path, beacon.port, of_beacon=True) as viewer,
    ):
        told_it = viewer.post("/v1/seen", content=told([trial, 1, "i"]), headers=headers)
        closed = [viewer.get(path).status_code for path in ("/metrics", "/readyz", "/")]
        opened = [viewer.get(path).status_code for path in ("/healthz", "/openapi.json")]

    assert told_it.status_code == 204
    assert (closed, opened) == ([404, 404, 404], [200, 200])
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT sum(impressions) FROM count_inbox").scalar_one() == 1
