"""Crops keep what matters: figures by their size, faces by their worth in the score, whole lines of text."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest

from tests.support.media import pictures
from worker.pipeline.crop.crop import crop_box
from worker.pipeline.crop.place import KEPT_SHARE
from worker.pipeline.crop.scene import see
from worker.pipeline.frames import Box, Face, Rgb
from worker.pipeline.scoring.faces import FaceFinder
from worker.pipeline.scoring.foreground import SHAPE, ForegroundFinder
from worker.pipeline.scoring.text import STILL_SIDE_PX, TextFinder

WALL = (200, 195, 185)


@pytest.fixture(scope="module")
def finder() -> ForegroundFinder:
    """The one that ships."""
    return ForegroundFinder.load()


@pytest.fixture(scope="module")
def faces() -> FaceFinder:
    """The one that ships."""
    return FaceFinder.load()


@pytest.fixture(scope="module")
def text() -> TextFinder:
    """The one that ships."""
    return TextFinder.load()


def wall(width: int = 640, height: int = 360) -> Rgb:
    """A flat ground."""
    return pictures.solid(WALL, 1, size=(width, height))[0]


def foreground(*parts: tuple[float, float, float, float]) -> np.ndarray:
    """A sure foreground of rectangles, each by its left, top, right and bottom as shares of the picture."""
    found = np.zeros(SHAPE, np.float32)
    for left, top, right, bottom in parts:
        rows = slice(round(top * SHAPE[0]), round(bottom * SHAPE[0]))
        found[rows, round(left * SHAPE[1]) : round(right * SHAPE[1])] = 1
    return found


@pytest.mark.parametrize("aspect", ["9:16", "1:1", "4:5"])
@pytest.mark.parametrize("is_left", [True, False])
def test_a_large_figure_from_behind_stays_though_a_small_face_is_at_the_other_side(
    finder: ForegroundFinder, faces: FaceFinder, aspect: str, *, is_left: bool
) -> None:
    """A player rather than a spectator: what the eye sees first."""
    figure_px, face_px = (150, 520) if is_left else (490, 20)
    rgb = pictures.with_face(pictures.figure_from_behind(wall(), figure_px, 300), face_px, 30, 100)
    found = faces.find(rgb)
    box = crop_box(see(rgb, found, finder.find(rgb)), aspect)

    assert found
    assert box.left <= figure_px - 30
    assert figure_px + 30 <= box.right


def test_a_large_face_counts_more_than_a_larger_figure_without_one() -> None:
    """Somebody's back is in the way of whom the picture shows."""
    back, speaker = (0.0, 0.4, 0.25, 1.0), (0.65, 0.2, 0.9, 1.0)
    face = Face(Box(460, 90, 530, 180), 0.95)
    box = crop_box(see(wall(), [face], foreground(back, speaker)), "9:16")

    assert box.left <= 460
    assert box.right >= 530


def test_a_tiny_face_does_not_draw_the_crop_away_from_what_stands_out() -> None:
    """It is worth nothing in the score either."""
    rgb = wall()
    cv2.circle(rgb, (150, 200), 50, (220, 30, 30), -1)
    box = crop_box(see(rgb, [Face(Box(560, 60, 580, 84), 0.95)]), "9:16")

    assert box.left <= 110
    assert box.right >= 190


def test_a_tiny_face_decides_between_crops_that_are_alike() -> None:
    """With it or without it the wall is a wall; so it is not cut through, but kept."""
    without = crop_box(see(wall()), "9:16")
    head = Box(without.right - 10, 60, without.right + 8, 82)
    box = crop_box(see(wall(), [Face(head, 0.95)]), "9:16")

    assert box.left <= head.left
    assert head.right <= box.right


@pytest.mark.parametrize("aspect", ["9:16", "1:1", "21:9"])
def test_the_largest_figure_is_never_cut_away(aspect: str) -> None:
    """Compared with the crop that keeps most of it, whatever smaller figures stand beside it."""
    rng = np.random.default_rng(1)
    for _ in range(40):
        left, top = rng.uniform(0, 0.5, 2)
        large = (left, top, left + 0.3, top + 0.45)
        small = [(x, y, x + 0.15, y + 0.2) for x, y in rng.uniform(0, 0.8, (3, 2))]
        others = [one for one in small if one[0] > large[2] + 0.02 or one[2] < large[0] - 0.02]
        box = crop_box(see(wall(), (), foreground(large, *others)), aspect)
        kept = _overlap(box, large)
        most = max(_overlap(place, large) for place in _places(box))

        assert kept >= 0.98 * KEPT_SHARE * most


def _overlap(box: Box, part: tuple[float, float, float, float]) -> float:
    width = min(box.right, part[2] * 640) - max(box.left, part[0] * 640)
    height = min(box.bottom, part[3] * 360) - max(box.top, part[1] * 360)
    return max(0.0, width) * max(0.0, height)


def _places(box: Box) -> list[Box]:
    return [
        Box(left, top, left + box.width, top + box.height)
        for left in range(640 - box.width + 1)
        for top in range(360 - box.height + 1)
    ]


def test_the_upper_part_of_a_tall_figure_is_kept_where_all_of_it_does_not_fit(
    finder: ForegroundFinder,
) -> None:
    """Heads are above."""
    rgb = pictures.figure_from_behind(wall(360, 640), 180, 400)
    box = crop_box(see(rgb, (), finder.find(rgb)), "16:9")

    assert box.top <= 240
    assert box.bottom > 240 + 160


def test_a_line_of_text_is_not_cut_where_the_crop_can_hold_it(text: TextFinder) -> None:
    """A caption is read whole or not at all, at whatever height; were it no text, the crop would cut some."""
    would_cut = 0
    for top in range(280, 400, 8):
        rgb = wall(360, 640)
        cv2.circle(rgb, (180, 250), 60, (220, 30, 30), -1)
        rgb = pictures.written(rgb, "Made of two litres", (30, top), 30)
        scene = see(rgb, text=text.find(rgb, STILL_SIDE_PX))
        would_cut += _cuts(crop_box(dataclasses.replace(scene, text=()), "16:9"), scene.text)

        assert scene.text
        assert not _cuts(crop_box(scene, "16:9"), scene.text)
    assert would_cut


def _cuts(box: Box, lines: tuple[Box, ...]) -> bool:
    return any(line.top < edge < line.bottom for line in lines for edge in (box.top, box.bottom))


def test_the_head_of_a_figure_goes_before_its_bulk() -> None:
    """Somebody lies there; the picture is not of the blanket."""
    face = Face(Box(75, 205, 105, 236), 0.95)
    body = foreground((0.1, 0.55, 0.51, 0.75), (0.5, 0.3, 0.9, 1.0))
    box = crop_box(see(wall(), [face], body), "9:16")

    assert box.left <= 67
    assert box.right >= 112
