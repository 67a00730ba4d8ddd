"""High dynamic range pictures come out as people expect them on an ordinary screen."""

from __future__ import annotations

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace

from tests.support.media import clips, pictures
from worker.pipeline.display.colour import colour_space, tone_map_rgb, yuv_to_rgb
from worker.pipeline.media import TransferFunction

PQ_OF_203_NITS, HLG_OF_203_NITS = 0.5807, 0.75  # ITU-R BT.2408, table 1
PQ_OF_1000_NITS = 0.7518


def flat(red: float, green: float, blue: float) -> np.ndarray:
    """One pixel of 16-bit code values, given as 0..1."""
    return np.round(np.array([[[red, green, blue]]]) * 65535).astype(np.uint16)


def grey_ramp(transfer: TransferFunction) -> np.ndarray:
    """Every 8-bit grey, tone-mapped."""
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    return tone_map_rgb(ramp, transfer)[0].astype(int)


@pytest.mark.parametrize(
    ("transfer", "code"),
    [(TransferFunction.PQ, PQ_OF_203_NITS), (TransferFunction.HLG, HLG_OF_203_NITS)],
    ids=["pq", "hlg"],
)
def test_white_paper_is_near_white_and_leaves_room_for_highlights(
    transfer: TransferFunction, code: float
) -> None:
    """203 nits is the white of a page or a shirt in both systems."""
    white = tone_map_rgb(flat(code, code, code), transfer).ravel() / 255
    assert np.all((white > 0.85) & (white < 0.95))


@pytest.mark.parametrize(
    ("transfer", "code"),
    [(TransferFunction.PQ, PQ_OF_1000_NITS), (TransferFunction.HLG, 1.0)],
    ids=["pq", "hlg"],
)
def test_the_brightest_highlight_is_white(transfer: TransferFunction, code: float) -> None:
    """1000 nits uses the whole range of the screen."""
    assert tone_map_rgb(flat(code, code, code), transfer).min() >= 254


def test_what_sdr_can_show_keeps_its_light() -> None:
    """50 nits is 24.6 % of reference white: the curve must not touch it."""
    code_of_50_nits = 0.4403
    srgb = (
        tone_map_rgb(flat(code_of_50_nits, code_of_50_nits, code_of_50_nits), TransferFunction.PQ)[0, 0, 0]
        / 255
    )
    linear = ((srgb + 0.055) / 1.055) ** 2.4
    assert linear == pytest.approx(50 / 203, rel=0.02)


@pytest.mark.parametrize("transfer", [TransferFunction.PQ, TransferFunction.HLG])
def test_grey_stays_grey_and_brighter_stays_brighter(transfer: TransferFunction) -> None:
    """No tint, no reversal, black is black."""
    ramp = grey_ramp(transfer)
    assert np.ptp(ramp, axis=1).max() == 0
    assert np.all(np.diff(ramp[:, 0]) >= 0)
    assert ramp[0, 0] == 0


@pytest.mark.parametrize("transfer", [TransferFunction.PQ, TransferFunction.HLG])
def test_a_bright_colour_keeps_its_hue(transfer: TransferFunction) -> None:
    """A highlight of a colour does not turn white or shift to another colour."""
    red, green, blue = tone_map_rgb(flat(0.7, 0.5, 0.4), transfer)[0, 0].astype(int)
    assert red > green + 40 > blue + 40


def test_bt2020_colours_are_brought_to_the_primaries_of_the_screen() -> None:
    """Red of BT.709, written with BT.2020 primaries, is pure red again."""
    red = tone_map_rgb(flat(0.5325, 0.3270, 0.2201), TransferFunction.PQ)[0, 0].astype(
        int
    )  # (0.6274, 0.0691, 0.0164) x 203 nits
    assert red[0] > 200
    assert red[1:].max() <= 25


def test_eight_bits_give_the_same_picture_as_sixteen() -> None:
    """The scan's small 8-bit pictures look like the final ones."""
    rgb = np.random.default_rng(3).integers(0, 256, (40, 60, 3), np.uint8)
    deep = rgb.astype(np.uint16) * 257
    difference = tone_map_rgb(rgb, TransferFunction.PQ).astype(int) - tone_map_rgb(deep, TransferFunction.PQ)
    assert np.abs(difference).max() <= 1


def test_a_large_picture_is_mapped_like_its_parts() -> None:
    """Working in bands leaves no seam."""
    rgb = np.random.default_rng(4).integers(0, 256, (300, 2000, 3), np.uint8)
    whole = tone_map_rgb(rgb, TransferFunction.HLG)
    assert np.array_equal(whole[200:], tone_map_rgb(rgb[200:], TransferFunction.HLG))


def test_an_ordinary_picture_is_left_alone() -> None:
    """SDR needs no tone mapping."""
    rgb = np.random.default_rng(5).integers(0, 256, (8, 8, 3), np.uint8)
    assert np.array_equal(tone_map_rgb(rgb, TransferFunction.SDR), rgb)


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
    assert colour_space(small).matrix == Colorspace.ITU601
    assert colour_space(large).matrix == Colorspace.ITU709
