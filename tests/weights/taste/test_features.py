"""What is measured of frames is kept, and measured again only where something changed."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.judged_sets import write_judged_set
from worker.errors import JudgedSetInvalid
from worker.weights.training.taste.features.examples import see
from worker.weights.training.taste.features.pictures import candidates_of
from worker.weights.training.taste.features.source import Kept
from worker.weights.training.taste.judged_set import read_judged_set

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from worker.pipeline.frames import Candidate
    from worker.weights.training.taste.features.examples import Examples
    from worker.weights.training.taste.judged_set import JudgedVideo


class Spy:
    """Measures how bright frames are, and tells which videos it looked at."""

    name = "spy"

    def __init__(self, identity: str = "first") -> None:
        self.identity = identity
        self.looked_at: list[str] = []

    def look(self, video: JudgedVideo, candidates: Sequence[Candidate]) -> dict[str, NDArray[np.floating]]:
        """Measure the brightness."""
        self.looked_at.append(video.name)
        return {"brightness": np.array([[one.cues.brightness] for one in candidates], np.float32)}


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    """Write a set of two videos."""
    return write_judged_set(tmp_path / "set", ["cats", "dogs"], frames=2)


def looked_at(judged: Path, kept: Path, identity: str = "first") -> list[str]:
    """Name the videos that had to be looked at."""
    spy = Spy(identity)
    see(read_judged_set(judged), [spy], Kept(kept), lambda _done: None)
    return spy.looked_at


def test_nothing_is_measured_twice(judged: Path, tmp_path: Path) -> None:
    """A video that is judged anew has the same frames; one that is new is measured."""
    kept = tmp_path / "kept"
    assert looked_at(judged, kept) == ["cats", "dogs"]

    lines = (judged / "judged.tsv").read_text("utf-8").splitlines()
    shutil.copytree(judged / "frames" / "cats", judged / "frames" / "hens")
    (judged / "judged.tsv").write_text("\n".join([lines[0], "cats\tA=B\t", lines[2], "hens\tA>B\t"]), "utf-8")

    assert looked_at(judged, kept) == ["hens"]


def test_another_picture_is_measured_anew(judged: Path, tmp_path: Path) -> None:
    """Under the same name."""
    kept = tmp_path / "kept"
    looked_at(judged, kept)

    shutil.copy(judged / "frames" / "dogs" / "B.jpg", judged / "frames" / "dogs" / "A.jpg")

    assert looked_at(judged, kept) == ["dogs"]


def test_a_measurement_that_changed_is_made_anew(judged: Path, tmp_path: Path) -> None:
    """Another model, or other code."""
    kept = tmp_path / "kept"
    looked_at(judged, kept)

    assert looked_at(judged, kept, identity="second") == ["cats", "dogs"]


def test_a_frame_that_is_no_picture_is_named(judged: Path) -> None:
    """With what to do about it."""
    (judged / "frames" / "dogs" / "B.jpg").write_bytes(b"no picture")

    with pytest.raises(JudgedSetInvalid, match=r"dogs/B\.jpg: not a picture, or damaged"):
        candidates_of(read_judged_set(judged)[1])


def test_activations_lie_on_disk_in_half_precision(examples: Examples) -> None:
    """So memory does not grow with the set. Four variants of a frame take 150 kB."""
    activations = examples.activations(0)

    assert activations.dtype == np.float16
    assert activations.shape == (4, 4, 80, 12, 20)
    assert examples.activation_files[0].stat().st_size < 4 * 160_000
    assert not np.array_equal(activations[:, 0], activations[:, 1])


def test_groups_of_features_have_a_row_for_each_frame(examples: Examples) -> None:
    """And say different things of different frames."""
    assert {
        "middle layers",
        "last layer",
        "faces",
        "light",
        "text",
        "place in time",
    } <= examples.features.keys()
    for name in ("middle layers", "last layer", "light", "place in time"):
        rows = examples.features[name][0]
        assert len(rows) == 4
        assert np.ptp(rows, axis=0).max() > 0.05


def test_the_clearer_frame_has_more_detail(examples: Examples) -> None:
    """As a sign that columns are what they are called."""
    for video, rows in zip(examples.videos, examples.features["light"], strict=True):
        assert rows[:, 4].argmax() == video.ranks.argmin()
