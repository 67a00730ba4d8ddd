"""A picture is shown the way up that a player shows it, in all eight orientations, whoever says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
import cv2
import numpy as np
import pytest

from tests.support.media import clips, pictures
from tests.support.media.display_messages import with_display_orientation
from worker.pipeline.container.probe import probe
from worker.pipeline.display.orientation import Orientation, orientation
from worker.pipeline.video.scan import scan
from worker.pipeline.video.stills import take_stills

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pipeline.frames import Rgb

EIGHT = [(rotation_deg, is_mirrored) for rotation_deg in (0, 90, 180, 270) for is_mirrored in (False, True)]
SAME = 6.0  #: levels: coding and scaling; the nearest wrong orientation differs by 40


def shown(rotation_deg: int) -> list[Rgb]:
    """Make frames as they are to be seen, of the shape that comes of 320x180 turned so."""
    size = pictures.SIZE if rotation_deg % 180 == 0 else pictures.SIZE[::-1]
    return [cv2.resize(pictures.footage("bikes", 1)[0], size, interpolation=cv2.INTER_AREA)] * 6


def difference(rgb: Rgb, expected: Rgb) -> float:
    """Compare a picture with what it should be, at its size, in levels."""
    assert rgb.shape == expected.shape
    return float(np.abs(rgb.astype(float) - expected).mean())


def check(path: Path, frames: list[Rgb], rotation_deg: int, *, is_mirrored: bool) -> None:
    """See the facts, a candidate and a still of a clip in its orientation."""
    video = probe(path)
    (candidate, *_) = scan(video).candidates
    (still,) = take_stills(video, [0.0], refine=False)
    assert (video.rotation_deg, video.is_mirrored) == (rotation_deg, is_mirrored)
    assert (video.height_px, video.width_px) == frames[0].shape[:2]
    assert difference(candidate.rgb, frames[0]) < SAME
    assert difference(still.rgb, frames[0]) < SAME


@pytest.mark.parametrize(("rotation_deg", "is_mirrored"), EIGHT)
def test_the_matrix_of_the_container_is_obeyed(tmp_path: Path, rotation_deg: int, is_mirrored: bool) -> None:
    """As front cameras and editors write it."""
    form = clips.Format(rotation_deg=rotation_deg, is_mirrored=is_mirrored)
    frames = shown(rotation_deg)

    check(clips.write(tmp_path / "a.mp4", frames, form), frames, rotation_deg, is_mirrored=is_mirrored)


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
@pytest.mark.parametrize(("rotation_deg", "is_mirrored"), EIGHT)
def test_the_message_of_the_stream_is_obeyed(
    tmp_path: Path, rotation_deg: int, is_mirrored: bool, codec: str
) -> None:
    """In H.264 and in HEVC; the container says nothing."""
    frames = shown(rotation_deg)
    turned = clips.Format(rotation_deg=rotation_deg, is_mirrored=is_mirrored)
    stored = [clips.turned_back(frame, turned) for frame in frames]
    plain = clips.write(tmp_path / "plain.mp4", stored, clips.Format(codec=codec))
    path = with_display_orientation(plain, tmp_path / "a.mp4", rotation_deg, is_mirrored=is_mirrored)

    check(path, frames, rotation_deg, is_mirrored=is_mirrored)


def test_container_and_stream_are_not_added_up(tmp_path: Path) -> None:
    """A device that writes both means the same by them; the container's word goes first."""
    frames = shown(90)
    stored = clips.write(tmp_path / "stored.mp4", frames, clips.Format(rotation_deg=90))
    path = with_display_orientation(stored, tmp_path / "a.mp4", 90, is_mirrored=False)

    check(path, frames, 90, is_mirrored=False)


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        (clips.display_matrix(80), Orientation(90, is_mirrored=False)),
        (clips.display_matrix(-50), Orientation(270, is_mirrored=False)),
        (clips.display_matrix(185, is_mirrored=True), Orientation(180, is_mirrored=True)),
        ([131072, 0, 0, 0, -32768, 0, 0, 0, 1 << 30], Orientation(180, is_mirrored=True)),
        ([0] * 9, Orientation()),
        ([65536, 0, 0, 0, 0, 0, 0, 0, 1 << 30], Orientation()),
    ],
)
def test_an_odd_matrix_is_taken_for_the_nearest(
    tmp_path: Path, matrix: list[int], expected: Orientation
) -> None:
    """Whether it turns by a little more, stretches, or is damage."""
    with av.open(tmp_path / "a.mp4", "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.set_display_matrix(matrix)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(pictures.black(1, size=(64, 64))[0])))
        container.mux(stream.encode())
    with av.open(tmp_path / "a.mp4") as container:
        assert orientation(next(container.decode(video=0))) == expected
