"""What a decoder fills in for what it could not decode is told from what was filmed or drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import ColorRange

from tests.support.media import pictures
from worker.pipeline.container.probe import probe
from worker.pipeline.cues.decoder_fill import decoder_fill
from worker.pipeline.cues.defects import defects
from worker.pipeline.display.small_frames import shrink
from worker.pipeline.video.scan import scan

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pipeline.frames import Rgb

SIZE = (640, 360)
DEEP = ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv444p12le"]


def frame_of(rgb: Rgb, pix_fmt: str = "yuv420p", *, is_full_range: bool = False) -> av.VideoFrame:
    """A frame as a decoder gives it."""
    full = ColorRange.JPEG if is_full_range else ColorRange.MPEG
    return av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format=pix_fmt, dst_color_range=full)


def fill(frame: av.VideoFrame, rows: slice, level: float) -> av.VideoFrame:
    """Overwrite rows of all planes with a level, given as a share of full scale."""
    for plane, component in zip(frame.planes, frame.format.components, strict=True):
        sample = np.dtype(np.uint16 if component.bits > 8 else np.uint8)
        samples = np.frombuffer(memoryview(plane), sample).reshape(plane.height, -1).copy()
        share = plane.height / frame.height
        samples[round(rows.start * share) : round(rows.stop * share)] = level * (1 << component.bits)
        plane.update(samples)
    return frame


def confidence(frame: av.VideoFrame) -> float:
    """How sure the cue is, as the scan sees the frame."""
    small = shrink(frame, 0.0, (320, 180))
    return decoder_fill(small.luma, small.chroma)


@pytest.mark.parametrize("pix_fmt", DEEP)
@pytest.mark.parametrize(("level", "name"), [(0.0, "green"), (0.5, "grey")])
def test_half_a_picture_of_fill_is_told(pix_fmt: str, level: float, name: str) -> None:
    """At any bit depth and sampling: below the line where the decoding broke off."""
    real = pictures.footage("bikes", 1, size=SIZE)[0]

    assert confidence(frame_of(real, pix_fmt)) == 0, name
    assert confidence(fill(frame_of(real, pix_fmt), slice(180, 360), level)) == 1


def test_a_few_green_blocks_are_enough() -> None:
    """No camera and no encoder makes that green."""
    real = pictures.footage("bikes", 1, size=SIZE)[0]

    assert confidence(fill(frame_of(real), slice(320, 360), 0.0)) == 1


@pytest.mark.parametrize("name", ["bikes", "bigbuckbunny", "carphone_pristine"])
def test_footage_is_none(name: str) -> None:
    """In either range, faded to black as well."""
    real = pictures.footage(name, 1, size=SIZE)[0]

    for rgb in (real, (real * 0.1).astype(np.uint8), np.zeros_like(real)):
        assert confidence(frame_of(rgb)) == 0
        assert confidence(frame_of(rgb, is_full_range=True)) == 0


@pytest.mark.parametrize(
    "ground", [(0, 0, 0), (30, 30, 34), (128, 128, 128), (0, 128, 0), (0, 255, 0), (90, 90, 90)]
)
def test_a_slide_is_none_whatever_its_ground(ground: tuple[int, int, int]) -> None:
    """Dark, mid-grey, or the green of a studio."""
    slide = np.full((360, 640, 3), ground, np.uint8)
    cv2.putText(slide, "Quarterly results", (60, 180), 0, 1.5, (230, 230, 230), 2, cv2.LINE_AA)

    assert confidence(frame_of(slide)) == 0


def test_a_texture_about_half_scale_is_none() -> None:
    """Sky, concrete or asphalt may have that level at many places, but not in whole areas."""
    grey = np.random.default_rng(0).integers(128, 133, (360, 640, 1), np.uint8).repeat(3, axis=2)

    assert confidence(frame_of(grey)) < 0.1


def test_moments_that_a_decoder_filled_in_are_no_candidates(tmp_path: Path) -> None:
    """A capture that lost its reference shows half a picture for a while."""
    real = pictures.footage("bikes", 48, size=SIZE)
    path = tmp_path / "lost.mkv"
    with av.open(path, "w") as container:
        stream = container.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for index, rgb in enumerate(real):
            frame = frame_of(rgb)
            if 16 <= index < 32:
                fill(frame, slice(160, 360), 0.5)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())

    found = scan(probe(path)).candidates

    assert {"corrupt" in defects(one.cues) for one in found if 0.7 < one.time_s < 1.3} == {True}
    assert {"corrupt" in defects(one.cues) for one in found if not 0.6 < one.time_s < 1.4} == {False}
