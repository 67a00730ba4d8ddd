"""`thumbs up` and `thumbs demo` as an operator meets them: real processes, and nothing left behind.

The demo starts the real programs. Elsewhere quick ones stand in for them beside the real servers: there it
matters how programs are started, watched and stopped, and not what they do.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.support.process_table import is_running
from tests.support.service.quick_programs import BROKEN, MUTE
from worker.demo.simulator import SIMULATED
from worker.settings import environment
from worker.standalone.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
START_S = 90.0  # on a slow and busy machine; only a hang takes longer
STOP_S = 30.0
PROGRAMS = {"receiver", "dispatcher", "analyze", "publish", "pages", "beacon"}
QUICK = "tests.support.service.quick_programs"


class Up:
    """A running `thumbs up`: what it printed, and the processes that belong to it."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        self.port, self.pages_port, self.beacon_port = free_port(), free_port(), free_port()
        self.printed = folder / "printed"
        own = {
            "DATA_DIR": str(folder / "data"),
            "PORT": str(self.port),
            "REVIEW_PORT": str(self.pages_port),
            "BEACON_PORT": str(self.beacon_port),
            "OMP_NUM_THREADS": "1",
        }
        none = {"DATABASE_URL": "", "REDIS_URL": ""}
        with self.printed.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", QUICK],
                env=environment(**(none | own | variables)),
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_until(self, is_there: Callable[[], object]) -> None:
        """Return once something is true of it."""
        deadline = time.monotonic() + START_S
        while not is_there():
            assert self.process.poll() is None, self.printed.read_text()
            assert time.monotonic() < deadline, self.printed.read_text()
            time.sleep(0.05)

    def wait_until_up(self) -> None:
        """Return once it says that it is up."""
        self.wait_until(lambda: "thumbs is up" in self.printed.read_text())

    def answers(self) -> bool:
        """Return whether the receiver has all that it needs."""
        with suppress(httpx.TransportError):
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", trust_env=False).is_success
        return False

    def children(self, words: str = "") -> set[int]:
        """Return its own children: all, or those whose command has these words."""
        return {
            pid for pid, parent, command in processes() if parent == self.process.pid and words in command
        }

    def descendants(self) -> set[int]:
        """Return its children, theirs, and so on."""
        found = {self.process.pid}
        listed = processes()
        while more := {pid for pid, parent, _ in listed if parent in found} - found:
            found |= more
        return found - {self.process.pid}


def processes() -> list[tuple[int, int, str]]:
    """Return the id, the parent and the command of every process."""
    listed = subprocess.check_output(["ps", "-wweo", "pid=,ppid=,args="], text=True)  # noqa: S607
    rows = [line.split(maxsplit=2) for line in listed.splitlines()]
    return [(int(pid), int(parent), command) for pid, parent, command in rows]


@contextmanager
def thumbs_up(folder: Path, **variables: str) -> Iterator[Up]:
    """Run `thumbs up`, and end it if the test has not."""
    up = Up(folder, **variables)
    try:
        yield up
    finally:
        up.process.send_signal(signal.SIGTERM)
        try:
            up.process.wait(STOP_S)
        finally:
            up.process.kill()
            up.process.wait()


def ended(pids: set[int]) -> bool:
    """Return whether all of these processes end soon."""
    deadline = time.monotonic() + STOP_S
    while running := {pid for pid in pids if is_running(pid)}:
        if time.monotonic() > deadline:
            pytest.fail(f"still running: {running}")
        time.sleep(0.05)
    return True


@pytest.fixture
def folder(servers_dir: Path, request: pytest.FixtureRequest) -> Path:
    """Return a folder of the test's own whose path is short enough for a socket."""
    folder = servers_dir / f"u{abs(hash(request.node.nodeid))}"
    folder.mkdir()
    return folder


@pytest.fixture
def servers(database_url: str, redis_url: str) -> dict[str, str]:
    """Return variables that name servers which run already, where its own do not matter."""
    return {"DATABASE_URL": database_url, "REDIS_URL": redis_url}


def test_one_command_starts_all_and_one_ctrl_c_stops_all(folder: Path) -> None:
    """In order, in seconds, with exit code 0; each program has a log of its own, and all count anew."""
    counts = folder / "data" / "metrics"
    counts.mkdir(parents=True)
    (counts / "counter_1.db").write_bytes(b"of an earlier run")
    with thumbs_up(folder) as up:
        up.wait_until_up()
        assert not list(counts.iterdir())
        assert f"http://127.0.0.1:{up.port}/metrics" in up.printed.read_text()
        started = up.descendants()
        assert up.answers()
        second = Up(folder / "..", DATA_DIR=str(folder / "data"))
        assert second.process.wait(START_S) == 2
        assert f"in use by process {up.process.pid}" in second.printed.read_text()

        up.process.send_signal(signal.SIGINT)

        assert up.process.wait(STOP_S) == 0
        assert ended(started)
    assert {log.stem for log in (folder / "data" / "logs").glob("*.log")} == PROGRAMS


def test_what_dies_is_started_again(folder: Path) -> None:
    """The database, the broker and a worker, each by SIGKILL; then all of it works."""
    with thumbs_up(folder) as up:
        up.wait_until_up()
        for words in ("postgres -D", "valkey-server", "quick_programs dispatcher"):
            up.wait_until(partial(up.children, words))
            (victim,) = up.children(words)
            os.kill(victim, signal.SIGKILL)
            up.wait_until(lambda words=words, victim=victim: bool(up.children(words) - {victim}))
        up.wait_until(up.answers)

        assert "PostgreSQL died; starting it again" in up.printed.read_text()
        assert "Valkey died; starting it again" in up.printed.read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children for us")
def test_nothing_outlives_a_killed_thumbs_up(folder: Path) -> None:
    """And the next one starts in the same folder."""
    with thumbs_up(folder) as up:
        up.wait_until_up()
        started = up.descendants()
        up.process.kill()
        assert ended(started)

    with thumbs_up(folder) as again:
        again.wait_until_up()


def test_a_second_ctrl_c_does_not_wait(folder: Path) -> None:
    """Even for a program that does not react any more."""
    with thumbs_up(folder) as up:
        up.wait_until_up()
        started = up.descendants()
        (frozen,) = up.children("quick_programs publish")
        os.kill(frozen, signal.SIGSTOP)

        up.process.send_signal(signal.SIGINT)
        up.wait_until(lambda: not up.children("quick_programs receiver"))
        up.process.send_signal(signal.SIGINT)

        assert up.process.wait(STOP_S) == 0
        assert ended(started)


def test_a_port_in_use_is_named_with_its_setting(folder: Path) -> None:
    """Before anything is made, so that nothing is left; that of the metrics, too."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for name in ("PORT", "METRICS_PORT", "REVIEW_PORT", "BEACON_PORT"):
            with thumbs_up(folder, **{name: str(port)}) as up:
                assert up.process.wait(START_S) == 2

            assert re.search(rf"port {port}: .*; set {name} to a free one[,\n]", up.printed.read_text())
    assert not (folder / "data").exists()


def test_whoever_starts_it_is_given_a_way_into_the_pages(folder: Path) -> None:
    """A link at the pages' own address; the secret that signs cookies is nobody else's to read, and stays."""
    secret = folder / "data" / "review-secret"
    kept = []
    for _ in range(2):
        with thumbs_up(folder) as up:
            up.wait_until_up()
        kept.append(secret.read_text())

        assert f"  pages     http://127.0.0.1:{up.pages_port}/invitations/" in up.printed.read_text()
        assert re.search(r"\n  viewers   http://127\.0\.0\.1:\d+/v1/thumbs\.js\n", up.printed.read_text())
        # The other programs tell where an asset's page is.
        told = (folder / "data" / "logs" / "publish.log").read_text()
        assert f"pages at http://127.0.0.1:{up.pages_port}\n" in told
    assert kept[0] == kept[1]
    assert len(kept[0]) == 64
    assert secret.stat().st_mode & 0o777 == 0o600


def test_pages_and_a_beacon_that_nobody_wants_are_not_started(folder: Path, servers: dict[str, str]) -> None:
    """A port of 0 says so; nor is a link printed that leads nowhere."""
    with thumbs_up(folder, **servers, REVIEW_PORT="0", BEACON_PORT="0") as up:
        up.wait_until_up()

        assert not up.children("quick_programs pages")
        assert not up.children("quick_programs beacon")
    printed = up.printed.read_text()
    assert "pages  " not in printed
    assert "viewers  " not in printed
    assert "pages at None" in (folder / "data" / "logs" / "publish.log").read_text()


def test_a_port_that_is_wanted_twice_is_named(folder: Path) -> None:
    """With what to do about it."""
    port = str(free_port())
    with thumbs_up(folder, BEACON_PORT=port, REVIEW_PORT=port) as up:
        assert up.process.wait(START_S) == 2
    assert "BEACON_PORT is REVIEW_PORT; set another one, or 0 for no tests" in up.printed.read_text()


def test_a_typing_error_in_a_variable_is_told_once(folder: Path, servers: dict[str, str]) -> None:
    """Not by each program again."""
    with thumbs_up(folder, **servers, MUX_MAIN_API_URL="x") as up:
        up.wait_until_up()

    printed = up.printed.read_text()
    told = "MUX_MAIN_API_URL is set, and nothing reads it; did you mean MUX__MAIN__API_URL?\n"
    assert printed.startswith(told)
    assert printed.count("MUX_MAIN_API_URL") == 1


def test_a_program_that_cannot_work_ends_all_with_its_reason(folder: Path, servers: dict[str, str]) -> None:
    """The operator sees what it said last, and nothing is left running."""
    with thumbs_up(folder, **servers, **{BROKEN: "analyze"}) as up:
        assert up.process.wait(START_S) == 1

    printed = up.printed.read_text()
    assert "Error: analyze ended" in printed
    assert "no-such-model" in printed.rpartition("Error: analyze ended")[2]


def test_a_program_that_is_not_ready_in_time_ends_all_with_what_to_do(
    folder: Path, servers: dict[str, str]
) -> None:
    """Though it has not said a word."""
    with thumbs_up(folder, **servers, **{MUTE: "analyze"}) as up:
        assert up.process.wait(START_S) == 1

    said = up.printed.read_text().rpartition("Error: ")[2].strip()
    assert re.fullmatch(
        r"analyze is not ready after 2 s, .*: run it again; it said nothing yet in \S+/analyze\.log", said
    )


@pytest.mark.faults
def test_a_demo_whose_worker_cannot_work_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    """Here with a model that does not exist."""
    done = subprocess.run(
        [sys.executable, "-m", "worker", "demo", "--out", str(tmp_path / "out")],
        env=environment(MODEL="no-such-model"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=4 * START_S,
        check=False,
    )

    assert done.returncode == 1
    assert "no-such-model" in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_demo_brings_a_thumbnail_back(folder: Path) -> None:
    """A webhook in, the choice written back, the pictures there, our temporary folders gone."""
    done = subprocess.run(
        [sys.executable, "-m", "worker", "demo", "--out", str(folder / "out")],
        env=environment(TMPDIR=str(folder), OMP_NUM_THREADS="1"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=4 * START_S,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"the platform accepted the time \d", done.stdout)
    assert (folder / "out" / "1-16x9.jpg").read_bytes().startswith(b"\xff\xd8")
    assert (folder / "out" / "platform.jpg").read_bytes().startswith(b"\xff\xd8")
    assert not list(folder.glob("thumbs-*"))
    trim = re.search(r"first (\S+) s; .*\n  before  00:(\S+)  .*\n  after   00:(\S+)  ", done.stdout)
    assert trim is not None
    length_s, before_s, after_s = (float(part) for part in trim.groups())
    assert after_s < length_s < before_s
    before, after = (folder / "out" / name for name in ("before-the-trim.jpg", "after-the-trim.jpg"))
    assert before.read_bytes() != after.read_bytes()
    # What was started is gone, so no address of it is left to click on; what comes next is said.
    assert not re.search(r"http://\S+/thumbnails/", done.stdout)
    assert {"pick", "up", "simulate"} <= set(re.findall(r"^  thumbs (\w+)", done.stdout, re.MULTILINE))


def test_a_demo_of_a_platform_that_there_is_not_names_those_that_there_are(tmp_path: Path) -> None:
    """Before anything is started."""
    done = subprocess.run(
        [sys.executable, "-m", "worker", "demo", "--platform", "youtube", "--out", str(tmp_path / "out")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
    )

    assert done.returncode == 1
    assert f"no simulated 'youtube'; there are: {', '.join(SIMULATED)}" in done.stderr
