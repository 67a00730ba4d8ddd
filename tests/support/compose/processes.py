"""The services of docker-compose.yml as processes of this machine: same command, same variables."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

import yaml

from worker.settings import Settings, environment

if TYPE_CHECKING:
    import signal
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PROGRAMS = {name: service for name, service in SERVICES.items() if "build" in service}
SERVERS = {name: service for name, service in SERVICES.items() if "build" not in service}

SETTINGS_ENV = {"MUX__MAIN__TOKEN_ID": "id", "OMP_NUM_THREADS": "1"}
SOON_S = 90.0  # a busy machine loads the model's libraries slowly

_LOCAL = {"thumbs": [sys.executable, "-m", "worker"], "python": [sys.executable]}
_VARIABLE = re.compile(r"\$\{\w+:-([^}]*)\}")


def command(words: Sequence[str], replaced: Mapping[str, str]) -> list[str]:
    """Return a command with this machine's programs, and with some of its text replaced."""
    first, *rest = words
    return [*_LOCAL.get(first, [first]), *(_replaced(word.replace("$$", "$"), replaced) for word in rest)]


def variables(service: Mapping[str, Any], replaced: Mapping[str, str]) -> dict[str, str]:
    """Return a service's variables where the operator has set none, with some text replaced."""
    given = service.get("environment", {})
    return {name: _replaced(_VARIABLE.sub(r"\1", str(value)), replaced) for name, value in given.items()}


def secrets_of(service: Mapping[str, Any]) -> str | None:
    """Return the folder of this machine that a service has its secrets from; None where it has none."""
    found = [m["source"] for m in service["volumes"] if isinstance(m, dict) and m["target"] == "/run/secrets"]
    return found[0] if found else None


def _without_settings() -> dict[str, str]:
    ours = Settings.model_fields
    return {name: value for name, value in environment().items() if name.lower().split("__")[0] not in ours}


def _replaced(text: str, replaced: Mapping[str, str]) -> str:
    for old, new in replaced.items():
        text = text.replace(old, new)
    return text


class Running:
    """A service that runs; killed when left."""

    def __init__(self, name: str, log: Path, replaced: Mapping[str, str]) -> None:
        self.name, self._log = name, log
        self._service = SERVICES[name]
        places = {"/run/secrets": secrets_of(self._service) or "", **replaced}
        self._replaced = {
            old: _replaced(new, {"./secrets": replaced["./secrets"]}) for old, new in places.items()
        }
        self._out: IO[bytes] = log.open("wb")
        self.process = subprocess.Popen(
            command(self._service["command"], self._replaced),
            cwd=ROOT,
            env={**_without_settings(), **variables(self._service, self._replaced), **SETTINGS_ENV},
            stdout=self._out,
            stderr=subprocess.STDOUT,
        )

    def __enter__(self) -> Self:
        """Let it run."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing running."""
        self.process.kill()
        self.process.wait()
        self._out.close()

    def log(self) -> str:
        """Return what it wrote so far."""
        return self._log.read_text()

    def wait_until_ready(self) -> None:
        """Wait for its health check, or where it has none for its own word."""
        until_s = time.monotonic() + SOON_S
        while not self._is_ready():
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < until_s, self.log()
            time.sleep(0.1)

    def end(self, number: signal.Signals | None = None) -> int:
        """Wait for its end, which a signal may ask for, and return its exit code."""
        if number is not None:
            self.process.send_signal(number)
        seconds = int(self._service["stop_grace_period"].removesuffix("s"))
        return self.process.wait(seconds if number is not None else SOON_S)

    def _is_ready(self) -> bool:
        check = self._service.get("healthcheck")
        if check is None:
            return '"action": "ready"' in self.log()
        words = command(check["test"][1:], self._replaced)
        return subprocess.run(words, capture_output=True, check=False).returncode == 0


def dockerfile_of(service: Mapping[str, Any]) -> str:
    """Return the text of a program's Dockerfile."""
    return (ROOT / service["build"]["dockerfile"]).read_text()
