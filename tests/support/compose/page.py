"""The commands of a page, as somebody pastes them: run for real, but for those that only write down."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

from tests.support.compose.processes import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# What both need is there when they are called, or they fail as the real ones do.
_PROGRAMS = {
    "sudo": 'exec "$@"',
    "docker": (
        'echo "$@" >> asked\n'
        '[ "$1" = compose ] || exit 0\n'
        'for folder in $(sed -n "s/.*type: bind, source: \\([^,]*\\),.*/\\1/p" docker-compose.yml); do\n'
        '    [ -d "$folder" ] || { echo "bind source path does not exist: $folder" >&2; exit 1; }\n'
        "done"
    ),
    "kubectl": 'echo "$@" >> asked',
    "helm": 'echo "$@" >> asked',
    "psql": "cat > /dev/null",
}


def blocks(page: str, *, until: str = "no such heading") -> list[str]:
    """Return the shell commands that a page has in fences, up to a heading."""
    text = (ROOT / page).read_text().partition(f"\n{until}\n")[0]
    return re.findall(r"^ *```sh\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)


def paste(commands: list[str], clone: Path) -> list[str]:
    """Run commands one after the other in a fresh clone, and return what Docker or a cluster was asked."""
    programs = clone / "programs"
    programs.mkdir(parents=True)
    for name, script in _PROGRAMS.items():
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    shutil.copy(ROOT / "docker-compose.yml", clone)
    shutil.copytree(ROOT / "deploy", clone / "deploy")
    script = "\n".join(["set -eu", *commands])
    path = f"{programs}:/usr/sbin:/usr/bin:/sbin:/bin"
    subprocess.run(["/bin/sh", "-c", script], cwd=clone, env={"PATH": path}, check=True)
    return (clone / "asked").read_text().splitlines()
