"""The folders that videos are downloaded to: private, always removed, and never under a living process."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from worker.download.fetch import sweep_workspaces, workspace
from worker.errors import DownloadFailed, SettingsInvalid

ROOT = Path(__file__).parents[2]


def test_a_workspace_is_private_and_gone_afterwards(tmp_path: Path) -> None:
    """With everything in it, after an error too."""
    with suppress(DownloadFailed), workspace(tmp_path / "made") as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "deep").mkdir()
        (folder / "deep/file").write_bytes(b"x")
        raise DownloadFailed("broke off")

    assert list((tmp_path / "made").iterdir()) == []


def test_a_workspace_that_cannot_be_made_names_the_setting(tmp_path: Path) -> None:
    """A file in the way is for the operator to move."""
    (tmp_path / "file").touch()

    with pytest.raises(SettingsInvalid, match="WORK_DIR"), workspace(tmp_path / "file"):
        pass


def test_a_sweep_leaves_the_living_alone(tmp_path: Path) -> None:
    """Workspaces in use, and whatever is not ours."""
    (tmp_path / "thumbs-demo").mkdir()  # as other parts of this program call their temporary folders
    (tmp_path / "thumbs-workspace-note.txt").touch()
    (tmp_path / "thumbs-workspace-link").symlink_to(tmp_path / "thumbs-demo")
    with workspace(tmp_path) as folder:
        assert sweep_workspaces(tmp_path) == []
        assert folder.exists()

    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"thumbs-demo", "thumbs-workspace-note.txt", "thumbs-workspace-link"}


def test_a_sweep_removes_what_a_killed_process_left(tmp_path: Path) -> None:
    """The process had no time to clean up; while it lived, its folder was safe."""
    program = (
        "import sys, time; from pathlib import Path; from worker.download.fetch import workspace\n"
        "with workspace(Path(sys.argv[1])) as folder:\n"
        "    (folder / 'video-1').write_bytes(b'x'); print(folder, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        assert sweep_workspaces(tmp_path) == []
        process.send_signal(signal.SIGKILL)

    assert sweep_workspaces(tmp_path) == [folder]
    assert not folder.exists()


def test_sweeps_and_new_workspaces_do_not_meet(tmp_path: Path) -> None:
    """A folder that is just being made is not swept away under the hands of its maker."""
    over = threading.Event()

    def sweep() -> None:
        while not over.is_set():
            sweep_workspaces(tmp_path)

    thread = threading.Thread(target=sweep)
    thread.start()
    try:
        for _ in range(300):
            with workspace(tmp_path) as folder:
                (folder / "video-1").write_bytes(b"x")
    finally:
        over.set()
        thread.join()
