"""Files of every way to code colours are scanned, and give pictures in their true colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
import cv2
import numpy as np
import pytest
from av import VideoFrame

from tests.support.media import clips, coloured_clips, pictures, stamped
from tests.support.media import reference_colour as reference
from tests.support.media.odd_files import colours
from tests.support.media.reference_colour import ColourCoding
from worker.pipeline.container.probe import probe
from worker.pipeline.media import TransferFunction
from worker.pipeline.video.scan import scan
from worker.pipeline.video.stills import take_stills

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pipeline.frames import Rgb


def seen(path: Path) -> tuple[Rgb, Rgb]:
    """The final picture and the judged one."""
    video = probe(path)
    (still,) = take_stills(video, [0.2])
    return still.rgb, scan(video).candidates[0].rgb


def largest_error(picture: Rgb) -> float:
    """How far the patches are from what was written."""
    got, wanted = reference.centres(picture), reference.centres(reference.patches())
    return float(reference.delta_e(got, wanted).max())


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_dolby_vision_5_comes_out_natural(tmp_path: Path, suffix: str) -> None:
    """Only the container says what it is; shown by its tags it would be purple and green."""
    path = coloured_clips.write_dolby_vision(tmp_path / f"a.{suffix}", reference.patches(), profile=5)
    video = probe(path)
    assert video.stated_colours.is_ipt_pq
    assert video.transfer is TransferFunction.PQ
    assert "approximate" in video.notes[0]
    for picture in seen(path):
        assert largest_error(picture) < 3


@pytest.mark.parametrize(("profile", "compatible_with"), [(8, 1), (7, 6), (10, 1)])
def test_other_dolby_vision_is_shown_by_its_tags(tmp_path: Path, profile: int, compatible_with: int) -> None:
    """It has an ordinary picture underneath."""
    path = coloured_clips.write_dolby_vision(
        tmp_path / "a.mp4", reference.patches(), profile, compatible_with
    )
    assert not probe(path).stated_colours.is_ipt_pq
    assert probe(path).notes == ()
    for picture in seen(path):
        assert largest_error(picture) < 5


@pytest.mark.parametrize(
    "coding",
    [
        ColourCoding(8),
        ColourCoding(10, 14, 9),
        ColourCoding(14, 16, 9),
        ColourCoding(14, 18, 9),
        ColourCoding(16, is_full_range=True),
    ],
    ids=["YCgCo", "constant luminance", "ICtCp with PQ", "ICtCp with HLG", "YCgCo-R"],
)
def test_tags_reach_the_picture_through_a_file(tmp_path: Path, coding: ColourCoding) -> None:
    """In Matroska, which keeps all of them."""
    path = coloured_clips.write_coded(tmp_path / "a.mkv", reference.patches(), coding)
    assert probe(path).notes == ()
    for picture in seen(path):
        assert largest_error(picture) < 3


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_the_container_fills_in_what_the_stream_leaves_open(tmp_path: Path, suffix: str) -> None:
    """The stream says "unspecified" in so many words, and the decoder believes it."""
    path = tmp_path / f"a.{suffix}"
    colours.container_only(path)
    assert probe(path).transfer is TransferFunction.PQ
    for picture in seen(path):
        shown = stamped.frame(5)
        small = cv2.resize(shown, picture.shape[1::-1], interpolation=cv2.INTER_AREA)
        # Read as standard range, the picture is grey and far too dark: off by 30 levels and more.
        assert cv2.absdiff(small, picture).mean() < 15


@pytest.mark.parametrize("matrix", range(18))
def test_a_wrong_tag_on_an_ordinary_file_does_not_refuse_it(tmp_path: Path, matrix: int) -> None:
    """H.264 of 8 bits can claim anything."""
    path = coloured_clips.write_retagged(tmp_path / "a.mp4", matrix)
    for picture in seen(path):
        assert picture.std() > 20
    assert bool(probe(path).notes) == (matrix in {0, 10, 11, 14, 15, 16, 17})


def test_fields_with_a_wrong_tag_are_woven_too(tmp_path: Path) -> None:
    """The deinterlacer is FFmpeg's, and would ask the scaler."""
    form = clips.Format(
        is_interlaced=True, pix_fmt="yuv422p", color=clips.ColorTags(primaries=1, transfer=1, matrix=14)
    )
    path = clips.write(tmp_path / "a.mp4", pictures.numbered(10), form)
    assert probe(path).is_interlaced
    for picture in seen(path):
        assert picture.std() > 20


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx265"), ("a.mkv", "ffv1")])
def test_grey_in_video_range_has_its_black_and_white(tmp_path: Path, name: str, codec: str) -> None:
    """FFmpeg's scaler takes it for full range, and black would be grey."""
    grey = np.full((96, 160), 235, np.uint8)
    grey[:, :80] = 16
    frame = VideoFrame.from_ndarray(grey, "gray")
    frame.color_range = 1
    for picture in seen(coloured_clips.write_frame(tmp_path / name, frame, codec)):
        assert np.array_equal(picture[48, [20, 140], 0] // 3, [0, 85])


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format"), coloured_clips.WITH_ALPHA.values(), ids=coloured_clips.WITH_ALPHA
)
def test_a_cut_out_stands_on_black(tmp_path: Path, name: str, codec: str, pixel_format: str) -> None:
    """No player shows what is hidden; in WebM it takes another decoder to know."""
    path = coloured_clips.write_cut_out(tmp_path / name, codec, pixel_format)
    for picture in seen(path):
        height, width = picture.shape[:2]
        shown = picture[height // 2, width * 3 // 4].astype(int)
        assert np.abs(shown - [200, 120, 60]).max() < 12
        if width > height:  # else the black was trimmed as a bar
            assert picture[height // 2, width // 8].max() < 12


def write_hidden(path: Path, codec: str, pixel_format: str) -> Path:
    """A picture under an alpha of 0 everywhere."""
    frame = VideoFrame.from_ndarray(np.full((96, 160, 4), (200, 100, 50, 0), np.uint8), "rgba")
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, rate=5)
        stream.width, stream.height, stream.pix_fmt = 160, 96, pixel_format
        for number in range(5):
            stored = frame.reformat(format=pixel_format)
            stored.pts = number
            container.mux(stream.encode(stored))
        container.mux(stream.encode())
    return path


def test_a_frame_that_is_transparent_all_over_is_black(tmp_path: Path) -> None:
    """As players show it: titles fade in from there."""
    for picture in seen(write_hidden(tmp_path / "a.mov", "png", "rgba")):
        assert picture.max() == 0


def test_an_alpha_byte_without_a_use_hides_nothing(tmp_path: Path) -> None:
    """Raw pictures of 32 bits in AVI have 0 there in every pixel."""
    for picture in seen(write_hidden(tmp_path / "a.avi", "rawvideo", "bgra")):
        assert np.abs(picture[48, 80].astype(int) - [200, 100, 50]).max() <= 3
