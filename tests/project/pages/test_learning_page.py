"""The program of docs/learning.md that tells counts is run as printed."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.support.doc_blocks import blocks_of
from tests.support.service.deliveries import EVENTS_SECRET
from tests.support.trials import day_test
from tests.support.trials.counted_trials import running_test
from tests.support.trials.live_beacon import served_beacon
from worker.database import transaction
from worker.trials import counting
from worker.trials.sums import Sums

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine


def test_counts_can_be_told_as_printed(engine: Engine, database_url: str, tmp_path: Path) -> None:
    """Once the numbers of the tests, and the day, are filled in."""
    (code,) = [one.code for one in blocks_of("docs/learning.md") if "def tell(" in one.code]
    drawn, by_days = running_test(engine), day_test.begun(engine, platform="vimeo")
    day_test.show_day(engine, 0)
    day_test.show_day(engine, 1)
    filled = code.replace('"test": 17', f'"test": {drawn}').replace('"test": 18', f'"test": {by_days}')
    filled = filled.replace("2026-11-29", day_test.first_day(engine).isoformat())

    with served_beacon(database_url, tmp_path) as beacon:
        environ = {"EVENTS_SECRET": EVENTS_SECRET, "BEACON_URL": f"http://127.0.0.1:{beacon.port}"}
        words = [sys.executable, "-c", filled]
        done = subprocess.run(words, env=os.environ | environ, check=True, capture_output=True, text=True)

    assert done.stdout.startswith("202 "), done.stdout
    with transaction(engine) as session:
        assert counting.read_buckets(session, drawn) == {93: Sums(120, 11, 9, 431.5)}
    assert (day_test.slot(engine, 0).views, day_test.slot(engine, 0).watch_s) == (1204, 40217.0)
