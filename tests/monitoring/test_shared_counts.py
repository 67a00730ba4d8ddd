"""The folder in which several processes count."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from worker.settings import environment

if TYPE_CHECKING:
    from pathlib import Path

COUNT = "import os, sys; from worker import metrics; metrics.LEASES_EXPIRED.inc(); "
DIE = COUNT + "os._exit(1)"
WAIT = COUNT + "print(flush=True); sys.stdin.read()"
SHOW = "from worker import metrics; print(metrics.page().decode())"


def start(code: str, folder: Path) -> subprocess.Popen[str]:
    """Run a process that counts in the folder."""
    variables = environment(PROMETHEUS_MULTIPROC_DIR=str(folder), PYTHONPATH=os.getcwd())  # noqa: PTH109
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_processes_that_die_leave_their_counts_and_no_files(tmp_path: Path) -> None:
    """A program that crashes all night must not make the page slow."""
    with start(WAIT, tmp_path) as living:
        assert living.stdout
        living.stdout.readline()
        start(DIE, tmp_path).communicate()
        files = set(tmp_path.iterdir())
        for _ in range(3):
            start(DIE, tmp_path).communicate()

        shown, _ = start(SHOW, tmp_path).communicate()

        assert "thumbs_lease_expired_total 5.0" in shown
        assert set(tmp_path.iterdir()) == files
        living.communicate("")
