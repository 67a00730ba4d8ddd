"""What many tests share: clips, made once in a run, and real servers with a fresh database for each test."""

from __future__ import annotations

import gc
import itertools
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Python keeps what it has compiled, also where a machine's settings say no. Otherwise each parallel worker
# compiles all tests again, for 8 s of a core, and each of the hundreds of programs started here its modules.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Each of the parallel workers has one core, where more threads would only wait for each other. PyTorch and
# OpenBLAS read this once, when they are imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# PyTorch takes a core 4 s to import, and neither the process that deals tests out nor most files need it. So
# what imports it is imported in fixtures.
import pytest
import redis
from xdist.scheduler.loadfile import LoadFileScheduling

from tests.support.media import clips, pictures
from tests.support.service.commands import run_thumbs
from tests.support.service.databases import Databases
from worker import database
from worker.confinement.cores import available_cores
from worker.settings import get_settings
from worker.standalone.servers import Server, start_postgres, start_valkey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from tests.support.service.analyzer_rig import AnalyzerRig
    from tests.support.service.commands import Run
    from worker.analysis.decoder_pool import Decoders
    from worker.pipeline.scoring.models import Models

# These start whole programs. They go first, so that no worker is left with one of them at the end.
SLOW_FIRST = (
    "tests/end_to_end",
    "tests/standalone",
    "tests/faults",
    "tests/webhook",
    "tests/project",
    "tests/browser/test_whole_way",
)
MAX_WORKERS = 4  # each has a PostgreSQL, a Valkey and the models: 2 GB

VALKEY_DATABASES = 16  # its own default
_NUMBERS = itertools.count()


class RoomScheduling(LoadFileScheduling):
    """Give a parallel worker whole files, as modules share servers; the quick faults share a service."""

    def _split_scope(self, nodeid: str) -> str:
        if not self.config.option.markexpr.startswith("faults") and nodeid.startswith("tests/faults/"):
            return "tests/faults"
        return str(super()._split_scope(nodeid))


def pytest_xdist_auto_num_workers() -> int:
    """Say how many tests run at once: one more than there are cores, since a test often waits."""
    return min(available_cores() + 1, MAX_WORKERS)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> RoomScheduling:
    """Say how tests are dealt to parallel workers."""
    return RoomScheduling(config, log)


def pytest_collection_finish() -> None:
    """Keep the garbage collector from looking through all of PyTorch again and again.

    In one process, 1,079 quick tests take 55 s of processor time so, and 75 s without.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the slow ones first."""
    items.sort(key=lambda item: not item.nodeid.startswith(SLOW_FIRST))


@pytest.fixture(scope="session")
def shared_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that lives as long as the run; its files are not to be changed."""
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="session")
def numbered_clip(shared_dir: Path) -> Path:
    """Return 2 s of frames that carry their number, 320x180 at 25 frames a second."""
    return clips.write_plain(shared_dir / "numbered.mp4")


@pytest.fixture(scope="session")
def bikes_clip(shared_dir: Path) -> Path:
    """Return 3 s of real footage at 640x272."""
    return clips.write(shared_dir / "bikes.mp4", pictures.footage("bikes", 75, size=None))


@pytest.fixture(scope="session")
def forgetful_models() -> Models:
    """Return the bundled models, loaded once, on the processor: results are to be the same everywhere."""
    from worker.pipeline.scoring.models import Models

    return Models.load(device="cpu")


@pytest.fixture(scope="session")
def models(forgetful_models: Models) -> Models:
    """Return them for tests that only use them: each picture is judged once in the run."""
    from tests.support.remembering_models import remembering

    return remembering(forgetful_models)


@pytest.fixture(scope="session")
def decoders() -> Iterator[Decoders]:
    """Return one warm decoder, which each job gets anew; tests may kill it."""
    from worker.analysis.decoder_pool import Decoders

    with Decoders(1) as decoders:
        yield decoders


@pytest.fixture
def rig(engine: Engine, models: Models, decoders: Decoders, tmp_path: Path) -> Iterator[AnalyzerRig]:
    """Return a worker that is ready to look at an asset of the simulated platform."""
    from tests.support.service.analyzer_rig import ready_analyzer_rig

    with ready_analyzer_rig(engine, models, decoders, tmp_path / "work") as rig:
        yield rig


@pytest.fixture(scope="session")
def servers_dir() -> Iterator[Path]:
    """Return a folder with a short path, which a socket's address can hold."""
    with tempfile.TemporaryDirectory(prefix="thumbs-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres_server(servers_dir: Path) -> Iterator[Server]:
    """Start one PostgreSQL for the run."""
    server = start_postgres(servers_dir / "postgres", options={"fsync": "off"})
    yield server
    server.close()


@pytest.fixture(scope="session")
def databases(postgres_server: Server) -> Iterator[Databases]:
    """Keep databases for the tests of a run."""
    with Databases(postgres_server) as databases:
        yield databases


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """Return a database with all tables and no rows, for one test."""
    with databases.lend() as url:
        yield url


@pytest.fixture
def engine(databases: Databases, database_url: str) -> Iterator[Engine]:
    """Return the engine on this test's database, with no connection yet."""
    engine = databases.engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def thumbs(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Return what runs a command of `thumbs` on this test's database."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    yield run_thumbs
    get_settings.cache_clear()
    database.get_engine.cache_clear()


@pytest.fixture(scope="session")
def valkey_server(servers_dir: Path) -> Iterator[Server]:
    """Start one Valkey for the run."""
    server = start_valkey(servers_dir / "valkey")
    yield server
    server.close()


@pytest.fixture
def redis_url(valkey_server: Server) -> Iterator[str]:
    """Return the address of an empty Valkey database, for one test."""
    url = f"{valkey_server.url.rpartition('/')[0]}/{next(_NUMBERS) % VALKEY_DATABASES}"
    with redis.Redis.from_url(url) as client:
        client.flushdb()
        yield url
        client.flushdb()
