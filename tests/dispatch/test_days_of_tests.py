"""Beside its rounds, a dispatcher shows the pictures of tests by days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.service import builders
from tests.support.service.worker_processes import START_S, WorkerProcess
from tests.support.trials import day_test
from tests.support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine


def test_a_day_begins_by_itself(engine: Engine, database_url: str, redis_url: str, tmp_path: Path) -> None:
    """As soon as the program runs; a publish worker then writes it."""
    day_test.begun(engine)
    day_test.come_to(engine, 0)
    variables = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "DATA_DIR": str(tmp_path)}
    with WorkerProcess("dispatch", **variables):
        until(lambda: day_test.slot(engine, 0).publication_id is not None, START_S)

    assert builders.publication_states(engine) == ["confirmed", "pending"]
