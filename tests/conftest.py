"""Clips that several tests share, made once in a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import clips, pictures

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def shared_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that lives as long as the run; its files are not to be changed."""
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="session")
def numbered_clip(shared_dir: Path) -> Path:
    """Return 2 s of frames that carry their number, 320x180 at 25 frames a second."""
    return clips.write_plain(shared_dir / "numbered.mp4")


@pytest.fixture(scope="session")
def bikes_clip(shared_dir: Path) -> Path:
    """Return 3 s of real footage at 640x272."""
    return clips.write(shared_dir / "bikes.mp4", pictures.footage("bikes", 75, size=None))
