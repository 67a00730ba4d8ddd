"""What is measured of frames is kept, and measured again only where something changed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import ExifTags, Image

from tests.support.judged_sets import write_judged_set
from tests.support.media.pictures import man_in_a_car
from worker import weights
from worker.errors import JudgedSetInvalid
from worker.pipeline import picture_file
from worker.pipeline.scoring import face_mesh, ranking
from worker.pipeline.scoring.inference import whole_frame
from worker.weights import lite_taste
from worker.weights.training.taste.features.cues import CueSource
from worker.weights.training.taste.features.examples import see
from worker.weights.training.taste.features.pictures import candidates_of
from worker.weights.training.taste.features.present_score import ScoreSource
from worker.weights.training.taste.features.source import Kept, code_sum
from worker.weights.training.taste.features.tower import TowerSource, model_identity
from worker.weights.training.taste.features.trunk import ActivationSource, LayerSource
from worker.weights.training.taste.judged_set import read_judged_set

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from numpy.typing import NDArray

    from worker.pipeline.frames import Candidate
    from worker.weights.training.taste.features.examples import Examples
    from worker.weights.training.taste.features.source import FeatureSource
    from worker.weights.training.taste.judged_set import JudgedVideo


class BrightnessSource:
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
    spy = BrightnessSource(identity)
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

    with pytest.raises(JudgedSetInvalid, match=r"dogs/B\.jpg: no picture in a format that is known"):
        candidates_of(read_judged_set(judged)[1])


def test_a_frame_that_was_stored_on_its_side_is_turned(judged: Path) -> None:
    """As the product turns pictures, by what their EXIF data say."""
    file = judged / "frames" / "dogs" / "B.jpg"
    upright = candidates_of(read_judged_set(judged)[1])[1].rgb
    on_its_side = Image.Exif()
    on_its_side[ExifTags.Base.Orientation] = 6
    with Image.open(file) as opened:
        opened.transpose(Image.Transpose.ROTATE_90).save(file, quality=100, exif=on_its_side)

    turned = candidates_of(read_judged_set(judged)[1])[1].rgb

    assert turned.shape == upright.shape
    assert np.abs(turned.astype(int) - upright).mean() < 3


def test_another_taste_is_another_score(
    judged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was measured with the taste that shipped before is measured again."""
    before = ScoreSource("lite").identity
    shutil.copy(judged / "judged.tsv", tmp_path / "own")
    assert ScoreSource(f"lite:{tmp_path / 'own'}").identity != before

    known = weights.manifest()
    retrained = {**known, "lite-taste": replace(known["lite-taste"], sha256="0" * 64)}
    monkeypatch.setattr(weights, "manifest", lambda: retrained)
    model_identity.cache_clear()
    retrained_identity = ScoreSource("lite").identity
    monkeypatch.undo()
    model_identity.cache_clear()

    assert retrained_identity != before


@pytest.mark.parametrize(
    ("source", "module"),
    [
        (ScoreSource("lite"), lite_taste),
        (ScoreSource("lite"), whole_frame),
        (TowerSource("ViT-B-32:openai"), whole_frame),
        (LayerSource(), whole_frame),
        (ActivationSource(), picture_file),
        (CueSource(), ranking),
        (CueSource(), face_mesh),
    ],
    ids=lambda one: getattr(one, "__name__", type(one).__name__),
)
def test_code_that_a_measurement_rests_on_is_part_of_its_identity(
    source: FeatureSource, module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the code changes, what was kept is measured again."""
    before = source.identity
    model_identity.cache_clear()
    code_sum.cache_clear()
    read = Path.read_bytes
    monkeypatch.setattr(
        Path, "read_bytes", lambda file: read(file) + (b"#" if str(file) == module.__file__ else b"")
    )

    changed = source.identity

    monkeypatch.undo()
    model_identity.cache_clear()
    code_sum.cache_clear()
    assert changed != before


def test_the_largest_face_is_read(examples: Examples) -> None:
    """Eyes, direction and mouth of a man who looks ahead; of a frame without people nothing."""
    source, video = CueSource(), examples.videos[0]
    candidate = replace(candidates_of(video)[0], rgb=man_in_a_car())

    ((read, opening, turned, _, _, is_inside),) = source.look(video, [candidate])["eyes"]

    assert read == is_inside == 1
    assert 0.1 < opening < 0.5
    assert turned < 0.2
    assert not examples.features["eyes"][0].any()


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
        "eyes",
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
