"""Processes, as the operating system lists them."""

from __future__ import annotations

import subprocess


def is_running(pid: int) -> bool:
    """Return whether there is such a process, and it has not ended."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S607
    return state.stdout.strip()[:1] not in {"", "Z"}
