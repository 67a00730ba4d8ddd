"""Samples of a picture to RGB code values, for every matrix of ITU-T H.273."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.pipeline.display.colour.code_points import LUMA_WEIGHTS, Matrix, Primaries, Transfer
from worker.pipeline.display.colour.colour_space import REVERSIBLE_EXTRA_BITS, ColourSpace, Samples
from worker.pipeline.display.colour.curves import code_by_table, light_by_table, to_code
from worker.pipeline.display.colour.primaries import luma_weights

if TYPE_CHECKING:
    from worker.pipeline.frames import Rgb

_Matrix3 = NDArray[np.float64]
_Picture = NDArray[np.float32]  # (rows, width, 3)

_TOP_8, _TOP_16 = 255, 65535

# H.273 table 4, value 8: Y, Cg, Co to red, green and blue.
_YCGCO = np.array([[1, -1, 1], [1, 1, 0], [1, -1, -1.0]])
# The same of the reversible kind, whose differences are twice as large: equations 63 to 66.
_YCGCO_R = np.array([[1, -1 / 2, 1 / 2], [1, 1 / 2, 0], [1, -1 / 2, -1 / 2]])
# Value 11, SMPTE ST 2085: Y' is G', and the differences are those of B' and R' (X'Y'Z' is its RGB).
_YDZDX = np.array([[0.991902, 0, 2], [1, 0, 0], [1 / 0.986566, 2 / 0.986566, 0]])

# BT.2100 table 7, RGB with BT.2020 primaries to the cones' L, M and S, and table 7 again, to I, Ct and Cp.
_BT2100_LMS = np.array([[1688, 2146, 262], [683, 2951, 462], [99, 309, 3688]]) / 4096
_ICTCP_PQ = np.array([[2048, 2048, 0], [6610, -13613, 7003], [17933, -17390, -543]]) / 4096
_ICTCP_HLG = np.array([[2048, 2048, 0], [3625, -7465, 3840], [9500, -9212, -288]]) / 4096

# IPT (Ebner and Fairchild 1998): L', M' and S' to I, P and T. Dolby's kind of it takes RGB with BT.2020
# primaries to L, M and S (as Hunt, Pointer and Estevez, white of D65), and, so "C2", mixes 2 % of each kind
# of cone into the others. Source: the matrices that Dolby Vision streams carry; SMPTE ST 2128.
_IPT_LMS = np.array([[7222, 8771, 390], [2654, 12430, 1300], [0, 422, 15962]]) / 16384
_IPT_CROSSTALK = 0.02 * np.ones((3, 3)) + 0.94 * np.eye(3)
_IPT = np.array([[0.4, 0.4, 0.2], [4.455, -4.851, 0.396], [0.8056, 0.3572, -1.1628]])


def yuv_to_rgb(yuv: NDArray[np.uint8], space: ColourSpace) -> Rgb:
    """Convert samples of a small picture.

    Args:
        yuv: (height, width, 3) uint8: Y, Cb, Cr at one size.
        space: how they are coded; one that FFmpeg's scaler knows too.

    Returns:
        (height, width, 3) uint8 RGB, full range; with the transfer function of the samples.

    Source: ITU-T H.273 section 8.3, equations 38 to 40, solved for R, G and B.
    """
    # Video range: luma 16..235, chroma 16..240 about 128 (BT.601, BT.709, BT.2020 alike).
    black, luma_span, chroma_span = (0, 255, 255) if space.is_full_range else (16, 219, 224)
    matrix = _from_weights(*LUMA_WEIGHTS[space.matrix]) * _TOP_8
    matrix = matrix / np.array([luma_span, chroma_span, chroma_span])
    offset = matrix @ np.array([black, 128, 128])
    # A row of four: three weights and what is added. OpenCV clips to 0..255 what lies out of range.
    return np.asarray(cv2.transform(yuv, np.column_stack([matrix, -offset])), np.uint8)


def samples_to_rgb(samples: NDArray[np.uint16], space: ColourSpace) -> NDArray[np.uint16]:
    """Convert samples that FFmpeg's scaler does not know.

    Args:
        samples: (rows, width, 3) uint16, at the top of the 16 bits: Y, Cb, Cr, or X, Y, Z, or grey three
            times. So many rows that they may be in memory some times over in float.
        space: how they are coded.

    Returns:
        (rows, width, 3) uint16 RGB code values, full range; with the transfer function of the samples, and
        the primaries of `space`.
    """
    values = _levels(samples, space)
    if space.samples is Samples.YCBCR:
        values = _rgb(values, space)
    return (values.clip(0, 1) * _TOP_16 + np.float32(0.5)).astype(np.uint16)


def _levels(samples: NDArray[np.uint16], space: ColourSpace) -> _Picture:
    """Convert samples to luma 0..1 and colour differences -0.5..0.5. Source: H.273 equations 20 to 31."""
    is_reversible = space.matrix in REVERSIBLE_EXTRA_BITS
    top = (2**space.bits - 1) << (16 - space.bits)  # FFmpeg's scaler puts zeros below the bits that there are
    if space.is_full_range or is_reversible:
        black, luma_span, chroma_span = 0, top, top
    else:
        black, luma_span, chroma_span = 16 << 8, 219 << 8, 224 << 8
    if space.samples is not Samples.YCBCR:
        return np.asarray((samples.astype(np.float32) - black) / luma_span, np.float32)
    offset = np.array([black, 1 << 15, 1 << 15], np.float32)
    return np.asarray((samples - offset) / np.array([luma_span, chroma_span, chroma_span], np.float32))


def _rgb(values: _Picture, space: ColourSpace) -> _Picture:
    match space.matrix:
        case Matrix.BT2020_CL:
            return _constant_luminance(values, luma_weights(Primaries.BT2020), space.transfer)
        case Matrix.CHROMATICITY_CL:
            return _constant_luminance(values, luma_weights(space.primaries), space.transfer)
        case Matrix.ICTCP:
            opponents = _ICTCP_HLG if space.transfer is Transfer.HLG else _ICTCP_PQ
            return _through_cones(values, opponents, _BT2100_LMS, space.transfer)
        case Matrix.IPT_C2:
            return _through_cones(values, _IPT, _IPT_CROSSTALK @ _IPT_LMS, space.transfer)
        case Matrix.YCGCO_RE | Matrix.YCGCO_RO:
            return _reversible(values, space)
        case Matrix.YCGCO:
            matrix = _YCGCO
        case Matrix.YDZDX:
            matrix = _YDZDX
        case Matrix.CHROMATICITY_NCL:
            matrix = _from_weights(*luma_weights(space.primaries))
        case _:
            matrix = _from_weights(*LUMA_WEIGHTS[space.matrix])
    return _transformed(values, matrix)


def _from_weights(red: float, blue: float) -> _Matrix3:
    """Make the matrix from Y', Cb, Cr to R', G', B' from the weights of red and blue in luma."""
    green = 1 - red - blue
    from_cb, from_cr = 2 * (1 - blue), 2 * (1 - red)
    return np.array(
        [[1, 0, from_cr], [1, -from_cb * blue / green, -from_cr * red / green], [1, from_cb, 0]], np.float64
    )


def _constant_luminance(values: _Picture, weights: tuple[float, float], transfer: Transfer) -> _Picture:
    """Find green from luminance, which is a sum of light. Source: H.273 table 4, values 10 and 13."""
    red_weight, blue_weight = weights
    luma, cb, cr = np.moveaxis(values, -1, 0)
    # The most that B' - Y' and R' - Y' can be either way.
    blue = luma + cb * _spans(blue_weight, transfer, cb)
    red = luma + cr * _spans(red_weight, transfer, cr)
    red_light, luminance, blue_light = (light_by_table(transfer, code) for code in (red, luma, blue))
    green_light = luminance - red_weight * red_light - blue_weight * blue_light
    green = code_by_table(transfer, green_light / np.float32(1 - red_weight - blue_weight))
    return np.stack([red, green, blue], axis=-1)


def _spans(weight: float, transfer: Transfer, difference: _Picture) -> _Picture:
    below, above = to_code(transfer, np.array([1 - weight, weight]))
    return np.where(difference <= 0, np.float32(2 * below), np.float32(2 - 2 * above))


def _through_cones(values: _Picture, opponents: _Matrix3, lms: _Matrix3, transfer: Transfer) -> _Picture:
    """Undo a coding that takes differences of what the cones of the eye see."""
    cones = light_by_table(transfer, _transformed(values, _inverse(opponents)))
    return code_by_table(transfer, _transformed(cones, _inverse(lms)))


def _reversible(values: _Picture, space: ColourSpace) -> _Picture:
    """Undo YCgCo-R, whose samples have more bits than the RGB that they stand for."""
    rgb_bits = space.bits - REVERSIBLE_EXTRA_BITS[space.matrix]
    rgb = _transformed(values, _YCGCO_R) * np.float32((2**space.bits - 1) / (2**rgb_bits - 1))
    if space.is_full_range:
        return rgb
    unit = 2 ** (rgb_bits - 8) / (2**rgb_bits - 1)  # one level of 8-bit video range
    return (rgb - np.float32(16 * unit)) / np.float32(219 * unit)


def _inverse(matrix: _Matrix3) -> _Matrix3:
    return np.asarray(np.linalg.inv(matrix), np.float64)


def _transformed(values: _Picture, matrix: _Matrix3) -> _Picture:
    return np.asarray(cv2.transform(values, matrix), np.float32)
