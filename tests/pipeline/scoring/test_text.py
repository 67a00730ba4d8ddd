"""Lines of text are found, in pictures of any shape, and nothing else is taken for one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import cv2
import pytest

from tests.support.media import pictures
from worker import weights
from worker.errors import WeightsMissing
from worker.pipeline.scoring import text
from worker.pipeline.scoring.text import CANDIDATE_SIDE_PX, STILL_SIDE_PX, TextFinder

if TYPE_CHECKING:
    from pathlib import Path

WALL = (200, 195, 185)
# A few letters of each script that the font of the tests, Pillow's own, can draw.
WORDS = ["The third half begins", "DEUX SEMAINES PLUS TARD", "3 : 1  HOME AWAY"]


@pytest.fixture(scope="module")
def finder() -> TextFinder:
    """The one that ships."""
    return TextFinder.load()


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("clip", ["bikes", "bigbuckbunny"])
def test_a_caption_is_found_in_footage_where_it_stands(finder: TextFinder, clip: str, words: str) -> None:
    """In a candidate, which is small."""
    rgb = pictures.footage(clip, 1, start=30)[0]  # type: ignore[arg-type]
    (line,) = finder.find(pictures.written(rgb, words, (40, 150), 14))
    left, top, right, bottom = line.region

    assert left < 0.2
    assert right > 0.4
    assert top < 0.9 < bottom
    assert line.share > 0.002


@pytest.mark.parametrize("size", [(320, 180), (640, 360), (1920, 1080), (360, 640)])
def test_a_title_is_found_at_any_size(finder: TextFinder, size: tuple[int, int]) -> None:
    """All of its words together."""
    high_px = size[0] // 12
    wall = pictures.solid(WALL, 1, size=size)[0]
    lines = finder.find(pictures.written(wall, "Nine lives of", (high_px, size[1] // 2), high_px))

    assert len(lines) == 1
    assert lines[0].region[2] - lines[0].region[0] > 0.4


def test_a_larger_title_covers_more_of_the_picture(finder: TextFinder) -> None:
    """What it costs goes by that."""
    wall = pictures.solid(WALL, 1, size=(320, 180))[0]
    shares = [
        sum(line.share for line in finder.find(pictures.written(wall, "Nine lives", (20, 60), high_px)))
        for high_px in (12, 24, 48)
    ]
    assert 0 < shares[0] < shares[1] < shares[2]


@pytest.mark.parametrize("side_px", [CANDIDATE_SIDE_PX, STILL_SIDE_PX])
def test_what_is_no_text_is_not_taken_for_a_line(finder: TextFinder, side_px: int) -> None:
    """Real footage, noise, bars, a flat ground, and one large thing before it."""
    thing = pictures.solid(WALL, 1, size=(640, 360))[0].copy()
    cv2.circle(thing, (320, 180), 90, (220, 30, 30), -1)
    shown = [
        *pictures.footage("bikes", 40, size=None)[::8],
        *pictures.footage("bigbuckbunny", 40, size=None)[::8],
        *pictures.footage("carphone_pristine", 40, size=None)[::8],
        *pictures.noise(1, size=(640, 360)),
        *pictures.color_bars(1, size=(640, 360)),
        thing,
    ]
    assert not [line for rgb in shown for line in finder.find(rgb, side_px)]


@pytest.mark.parametrize("size", [(1, 1), (2, 2000), (4000, 16), (16, 4000), (320, 180)])
def test_a_flat_picture_of_any_size_has_no_text(finder: TextFinder, size: tuple[int, int]) -> None:
    """Nothing is written there."""
    assert not finder.find(pictures.solid(WALL, 1, size=size)[0])


@pytest.mark.parametrize("size", [(4000, 40), (40, 4000), (300, 17)])
def test_lines_in_noise_of_any_size_lie_inside_the_picture(finder: TextFinder, size: tuple[int, int]) -> None:
    """If there are any; and the search comes to an end."""
    for line in finder.find(pictures.noise(1, size=size)[0]):
        left, top, right, bottom = line.region
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1


def test_threads_that_share_a_finder_each_get_their_own_answer(finder: TextFinder) -> None:
    """A network keeps its last input."""
    wall = pictures.solid(WALL, 1, size=(320, 180))[0]
    shown = [pictures.written(wall, "Nine lives", (20, top), 24) for top in (10, 70, 130)] * 4
    alone = [finder.find(rgb) for rgb in shown]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(finder.find, shown))

    assert alone[0] != alone[1]
    assert alone == together


def test_a_file_that_opencv_cannot_read_is_said_to_be_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the remedy, and at the start, not at the first video."""
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no network" * 100)
    monkeypatch.setattr(weights, "path", lambda _name: broken)
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        with pytest.raises(WeightsMissing, match=r"broken\.onnx.*install"):
            TextFinder.load()
    finally:
        cv2.utils.logging.setLogLevel(level)


def test_its_licence_ships_beside_its_weights() -> None:
    """Apache-2.0 asks for that."""
    file = weights.path(text.WEIGHTS)

    assert "Apache License" in file.with_name("apache-2.0.txt").read_text("utf-8")
    assert weights.manifest()[text.WEIGHTS].licence == "Apache-2.0"
