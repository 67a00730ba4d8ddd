"""A thumbnail shows what a player shows of a stored picture: no cut edges, one eye, a sphere's front."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np
import pytest

from tests.support.media import clips, pictures
from tests.support.media import container_edits as edits
from worker.pipeline.container.geometry import geometry
from worker.pipeline.container.headers.track_header import TrackHeader
from worker.pipeline.container.probe import probe
from worker.pipeline.video.scan import scan
from worker.pipeline.video.stills import take_stills

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pipeline.frames import Rgb

SIZE = (320, 180)
SAME = 7.0  #: levels: coding and scaling; another eye, or a picture a tenth off, differs by 30 and more
# StereoMode of Matroska (RFC 9559, 5.1.4.1.28.3).
SIDE_BY_SIDE, BOTTOM_FIRST, TOP_FIRST, CHECKERBOARD, RIGHT_FIRST, IN_TURN = 1, 2, 3, 4, 11, 13


@dataclass(frozen=True)
class Case:
    """A stored picture, what the file says of it, and what is to be seen."""

    stored: Rgb
    shown: Rgb
    video: bytes = b""  #: elements of Matroska
    boxes: bytes = b""  #: of MP4
    form: clips.Format = field(default_factory=clips.Format)
    note: str = ""  #: a part of it


def eye(name: str, size: tuple[int, int] = SIZE) -> Rgb:
    """Make a picture for one eye; those of two clips differ everywhere."""
    return pictures.footage(name, 1, size=size)[0]  # type: ignore[arg-type]


def squeezed(rgb: Rgb, size: tuple[int, int]) -> Rgb:
    """Scale a picture, whatever its shape."""
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def framed(left: int, top: int, right: int, bottom: int) -> Rgb:
    """Put a picture of 280x140 in the middle of green edges."""
    edge = pictures.solid((0, 200, 0), 1, size=(280 + left + right, 140 + top + bottom))[0].copy()
    edge[top : top + 140, left : left + 280] = INNER
    return edge


def stereo_mode(mode: int) -> bytes:
    """Make the element that says how both eyes are stored."""
    return edits.element(0x53B8, mode)


INNER = eye("bikes", (280, 140))
LEFT, RIGHT = eye("bikes"), eye("bigbuckbunny")
WIDE = np.hstack([LEFT, RIGHT])
HALF_WIDE = np.hstack([squeezed(LEFT, (160, 180)), squeezed(RIGHT, (160, 180))])
TALL = np.vstack([LEFT, RIGHT])
HALF_TALL = np.vstack([squeezed(LEFT, (320, 90)), squeezed(RIGHT, (320, 90))])
CUT = framed(20, 24, 20, 16)
SPHERE = eye("bigbuckbunny", (960, 480))
# 120 of 360 degrees across, and 67.5 of 180 down.
FRONT = SPHERE[150:330, 320:640]
HALF_SPHERE = eye("bikes", (480, 480))
HALF_FRONT = HALF_SPHERE[150:330, 80:400]
PACKING = {"x264-params": "frame-packing=3"}

CASES = {
    "PixelCrop": Case(CUT, INNER, video=edits.pixel_crop(20, 24, 20, 16)),
    "clean aperture": Case(CUT, INNER, boxes=edits.clean_aperture(280, 140, 0, 4)),
    "PixelCrop of odd edges": Case(
        framed(21, 23, 19, 17), INNER[1:, 1:-1], video=edits.pixel_crop(21, 23, 19, 17)
    ),
    "side by side": Case(WIDE, LEFT, video=stereo_mode(SIDE_BY_SIDE), note="side by side: the left eye"),
    "side by side, right first": Case(WIDE, RIGHT, video=stereo_mode(RIGHT_FIRST), note="side by side"),
    "side by side, half": Case(HALF_WIDE, LEFT, video=stereo_mode(SIDE_BY_SIDE), note="side by side"),
    "top and bottom": Case(TALL, LEFT, video=stereo_mode(TOP_FIRST), note="above the other: the left eye"),
    "bottom and top": Case(TALL, RIGHT, video=stereo_mode(BOTTOM_FIRST), note="above the other"),
    "top and bottom, half": Case(HALF_TALL, LEFT, video=stereo_mode(TOP_FIRST), note="above the other"),
    "st3d, side by side": Case(HALF_WIDE, LEFT, boxes=edits.stereo(2), note="side by side"),
    "st3d, top and bottom": Case(HALF_TALL, LEFT, boxes=edits.stereo(1), note="above the other"),
    "a message of H.264": Case(WIDE, LEFT, form=clips.Format(options=PACKING), note="side by side"),
    "frames in turn": Case(LEFT, LEFT, video=stereo_mode(IN_TURN), note="in turn"),
    "a checkerboard": Case(LEFT, LEFT, video=stereo_mode(CHECKERBOARD), note="as it is stored"),
    "a sphere": Case(SPHERE, FRONT, boxes=edits.equirectangular(), note="360 degrees around"),
    "half a sphere": Case(
        HALF_SPHERE,
        HALF_FRONT,
        boxes=edits.equirectangular(left=0.25, right=0.25),
        note="180 degrees around",
    ),
    "half a sphere for either eye": Case(
        np.hstack([HALF_SPHERE, HALF_SPHERE[:, ::-1]]),
        HALF_FRONT,
        boxes=edits.stereo(2) + edits.equirectangular(left=0.25, right=0.25),
        note="the left eye is shown",
    ),
    "a sphere for either eye": Case(
        np.vstack([SPHERE, SPHERE[::-1]]),
        FRONT,
        boxes=edits.stereo(1) + edits.equirectangular(),
        note="360 degrees around",
    ),
    "a mesh": Case(HALF_SPHERE, HALF_FRONT, boxes=edits.mesh(), note="180 degrees around"),
    "cut off, then halved": Case(
        cv2.copyMakeBorder(HALF_WIDE, 0, 0, 32, 0, cv2.BORDER_CONSTANT, value=(0, 200, 0)),
        LEFT,
        video=edits.pixel_crop(32) + stereo_mode(SIDE_BY_SIDE),
        note="side by side",
    ),
}


def written(path: Path, case: Case) -> Path:
    """Write five equal frames and what the file says of them."""
    frames = [np.ascontiguousarray(case.stored)] * 5
    if case.video:
        return edits.add_to_matroska_track(
            clips.write(path.with_suffix(".mkv"), frames, case.form), video=case.video
        )
    path = clips.write(path.with_suffix(".mp4"), frames, case.form)
    return edits.add_to_sample_entry(path, case.boxes) if case.boxes else path


def difference(rgb: Rgb, expected: Rgb) -> float:
    """Compare a picture with what it should be, in levels; sizes may differ by what rounding takes."""
    assert np.allclose(rgb.shape, expected.shape, atol=2)
    return float(np.abs(squeezed(rgb, (160, 90)).astype(float) - squeezed(expected, (160, 90))).mean())


@pytest.mark.parametrize("name", CASES)
def test_only_what_a_player_shows_is_seen(tmp_path: Path, name: str) -> None:
    """In the facts, in what the scan keeps, and in stills."""
    case = CASES[name]
    video = probe(written(tmp_path / "a", case))
    (candidate, *_) = scan(video).candidates
    (still,) = take_stills(video, [0.0], refine=False)

    assert still.rgb.shape[:2] == (video.height_px, video.width_px)
    assert difference(still.rgb, case.shown) < SAME
    assert difference(squeezed(candidate.rgb, still.rgb.shape[1::-1]), case.shown) < SAME
    assert bool(video.notes) == bool(case.note)
    assert case.note in " ".join(video.notes)


@pytest.mark.parametrize("form", [clips.Format(pix_fmt="yuv420p10le"), clips.Format(codec="mpeg2video")])
def test_one_eye_is_seen_in_every_pixel_format(tmp_path: Path, form: clips.Format) -> None:
    """Also where samples have more than one byte, and in fields."""
    interlaced = replace(form, is_interlaced=form.codec == "mpeg2video")
    video = probe(written(tmp_path / "a", replace(CASES["side by side"], form=interlaced)))
    (candidate, *_) = scan(video).candidates

    assert difference(take_stills(video, [0.0])[0].rgb, LEFT) < SAME
    assert difference(candidate.rgb, LEFT) < SAME


def test_one_eye_is_turned_upright(tmp_path: Path) -> None:
    """Eyes lie side by side as stored, before the turn."""
    form = clips.Format(rotation_deg=180)
    stored = np.hstack([clips.turned_back(one, form) for one in (LEFT, RIGHT)])
    path = clips.write(tmp_path / "a.mp4", [clips.turned_back(stored, form)] * 5, form)
    video = probe(edits.add_to_sample_entry(path, edits.stereo(2)))

    assert difference(take_stills(video, [0.0])[0].rgb, LEFT) < SAME


def test_samples_that_are_not_square_count_for_the_shape(tmp_path: Path) -> None:
    """Two full views with samples of half the width look like two halves, by their numbers."""
    path = clips.write(tmp_path / "a.mp4", [WIDE] * 5, clips.Format(sample_aspect_ratio=Fraction(2)))
    video = probe(edits.add_to_sample_entry(path, edits.stereo(2)))

    assert (video.width_px, video.height_px) == SIZE
    assert difference(take_stills(video, [0.0])[0].rgb, LEFT) < SAME


@pytest.mark.parametrize(
    "header",
    [
        *(
            TrackHeader({"clap": box[8:]})
            for box in (
                edits.clean_aperture(0, 0),
                edits.clean_aperture(4000, 20),
                edits.clean_aperture(100, 100, 5000, 0),
                edits.box("clap", bytes(32)),
                edits.box("clap", bytes(3)),
            )
        ),
        *(TrackHeader(cut_px=cut) for cut in ((320, 0, 0, 0), (200, 0, 200, 0), (0, 1 << 60, 0, 0))),
    ],
)
def test_edges_that_cannot_be_are_not_believed(header: TrackHeader) -> None:
    """The whole picture is shown then. FFmpeg opens some such files, and others not."""
    shown = geometry(av.VideoFrame.from_ndarray(LEFT), header, None)

    assert shown.visible is None
    assert (shown.width_px, shown.height_px) == SIZE


@pytest.mark.parametrize("size", [(2, 2), (4, 2), (2, 16)])
def test_a_tiny_stereo_picture_is_shown(tmp_path: Path, size: tuple[int, int]) -> None:
    """Where an eye is smaller than a sample of chroma, both are shown."""
    tiny = squeezed(LEFT, size)
    video = probe(written(tmp_path / "a", Case(tiny, tiny, boxes=edits.stereo(2))))

    assert take_stills(video, [0.0])[0].rgb.size
    assert scan(video).candidates
