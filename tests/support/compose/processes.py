"""The services of docker-compose.yml as processes of this machine."""

from __future__ import annotations

import re
import subprocess
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.support.containers.running import Running, command, replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PROGRAMS = {name: service for name, service in SERVICES.items() if "build" in service}
SERVERS = {name: service for name, service in SERVICES.items() if "build" not in service}

SETTINGS_ENV = {"MUX__MAIN__TOKEN_ID": "id", "OMP_NUM_THREADS": "1"}

_VARIABLE = re.compile(r"\$\{\w+:-([^}]*)\}")


def variables(service: Mapping[str, Any], replaced: Mapping[str, str]) -> dict[str, str]:
    """Return a service's variables where the operator has set none, with some text replaced."""
    given = service.get("environment", {})
    return {name: replace(_VARIABLE.sub(r"\1", str(value)), replaced) for name, value in given.items()}


def secrets_of(service: Mapping[str, Any]) -> str | None:
    """Return the folder of this machine that a service has its secrets from; None where it has none."""
    found = [m["source"] for m in service["volumes"] if isinstance(m, dict) and m["target"] == "/run/secrets"]
    return found[0] if found else None


def run(name: str, log: Path, replaced: Mapping[str, str]) -> Running:
    """Start a service, which is ready by its health check, or where it has none by its own word."""
    service = SERVICES[name]
    places = {"/run/secrets": secrets_of(service) or "", **replaced}
    here = {old: replace(new, {"./secrets": replaced["./secrets"]}) for old, new in places.items()}
    check = service.get("healthcheck")
    return Running(
        command(service["command"], here),
        {**variables(service, here), **SETTINGS_ENV},
        log,
        ROOT,
        grace_s=int(service["stop_grace_period"].removesuffix("s")),
        is_ready=partial(_is_well, command(check["test"][1:], here)) if check else _says_ready,
    )


def _is_well(words: Sequence[str], _log: str) -> bool:
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def _says_ready(log: str) -> bool:
    return '"action": "ready"' in log


def dockerfile_of(service: Mapping[str, Any]) -> str:
    """Return the text of a program's Dockerfile."""
    return (ROOT / service["build"]["dockerfile"]).read_text()
