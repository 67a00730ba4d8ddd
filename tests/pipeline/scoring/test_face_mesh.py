"""A face is read: its eyes, its direction, and whether it is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from tests.support.media import pictures
from worker import weights
from worker.errors import WeightsMissing
from worker.pipeline.frames import Box, Face
from worker.pipeline.scoring import face_mesh
from worker.pipeline.scoring.face_mesh import FaceMesh

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pipeline.frames import FaceLook, Rgb

FACE = Box(264, 140, 443, 396)  # of the man in the car


@pytest.fixture(scope="module")
def mesh() -> FaceMesh:
    """The one that ships."""
    return FaceMesh.load()


def read(mesh: FaceMesh, rgb: Rgb, box: Box = FACE) -> FaceLook:
    """The look of one face."""
    [look] = mesh.looks(rgb, [Face(box, 0.9)])
    assert look is not None
    return look


def test_shut_eyes_measure_less_than_the_same_eyes_open(mesh: FaceMesh) -> None:
    """By more than the noise, and nothing else of the face changes much."""
    wide, shut = read(mesh, pictures.man_in_a_car()), read(mesh, pictures.man_in_a_car(is_blinking=True))

    assert shut.eye_opening < 0.85 * wide.eye_opening
    assert shut.yaw == pytest.approx(wide.yaw, abs=0.05)
    assert shut.box == pytest.approx(wide.box, abs=12)
    assert min(shut.presence, wide.presence) > 0.9


def test_a_face_that_looks_the_other_way_is_read_so(mesh: FaceMesh) -> None:
    """The mirror picture of a head turned a little to one side is one turned to the other."""
    rgb = pictures.man_in_a_car()
    mirrored = np.ascontiguousarray(rgb[:, ::-1])
    box = FACE._replace(left=rgb.shape[1] - FACE.right, right=rgb.shape[1] - FACE.left)

    assert read(mesh, rgb).yaw > 0.52
    assert read(mesh, mirrored, box).yaw < 0.48


def test_a_wall_is_no_face(mesh: FaceMesh) -> None:
    """A finder's false alarm is told by it."""
    assert read(mesh, pictures.noise(1, size=(704, 576))[0]).presence < 0.5


def test_a_small_face_is_not_read(mesh: FaceMesh) -> None:
    """Its eyes would be noise; the others keep their places."""
    small = Face(Box(0, 0, 63, 90), 0.9)
    looks = mesh.looks(pictures.man_in_a_car(), [small, Face(FACE, 0.9)])

    assert looks[0] is None
    assert looks[1] is not None
    assert mesh.looks(pictures.man_in_a_car(), [small], scale=0.5) != (None,)


def test_a_head_that_the_edge_cuts_is_said_to_be_cut(mesh: FaceMesh) -> None:
    """Half a face is no portrait."""
    rgb = pictures.man_in_a_car()
    below = np.ascontiguousarray(rgb[220:])

    assert read(mesh, rgb).is_inside
    assert not read(mesh, below, FACE._replace(top=0, bottom=FACE.bottom - 220)).is_inside


def test_the_size_of_the_picture_does_not_matter(mesh: FaceMesh) -> None:
    """All but the box are ratios."""
    rgb = pictures.man_in_a_car()
    half = cv2.resize(rgb, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)

    whole, halved = read(mesh, rgb), read(mesh, half, Box(*(edge // 2 for edge in FACE)))

    assert halved.eye_opening == pytest.approx(whole.eye_opening, rel=0.1)
    assert halved.yaw == pytest.approx(whole.yaw, abs=0.03)
    assert halved.box.width == pytest.approx(whole.box.width / 2, rel=0.05)


def test_a_file_that_opencv_cannot_read_is_said_to_be_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the remedy."""
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"no network" * 100)
    monkeypatch.setattr(weights, "path", lambda _name: broken)
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        with pytest.raises(WeightsMissing, match=r"broken\.tflite.*install"):
            FaceMesh.load()
    finally:
        cv2.utils.logging.setLogLevel(level)


def test_its_licence_ships_beside_its_weights() -> None:
    """Apache-2.0 asks for that."""
    file = weights.path(face_mesh.WEIGHTS)

    assert "Apache License" in file.with_name("apache-2.0.txt").read_text("utf-8")
    assert weights.manifest()[face_mesh.WEIGHTS].licence == "Apache-2.0"
