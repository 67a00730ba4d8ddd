"""`thumbs simulate` as a developer meets it: a platform in one terminal, and a service in another."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from tests.support.service.customer_endpoint import Inbox
from tests.support.waiting import SOON_S, until
from worker.cli.main import main
from worker.demo import beside
from worker.demo.beside import NAMES, SimulationPlan
from worker.demo.reporter import Reporter
from worker.demo.simulator import JournalEntry, SimulatedMux
from worker.platforms import configured_accounts
from worker.platforms.base import NewThumbnail
from worker.platforms.vendors.mux import Mux
from worker.settings import Settings, get_settings
from worker.settings.accounts import MuxAccount
from worker.standalone.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


class Terminal:
    """A running `thumbs simulate --json`: what it said, and where one types."""

    def __init__(self, printed: Path, *options: str) -> None:
        self._printed = printed
        with printed.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "worker", "simulate", "mux", "--json", *options],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def said(self, kind: str) -> list[dict[str, Any]]:
        """Return what it has told so far, of one kind."""
        whole = [line for line in self._printed.read_text().splitlines(keepends=True) if line.endswith("\n")]
        return [said for line in whole if (said := json.loads(line))["kind"] == kind]

    def wait_for(self, kind: str, count: int = 1) -> dict[str, Any]:
        """Return the line of a kind that comes as the `count`th, once it is there."""
        until(lambda: len(self.said(kind)) >= count, SOON_S, self._printed.read_text())
        return self.said(kind)[count - 1]

    def type(self, line: str) -> None:
        """Type a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()


@contextmanager
def simulating(printed: Path, *options: str) -> Iterator[Terminal]:
    """Run it, and end it if the test has not."""
    terminal = Terminal(printed, *options)
    try:
        yield terminal
    finally:
        terminal.process.kill()
        terminal.process.wait()
        if terminal.process.stdin is not None:
            terminal.process.stdin.close()


def test_a_platform_that_there_is_not_names_those_that_there_are_once() -> None:
    """And not as the name of the argument, too."""
    said = CliRunner().invoke(main, ["simulate", "vimeoo"]).stderr

    assert "Invalid value for 'PLATFORM': 'vimeoo' is not one of 'api_video'" in said
    assert said.count("peertube") == 1


def test_a_simulated_platform_waits_for_the_service_and_tells_what_comes_back(
    tmp_path: Path, numbered_clip: Path, bikes_clip: Path
) -> None:
    """The variables are all that our own client needs; then Enter, a path, nonsense, and Ctrl-C."""
    service_port, port = free_port(), free_port()
    service_url = f"http://127.0.0.1:{service_port}"
    options = ("--to", service_url, "--port", str(port), "--upload", str(numbered_clip))
    with simulating(tmp_path / "printed", *options) as terminal:
        variables = terminal.wait_for("started")["variables"]
        prefix = "MUX__SIMULATED__"
        mux = Mux(
            "simulated",
            MuxAccount.model_validate(
                {
                    name.removeprefix(prefix).lower(): value
                    for name, value in variables.items()
                    if name.startswith(prefix)
                }
            ),
        )
        terminal.wait_for("waiting")
        assert not terminal.said("upload")

        with Inbox.serving(service_port) as service:
            uploaded = terminal.wait_for("upload")
            until(lambda: service.deliveries)
            mux.verify(*service.deliveries[0], time.time())
            assert terminal.wait_for("webhook")["status"] == 200
            mux.write(mux.asset(uploaded["asset_id"]), NewThumbnail(1.2, b""))
            written = terminal.wait_for("write")
            assert (written["asset_id"], written["time_s"]) == (uploaded["asset_id"], 1.2)

            terminal.type("")
            again = terminal.wait_for("upload", 2)
            terminal.type(str(tmp_path / "printed"))  # no video
            assert "printed" in terminal.wait_for("refused")["error"]
            terminal.type(str(bikes_clip))
            other = terminal.wait_for("upload", 3)
            assert [one["title"] for one in (uploaded, again, other)] == ["numbered", "numbered", "bikes"]
            assert len({one["asset_id"] for one in (uploaded, again, other)}) == 3

        terminal.process.send_signal(signal.SIGINT)
        assert terminal.process.wait(SOON_S) == 0
    mux.close()


@pytest.mark.parametrize("name", NAMES)
def test_the_variables_of_every_platform_configure_an_account_and_stay_the_same(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a service that was started with them works with every later simulation."""
    simulation = SimulationPlan(name, "http://127.0.0.1:8000", port=8299)
    variables = simulation.variables()
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    settings = Settings.read()

    assert (name, "simulated") in configured_accounts(settings)
    assert settings.allow_loopback
    assert simulation.variables() == variables
    assert any(simulation.url in value for value in variables.values())


def test_the_variables_can_be_had_for_a_shell_while_the_platform_runs() -> None:
    """Its port is taken then, and they still name it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        shown = CliRunner().invoke(main, ["simulate", "mux", "--exports", "--port", str(port)])

    script = f"{shown.stdout}\necho $MUX__SIMULATED__API_URL"
    done = subprocess.run(["sh", "-c", script], check=True, capture_output=True, text=True)  # noqa: S607
    assert done.stdout.splitlines() == [f"http://127.0.0.1:{port}"]


def test_a_port_that_is_taken_is_named_with_its_option(numbered_clip: Path) -> None:
    """With exit code 2, as wrong use."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        words = ["simulate", "mux", "--port", str(port), "--upload", str(numbered_clip), "--to", "http://x.y"]
        shown = CliRunner().invoke(main, words)

    assert shown.exit_code == 2
    assert f"port {port} is taken: name a free one with --port" in shown.stderr


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--account", "My-Account"], "only a-z, 0-9 and single underscores"),
        (["--to", "localhost:8000"], "write an address like https://"),
    ],
)
def test_what_can_be_no_setting_is_refused(options: list[str], complaint: str) -> None:
    """Before anything starts."""
    shown = CliRunner().invoke(main, ["simulate", "mux", *options])

    assert shown.exit_code == 2
    assert complaint in shown.stderr


@pytest.mark.parametrize(
    ("variables", "service_url"),
    [
        ({"PUBLIC_URL": "https://video.example.com"}, "https://video.example.com"),
        ({"PORT": "8123"}, "http://127.0.0.1:8123"),
    ],
)
def test_webhooks_go_to_the_service_of_the_settings(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], service_url: str
) -> None:
    """Where `--to` names no other."""
    begun: list[SimulationPlan] = []
    monkeypatch.setattr(beside, "run_beside", lambda simulation, _videos, **_: begun.append(simulation))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    CliRunner().invoke(main, ["simulate", "mux"])
    get_settings.cache_clear()

    assert [one.webhooks_to for one in begun] == [f"{service_url}/webhooks/mux/simulated"]


def test_a_webhook_that_is_refused_names_the_remedy_once(capsys: pytest.CaptureFixture[str]) -> None:
    """It is sent over and over; what changes is told again."""
    platform = SimulatedMux("http://127.0.0.1:1/webhooks/mux/simulated")
    with platform:
        reporter = Reporter(platform, as_json=False)
        for status in (None, None, 404, 404, 401, 202):
            delivery = JournalEntry("delivery", "POST", "", status, "a1", event="video.asset.ready")
            platform.journal.add(delivery)
            reporter.tell_news()

    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("ready: ")[2].partition(";")[0] for line in lines] == [
        "no answer",
        "404",
        "401",
        "202",
    ]
    assert "does not know this account: set the variables above" in lines[1]
    assert "another WEBHOOK_SECRET" in lines[2]
