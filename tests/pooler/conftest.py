"""A PgBouncer before the run's PostgreSQL, and engines through it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import make_url

from tests.support.pooler.pgbouncer import NoPooler, PgBouncer, executable
from worker.database import make_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from worker.standalone.servers import Server

POOL_SIZE = 4  #: connections to PostgreSQL


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here: it needs a program that is not in a wheel."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("pooler")


@pytest.fixture(scope="session", autouse=True)
def _pooler_is_here() -> None:
    try:
        executable()
    except NoPooler as missing:
        pytest.skip(str(missing))


@pytest.fixture
def pooler(postgres_server: Server, servers_dir: Path, tmp_path: Path) -> Iterator[PgBouncer]:
    """Start a PgBouncer with four connections to PostgreSQL."""
    folder = servers_dir / f"pooler-{tmp_path.name[-20:]}"
    folder.mkdir()
    pooler = PgBouncer(folder, postgres_server.url, {"default_pool_size": str(POOL_SIZE)})
    yield pooler
    pooler.close()


@pytest.fixture
def pooled_url(pooler: PgBouncer, database_url: str) -> str:
    """Return the address of this test's database through the pooler."""
    return pooler.url(make_url(database_url).database or "")


@pytest.fixture
def pooled(pooled_url: str) -> Iterator[Engine]:
    """Return an engine through the pooler."""
    engine = make_engine(pooled_url)
    yield engine
    engine.dispose()
