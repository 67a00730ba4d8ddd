"""High dynamic range pictures come out as people expect them on an ordinary screen."""

from __future__ import annotations

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange

from tests.support.media import clips, pictures
from worker.pipeline.display.colour.code_points import Matrix, Primaries, Transfer
from worker.pipeline.display.colour.colour_space import FULL_RANGE_BT601, ColourSpace, colour_space
from worker.pipeline.display.colour.samples import yuv_to_rgb
from worker.pipeline.display.true_colour import to_srgb

PQ_OF_203_NITS, HLG_OF_203_NITS = 0.5807, 0.75  # ITU-R BT.2408, table 1
PQ_OF_1000_NITS = 0.7518

PQ, HLG = (
    ColourSpace(Matrix.BT2020_NCL, is_full_range=False, transfer=transfer, primaries=Primaries.BT2020)
    for transfer in (Transfer.PQ, Transfer.HLG)
)


def flat(red: float, green: float, blue: float) -> np.ndarray:
    """One pixel of 16-bit code values, given as 0..1."""
    return np.round(np.array([[[red, green, blue]]]) * 65535).astype(np.uint16)


def grey_ramp(space: ColourSpace) -> np.ndarray:
    """Every 8-bit grey, tone-mapped."""
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    return to_srgb(ramp, space)[0].astype(int)


@pytest.mark.parametrize(
    ("space", "code"),
    [(PQ, PQ_OF_203_NITS), (HLG, HLG_OF_203_NITS)],
    ids=["pq", "hlg"],
)
def test_white_paper_is_near_white_and_leaves_room_for_highlights(space: ColourSpace, code: float) -> None:
    """203 nits is the white of a page or a shirt in both systems."""
    white = to_srgb(flat(code, code, code), space).ravel() / 255
    assert np.all((white > 0.85) & (white < 0.95))


@pytest.mark.parametrize(
    ("space", "code"),
    [(PQ, PQ_OF_1000_NITS), (HLG, 1.0)],
    ids=["pq", "hlg"],
)
def test_the_brightest_highlight_is_white(space: ColourSpace, code: float) -> None:
    """1000 nits uses the whole range of the screen."""
    assert to_srgb(flat(code, code, code), space).min() >= 254


def test_what_sdr_can_show_keeps_its_light() -> None:
    """50 nits is 24.6 % of reference white: the curve must not touch it."""
    code_of_50_nits = 0.4403
    srgb = to_srgb(flat(code_of_50_nits, code_of_50_nits, code_of_50_nits), PQ)[0, 0, 0] / 255
    linear = ((srgb + 0.055) / 1.055) ** 2.4
    assert linear == pytest.approx(50 / 203, rel=0.02)


@pytest.mark.parametrize("space", [PQ, HLG])
def test_grey_stays_grey_and_brighter_stays_brighter(space: ColourSpace) -> None:
    """No tint, no reversal, black is black."""
    ramp = grey_ramp(space)
    assert np.ptp(ramp, axis=1).max() == 0
    assert np.all(np.diff(ramp[:, 0]) >= 0)
    assert ramp[0, 0] == 0


@pytest.mark.parametrize("space", [PQ, HLG])
def test_a_bright_colour_keeps_its_hue(space: ColourSpace) -> None:
    """A highlight of a colour does not turn white or shift to another colour."""
    red, green, blue = to_srgb(flat(0.7, 0.5, 0.4), space)[0, 0].astype(int)
    assert red > green + 40 > blue + 40


def test_bt2020_colours_are_brought_to_the_primaries_of_the_screen() -> None:
    """Red of BT.709, written with BT.2020 primaries, is pure red again."""
    red = to_srgb(flat(0.5325, 0.3270, 0.2201), PQ)[0, 0].astype(int)  # (0.6274, 0.0691, 0.0164) x 203 nits
    assert red[0] > 200
    assert red[1:].max() <= 25


def test_eight_bits_give_the_same_picture_as_sixteen() -> None:
    """The scan's small 8-bit pictures look like the final ones."""
    rgb = np.random.default_rng(3).integers(0, 256, (40, 60, 3), np.uint8)
    deep = rgb.astype(np.uint16) * 257
    difference = to_srgb(rgb, PQ).astype(int) - to_srgb(deep, PQ)
    assert np.abs(difference).max() <= 1


def test_a_large_picture_is_mapped_like_its_parts() -> None:
    """Working in bands leaves no seam."""
    rgb = np.random.default_rng(4).integers(0, 256, (300, 2000, 3), np.uint8)
    whole = to_srgb(rgb, HLG)
    assert np.array_equal(whole[200:], to_srgb(rgb[200:], HLG))


def test_an_ordinary_picture_is_left_alone() -> None:
    """SDR needs no tone mapping."""
    rgb = np.random.default_rng(5).integers(0, 256, (8, 8, 3), np.uint8)
    assert np.array_equal(to_srgb(rgb, FULL_RANGE_BT601), rgb)


@pytest.mark.parametrize("tags", [clips.BT709, clips.BT601, clips.FULL_RANGE, clips.PQ], ids=str)
def test_samples_of_every_colour_space_give_the_colours_that_went_in(tags: clips.ColorTags) -> None:
    """Matrix and range are taken from the frame."""
    rgb = pictures.color_bars(1)[0]
    full = ColorRange.JPEG if tags.is_full_range else ColorRange.MPEG
    frame = av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(
        format="yuv444p", dst_colorspace=tags.coded_with, dst_color_range=full
    )
    yuv = np.ascontiguousarray(frame.to_ndarray().transpose(1, 2, 0))
    assert np.abs(yuv_to_rgb(yuv, colour_space(frame)).astype(int) - rgb).max() <= 2


def test_an_untagged_picture_is_taken_as_players_take_it() -> None:
    """BT.601 for standard definition, BT.709 above."""
    small, large = av.VideoFrame(720, 576, "yuv420p"), av.VideoFrame(1280, 720, "yuv420p")
    assert colour_space(small).matrix is Matrix.SMPTE170M
    assert colour_space(large).matrix is Matrix.BT709
