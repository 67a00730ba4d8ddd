"""A simulated platform beside a service that runs already: `thumbs simulate`.

The service is the operator's own, with its own database and its own settings. It gets one account more, whose
platform is this process: its webhooks come from here, and what it writes is told here.
"""

from __future__ import annotations

import shlex
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from worker.demo.clip import draw, media_of
from worker.demo.reporter import Reporter
from worker.demo.simulator import SIMULATED
from worker.demo.typed_lines import TypedLines
from worker.errors import ConfigurationError, Stopping, ThumbsError
from worker.platforms import PLATFORMS
from worker.standalone.interrupts import Interrupts
from worker.standalone.supervisor import POLL_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.demo.simulator import Media, Simulated

NAMES = tuple(SIMULATED)  #: of the platforms that can be simulated
ACCOUNT = "simulated"  #: by default; beside the real accounts of a service
PORT = 8200  #: by default; far from those of the service and its servers

_ANSWER_TIMEOUT_S = 2.0
_ASK_AGAIN_S = 0.5
# What a proxy answers while nothing is behind it.
_NOBODY_THERE = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}


@dataclass(frozen=True, slots=True)
class SimulationPlan:
    """What is to be simulated, and for whom."""

    name: str  #: of the platform
    service_url: str  #: where its webhooks go, without the path
    account: str = ACCOUNT
    port: int = PORT

    @property
    def url(self) -> str:
        """Address of the platform, the same in every run."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def webhooks_to(self) -> str:
        """Address of the service for this platform's webhooks."""
        return f"{self.service_url.rstrip('/')}/webhooks/{self.name}/{self.account}"

    @property
    def label(self) -> str:
        """Name of the platform, as its vendor writes it."""
        return PLATFORMS[self.name].capabilities.label

    def variables(self) -> dict[str, str]:
        """List what the service has to be told about this platform; it need not run."""
        # At a free port, because a simulation may be running at its own.
        with SIMULATED[self.name](self.webhooks_to) as platform:
            platform.url = self.url
            return {"ALLOW_LOOPBACK": "true", **platform.settings(self.account)}


def exports(variables: dict[str, str]) -> str:
    """Write variables as lines for a shell."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())


def run_beside(simulation: SimulationPlan, videos: Sequence[Path], *, as_json: bool) -> None:
    """Simulate a platform until the operator ends it.

    Args:
        simulation: what, and for whom.
        videos: files that are uploaded as soon as the service is there.
        as_json: print a JSON object for all that happens, instead of words.

    Raises:
        ConfigurationError: the port is taken.
        UnreadableVideo: one of the files is no video.
    """
    files = [media_of(video) for video in videos]
    _require_free(simulation.port)
    platform = SIMULATED[simulation.name](simulation.webhooks_to, port=simulation.port, draw=draw)
    with Interrupts() as interrupts, suppress(Stopping), platform:
        _Trial(simulation, platform, Reporter(platform, as_json), interrupts).run(files)


@dataclass(frozen=True)
class _Trial:
    """One run beside the service."""

    simulation: SimulationPlan
    platform: Simulated
    reporter: Reporter
    interrupts: Interrupts

    def run(self, files: Sequence[Media]) -> None:
        self._greet()
        self._wait_for_service()
        typed = TypedLines()
        for media in files:
            self._upload(media)
        if typed.is_terminal:
            self.reporter.say("Enter uploads the last video again; a path uploads that file.")
        last = files[-1]
        while True:
            self.interrupts.check()
            self.reporter.tell_news()
            for line in typed.read():
                asked = self._media_of(Path(line)) if line else last
                if asked is not None:
                    self._upload(asked)
                    last = asked
            time.sleep(POLL_S)

    def _greet(self) -> None:
        variables = self.simulation.variables()
        if self.reporter.as_json:
            found = {"url": self.platform.url, "webhooks_to": self.simulation.webhooks_to}
            self.reporter.tell("started", "", **found, variables=variables)
        self.reporter.say(f"A simulated {self.simulation.label} is at {self.platform.url}. Ctrl-C stops it.")
        self.reporter.say("Start your service on this machine with these variables:\n")
        self.reporter.say(exports(variables) + "\n")

    def _wait_for_service(self) -> None:
        """Wait until somebody answers there: some platforms send a webhook a few times only."""
        is_told = False
        while not _answers(self.simulation.webhooks_to):
            if not is_told:
                words = f"for a service at {self.simulation.service_url} (--to names another address)"
                self.reporter.tell("waiting", words, service_url=self.simulation.service_url)
                is_told = True
            self._pause(_ASK_AGAIN_S)

    def _pause(self, length_s: float) -> None:
        end_s = time.monotonic() + length_s
        while time.monotonic() < end_s:
            self.interrupts.check()
            time.sleep(POLL_S)

    def _media_of(self, video: Path) -> Media | None:
        """Look at a file that somebody named; say what is wrong with it where it is no video."""
        try:
            return media_of(video)
        except ThumbsError as error:
            self.reporter.tell("refused", str(error), error=str(error))
            return None

    def _upload(self, media: Media) -> None:
        title = media.path.stem
        asset_id = self.platform.upload(media, title=title)
        image_url = self.platform.image_url(asset_id)
        words = f"{title} as {asset_id}"
        self.reporter.tell("upload", words, asset_id=asset_id, title=title, image_url=image_url)
        self.reporter.say(f"  {image_url}")
        if not PLATFORMS[self.simulation.name].capabilities.events:
            self.reporter.say(
                f"  {self.simulation.label} sends no webhooks:"
                f" `thumbs sync --platform {self.simulation.name}` finds it at once"
            )


def _answers(address: str) -> bool:
    """Tell whether somebody answers, whatever it is."""
    try:
        answer = httpx.get(address, timeout=_ANSWER_TIMEOUT_S, trust_env=False)
    except httpx.HTTPError:
        return False
    return answer.status_code not in _NOBODY_THERE


def _require_free(port: int) -> None:
    """Refuse a port that is taken, and say what to do about it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as exc:
            raise ConfigurationError(f"port {port} is taken: name a free one with --port") from exc
