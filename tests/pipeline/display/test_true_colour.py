"""Every code point of H.273 gives a picture, and the right one where its meaning is defined."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from tests.support.media import reference_colour as reference
from tests.support.media.reference_colour import ColourCoding
from tests.support.service.sample_run import video
from worker.pipeline.display.colour.colour_space import colour_notes
from worker.pipeline.display.display import displayed
from worker.pipeline.display.small_frames import shrink

if TYPE_CHECKING:
    from worker.pipeline.frames import Rgb

SIZE = (320, 192)
# What the eye just sees beside each other is about 2.
STILL_DELTA_E, SMALL_DELTA_E = 1.0, 3.0

PQ, HLG = ColourCoding(9, 16, 9), ColourCoding(9, 18, 9)
SDR_2020 = ColourCoding(9, 14, 9)


def still(frame: av.VideoFrame) -> Rgb:
    """The final picture."""
    return displayed([frame], 0, video())


def small(frame: av.VideoFrame) -> Rgb:
    """The picture that is judged."""
    return shrink(frame, 0.0, SIZE).rgb()


def errors(frame: av.VideoFrame) -> tuple[float, float]:
    """How far the colours of the still and of the small frame are from those that went in, at most."""
    wanted = reference.centres(reference.patches())
    still_error = reference.delta_e(reference.centres(still(frame)), wanted)
    small_error = reference.delta_e(reference.centres(small(frame)), wanted)
    return float(still_error.max()), float(small_error.max())


TRUE = [
    *(ColourCoding(matrix) for matrix in (1, 4, 5, 6, 7, 8, 9)),
    *(ColourCoding(matrix, is_full_range=True) for matrix in (1, 5, 8)),
    *(ColourCoding(matrix, bits=8) for matrix in (1, 6, 8)),
    *(ColourCoding(matrix, bits=12) for matrix in (1, 8)),
    *(ColourCoding(16, is_full_range=full) for full in (False, True)),
    *(ColourCoding(17, is_full_range=full) for full in (False, True)),
    *(replace(SDR_2020, matrix=matrix) for matrix in (9, 10, 12, 13)),
    *(replace(SDR_2020, matrix=10, transfer=transfer, bits=12) for transfer in (1, 15)),
    *(ColourCoding(matrix, primaries=primaries) for matrix in (12, 13) for primaries in (1, 12)),
    *(replace(PQ, matrix=matrix, is_full_range=full) for matrix in (9, 14, 15) for full in (False, True)),
    *(replace(HLG, matrix=matrix) for matrix in (9, 14)),
    *(replace(coding, primaries=12) for coding in (PQ, HLG)),
    ColourCoding(11, transfer=17, primaries=10, bits=12),
    ColourCoding(1, transfer=17, primaries=11, bits=12),
    *(ColourCoding(primaries=primaries) for primaries in (4, 8, 9, 11, 12, 22)),
    *(
        ColourCoding(transfer=transfer, bits=12)
        for transfer in (4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17)
    ),
    *(ColourCoding(transfer=transfer, primaries=12, bits=12) for transfer in (4, 5, 7, 8, 9, 10, 13, 17)),
]


@pytest.mark.parametrize("coding", TRUE, ids=str)
def test_colours_come_back_as_they_went_in(coding: ColourCoding) -> None:
    """By the formulas of the standards; each wrong matrix, curve, red, green or blue is seen here."""
    still_error, small_error = errors(reference.coded_frame(reference.patches(), coding))
    assert still_error < STILL_DELTA_E * (1.5 if coding.bits == 8 else 1)
    # The scan keeps eight bits of each sample, which are few for PQ, and for light as it is.
    assert small_error < {8: 10.0, 16: 5.0}.get(coding.transfer, SMALL_DELTA_E)


EVERY_MATRIX = [*range(19), 200, 255]
EVERY_TRANSFER = [*range(20), 200, 255]
EVERY_PRIMARIES = [*range(14), 22, 23, 200, 255]


@pytest.mark.parametrize(
    "pixel_format", ["yuv420p", "yuv422p10le", "yuv444p12le", "gray", "gray10le", "rgb24"]
)
@pytest.mark.parametrize("matrix", EVERY_MATRIX)
def test_no_matrix_is_refused(matrix: int, pixel_format: str) -> None:
    """Of whatever format; a mid-grey picture stays a grey one."""
    grey = av.VideoFrame.from_ndarray(np.full((96, 160, 3), 128, np.uint8)).reformat(format=pixel_format)
    for transfer, primaries in ((2, 2), (1, 1), (16, 9), (17, 10), (200, 200)):
        grey.colorspace, grey.color_trc, grey.color_primaries = matrix, transfer, primaries
        for picture in (still(grey), shrink(grey, 0.0, (160, 96)).rgb()):
            assert picture.shape == (96, 160, 3)
            assert picture.std() < 30


@pytest.mark.parametrize("transfer", EVERY_TRANSFER)
def test_no_transfer_is_refused(transfer: int) -> None:
    """A reserved one is shown as BT.709 is."""
    frame = reference.coded_frame(reference.patches(), ColourCoding())
    plain = still(frame)
    frame.color_trc = transfer
    shown = still(frame)
    assert shown.shape == plain.shape
    assert (transfer in {8, 9, 10, 16, 17, 18}) != np.array_equal(shown, plain)


@pytest.mark.parametrize("primaries", EVERY_PRIMARIES)
def test_no_primaries_are_refused(primaries: int) -> None:
    """Reserved ones, and those of standard definition, are shown as the screen's."""
    frame = reference.coded_frame(reference.patches(), ColourCoding())
    plain = still(frame)
    frame.color_primaries = primaries
    shown = still(frame)
    assert shown.shape == plain.shape
    assert (primaries in {4, 8, 9, 10, 11, 12, 22}) != np.array_equal(shown, plain)


@pytest.mark.parametrize("primaries", [4, 8, 9, 11, 12, 22])
def test_other_primaries_leave_grey_as_it_is(primaries: int) -> None:
    """White is white, and every step of a grey ramp keeps its level."""
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2).repeat(32, axis=0)
    frame = av.VideoFrame.from_ndarray(ramp).reformat(
        format="yuv444p10le", dst_colorspace="ITU709", dst_color_range=1
    )
    frame.color_trc, frame.color_primaries = 1, 1
    plain = still(frame).astype(int)
    frame.color_primaries = primaries
    assert np.abs(still(frame) - plain).max() <= 1


IMPOSSIBLE = {
    "RGB on YCbCr": ColourCoding(0),
    "constant luminance with the primaries of BT.709": ColourCoding(10),
    "SMPTE 2085 on what is not XYZ": ColourCoding(11),
    "derived from primaries that are not said": ColourCoding(12, primaries=2),
    "derived from primaries that are reserved": ColourCoding(13, primaries=200),
    "ICtCp on 8 bits": ColourCoding(14, bits=8),
    "ICtCp on standard dynamic range": ColourCoding(14),
    "IPT-C2 on standard dynamic range": ColourCoding(15),
    "YCgCo-R on 8 bits": ColourCoding(16, bits=8),
    "a reserved one": ColourCoding(3),
    "a number without a meaning": ColourCoding(200),
}


@pytest.mark.parametrize("coding", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_what_cannot_be_is_guessed_and_said(coding: ColourCoding) -> None:
    """A small picture is taken for BT.601, as players do, and a note says so."""
    frame = reference.coded_frame(reference.patches(), replace(coding, matrix=5, primaries=1))
    frame.colorspace, frame.color_primaries = coding.matrix, coding.primaries

    still_error, small_error = errors(frame)
    (note,) = colour_notes(frame)

    assert still_error < STILL_DELTA_E
    assert small_error < SMALL_DELTA_E
    assert "shown as BT.601" in note
    assert "errno" not in note.lower()


def test_an_impossible_matrix_of_a_large_picture_is_taken_for_that_of_high_definition() -> None:
    """And one of HDR for that of BT.2020."""
    frame = av.VideoFrame(1920, 1080, "yuv420p")
    frame.colorspace = 14
    assert "shown as BT.709" in colour_notes(frame)[0]
    frame.color_trc = 16
    assert "shown as BT.2020" in colour_notes(frame)[0]


@pytest.mark.parametrize("coding", TRUE, ids=str)
def test_nothing_is_said_of_tags_that_are_true(coding: ColourCoding) -> None:
    """A note is for what is unusual."""
    assert colour_notes(reference.coded_frame(reference.patches(), coding)) == ()


def test_nothing_is_said_of_a_picture_without_tags() -> None:
    """Most files have none."""
    assert colour_notes(av.VideoFrame(64, 48, "yuv420p")) == ()


LEVELS = np.array([0, 20, 60, 128, 200, 235, 255], np.uint8)


@pytest.mark.parametrize("pixel_format", ["gray", "gray10le", "gray12le", "gray16le", "ya8", "ya16le"])
@pytest.mark.parametrize("tag", [0, 1, 2], ids=["untagged", "limited", "full"])
def test_grey_has_the_range_that_it_says(pixel_format: str, tag: int) -> None:
    """Tagged as video range, 16 is black and 235 is white; without a tag players take it for full range."""
    full = np.repeat(np.repeat(LEVELS[None], 64, axis=0), 32, axis=1)
    stored = np.round(full * (219 / 255) + 16).astype(np.uint8) if tag == 1 else full
    frame = av.VideoFrame.from_ndarray(stored, "gray").reformat(
        format=pixel_format, src_color_range=2, dst_color_range=2
    )
    frame.color_range = tag
    for picture in (still(frame), shrink(frame, 0.0, (stored.shape[1], 64)).rgb()):
        assert np.abs(picture[32, 16::32].astype(int) - LEVELS[:, None]).max() <= 1


def test_digital_cinema_is_shown_by_its_own_curve() -> None:
    """X', Y' and Z' in 12 bits; FFmpeg's scaler leaves out that white is below the top."""
    light = reference.light_of(reference.patches(), 17, 10)
    codes = np.round(reference.curve(17, light) * 4095).astype(np.uint16) << 4
    frame = av.VideoFrame(*SIZE, "xyz12le")
    rows = np.zeros((SIZE[1], frame.planes[0].line_size // 2), np.uint16)
    rows[:, : SIZE[0] * 3] = codes.reshape(SIZE[1], -1)
    frame.planes[0].update(rows.tobytes())

    still_error, small_error = errors(frame)

    assert still_error < STILL_DELTA_E
    assert small_error < SMALL_DELTA_E


CUT_OUT = {"rgba", "bgra", "argb", "yuva420p", "yuva444p10le", "gbrap", "gbrap12le", "rgba64le", "ya8"}


@pytest.mark.parametrize("pixel_format", sorted(CUT_OUT))
def test_transparent_pixels_are_black(pixel_format: str) -> None:
    """What lies under them is not shown; half transparent is half as bright, opaque is untouched."""
    picture = np.full((96, 192, 4), (200, 200, 200, 255), np.uint8)
    picture[:, :64, 3], picture[:, 64:128, 3] = 0, 128
    frame = av.VideoFrame.from_ndarray(picture, "rgba").reformat(format=pixel_format)
    for shown in (still(frame), shrink(frame, 0.0, (192, 96)).rgb()):
        columns = shown[:, [32, 96, 160]].reshape(-1, 3, 3).mean(axis=(0, 2))
        assert np.abs(columns - [0, 100, 200]).max() < 3
