"""The foreground is found: figures without a face too, in pictures of any shape."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from tests.support.media import pictures
from worker import weights
from worker.errors import WeightsMissing
from worker.pipeline.scoring import foreground
from worker.pipeline.scoring.foreground import SHAPE, ForegroundFinder

if TYPE_CHECKING:
    from pathlib import Path

WALL = (200, 195, 185)


@pytest.fixture(scope="module")
def finder() -> ForegroundFinder:
    """The one that ships."""
    return ForegroundFinder.load()


@pytest.mark.parametrize("size", [(640, 360), (360, 640), (1920, 816)])
def test_somebody_from_behind_is_foreground_and_the_wall_is_not(
    finder: ForegroundFinder, size: tuple[int, int]
) -> None:
    """No face is there to be found."""
    wall = pictures.solid(WALL, 1, size=size)[0]
    found = finder.find(pictures.figure_from_behind(wall, size[0] // 4, min(size) * 3 // 5))

    assert found.shape == SHAPE
    assert found[130:140, 58:70].min() > 0.5
    assert found[:, 160:].max() < 0.5


@pytest.mark.parametrize("size", [(1, 1), (2, 2000), (4000, 16), (320, 180)])
def test_a_flat_picture_of_any_size_has_no_foreground(
    finder: ForegroundFinder, size: tuple[int, int]
) -> None:
    """Nothing stands there."""
    assert (finder.find(pictures.solid(WALL, 1, size=size)[0]) > 0.5).mean() < 0.02


def test_threads_that_share_a_finder_each_get_their_own_answer(finder: ForegroundFinder) -> None:
    """A network keeps its last input."""
    wall = pictures.solid(WALL, 1, size=(640, 360))[0]
    shown = [pictures.figure_from_behind(wall, x, 260) for x in (120, 320, 520)] * 4
    alone = [finder.find(rgb) for rgb in shown]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(finder.find, shown))

    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


def test_a_file_that_opencv_cannot_read_is_said_to_be_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the remedy, and at the start, not at the first video."""
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"no network" * 100)
    monkeypatch.setattr(weights, "path", lambda _name: broken)
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        with pytest.raises(WeightsMissing, match=r"broken\.tflite.*install"):
            ForegroundFinder.load()
    finally:
        cv2.utils.logging.setLogLevel(level)


def test_its_licence_ships_beside_its_weights() -> None:
    """Apache-2.0 asks for that."""
    file = weights.path(foreground.WEIGHTS)

    assert "Apache License" in file.with_name("apache-2.0.txt").read_text("utf-8")
    assert weights.manifest()[foreground.WEIGHTS].licence == "Apache-2.0"
