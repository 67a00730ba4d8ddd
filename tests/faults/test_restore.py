"""A backup of the database is restored, which knows nothing of what was done since."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.faults.system import ROOT, System
from tests.support.service import backups
from tests.support.waiting import until
from worker.settings import environment

if TYPE_CHECKING:
    from pathlib import Path

    from worker.demo.simulator import Media


@pytest.mark.faults
def test_a_restored_backup_is_brought_up_to_date_by_sync(
    folder: Path, media: Media, other_media: Media
) -> None:
    """Case 33: what was edited and uploaded after it stays as it is shown, and later edits are shown."""
    with System(folder) as system:
        edited = system.platform.upload(media)
        wait(system, edited)
        backup = backups.dump(system.engine, folder / "backup")
        system.platform.replace(edited, other_media)
        wait(system, edited)
        new = system.platform.upload(media)
        wait(system, new)
        shown = {asset_id: system.platform.thumbnail_time(asset_id) for asset_id in (edited, new)}

        for program in system.programs.values():
            program.stop()
        backups.restore_in_place(backup, system.engine)
        system.revive()
        operator(system, "sync", "--platform", "mux")
        wait(system, edited, new)
        assert {asset_id: system.platform.thumbnail_time(asset_id) for asset_id in shown} == shown
        assert [system.asset(asset_id).foreign_thumbnail for asset_id in shown] == [None, None]

        system.platform.replace(edited, media)
        wait(system, edited)
        assert system.platform.thumbnail_time(edited) != shown[edited]


def wait(system: System, *asset_ids: str) -> None:
    """Wait until nothing is left to do, and these videos are published."""
    until(system.is_quiet, 60)
    assert system.is_published(*asset_ids)


def operator(system: System, *words: str) -> None:
    """Run a command that asks the platform."""
    variables = environment(
        DATABASE_URL=system.postgres.server.url, ALLOW_LOOPBACK="true", **system.platform.settings("main")
    )
    subprocess.run([sys.executable, "-m", "worker", *words], env=variables, cwd=ROOT, check=True)
