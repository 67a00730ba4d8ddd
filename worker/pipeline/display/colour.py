"""Turns the samples of a video into sRGB: YCbCr to RGB, and high dynamic range (PQ, HLG) to standard.

Tone mapping:

1. Code values to light on a display, in nits: ST 2084 for PQ, BT.2100 for HLG.
2. Highlights squeezed to what SDR can show: the EETF of BT.2390, on the brightest channel, so that no
   channel clips and the hue stays. Below about 90 nits nothing changes.
3. BT.2020 primaries to BT.709, then the sRGB curve. White in a graphic, 203 nits, comes out near white.

Shown as they are, such pictures look grey and pale.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from worker.pipeline.media import TransferFunction

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from worker.pipeline.frames import Rgb

Coded = NDArray[np.uint8] | NDArray[np.uint16]
"""(height, width, 3) RGB code values, full range of the type."""

_Light = NDArray[np.float32]


class ColourSpace(NamedTuple):
    """How YCbCr samples stand for RGB."""

    matrix: Colorspace
    is_full_range: bool  #: luma 0..255 instead of 16..235


# The weights of red and blue in luma. Source: ITU-T H.273 table 4.
_LUMA_WEIGHTS = {
    Colorspace.ITU709: (0.2126, 0.0722),
    Colorspace.FCC: (0.30, 0.11),
    Colorspace.ITU601: (0.299, 0.114),
    Colorspace.SMPTE240M: (0.212, 0.087),
    Colorspace.BT2020: (0.2627, 0.0593),
}
# H.273 matrix coefficients to FFmpeg's scaler, which knows both BT.601 systems as one.
_MATRICES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
# H.273 transfer characteristics of high dynamic range; every other is treated as BT.709.
TRANSFER_FUNCTIONS = {16: TransferFunction.PQ, 18: TransferFunction.HLG}

# An untagged picture up to this size is standard definition, so BT.601; players guess the same way.
_SD_WIDTH_PX, _SD_HEIGHT_PX = 1279, 576

# ST 2084 (also BT.2100 table 4): the constants of the PQ curve and its top.
_PQ_M1, _PQ_M2 = 2610 / 16384, 2523 / 4096 * 128
_PQ_C1, _PQ_C2, _PQ_C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
_PQ_PEAK_NITS = 10_000.0

# BT.2100 table 5: the HLG curve, and the display it is meant for.
_HLG_A, _HLG_B, _HLG_C = 0.17883277, 0.28466892, 0.55991073
_HLG_PEAK_NITS, _HLG_GAMMA = 1000.0, 1.2

# BT.2408: the level of diffuse white in HDR. It becomes the white of SDR.
REFERENCE_WHITE_NITS = 203.0
# Most HDR video is graded for 1000 nits; what is brighter becomes white.
SOURCE_PEAK_NITS = 1000.0

# BT.2020: the luminance of linear red, green and blue.
_BT2020_LUMA = np.array([0.2627, 0.6780, 0.0593], np.float32)
# BT.2087: linear BT.2020 to linear BT.709.
_BT2020_TO_BT709 = np.array(
    [[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008350], [-0.018151, -0.100579, 1.118730]],
    np.float32,
)

# Pictures are worked on in bands of about so many pixels: a whole 8K frame in float would take 400 MB.
_BAND_PX = 1 << 18
# Steps of the table from linear light to sRGB: fine enough for the steep start of the curve.
_LINEAR_STEPS = 1 << 16


def colour_space(frame: VideoFrame) -> ColourSpace:
    """Read what a decoded frame says about its samples; where it says nothing, guess as players do."""
    # "yuvj..." is FFmpeg's older way to say full range; encoders of JPEG frames still do.
    is_full_range = frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj")
    if frame.format.is_rgb:
        return ColourSpace(Colorspace.ITU601, is_full_range=False)  # what FFmpeg's scaler makes of RGB
    if frame.colorspace in _MATRICES:
        return ColourSpace(_MATRICES[frame.colorspace], is_full_range)
    if frame.color_trc in TRANSFER_FUNCTIONS:
        return ColourSpace(Colorspace.BT2020, is_full_range)
    is_sd = frame.width <= _SD_WIDTH_PX and frame.height <= _SD_HEIGHT_PX
    return ColourSpace(Colorspace.ITU601 if is_sd else Colorspace.ITU709, is_full_range)


def yuv_to_rgb(yuv: NDArray[np.uint8], space: ColourSpace) -> Rgb:
    """Convert samples of a small picture.

    Args:
        yuv: (height, width, 3) uint8: Y, Cb, Cr at one size.
        space: how they are coded.

    Returns:
        (height, width, 3) uint8 RGB, full range; with the transfer function of the samples.

    Source: ITU-T H.273 section 8.3, equations 38 to 40, solved for R, G and B.
    """
    red, blue = _LUMA_WEIGHTS[space.matrix]
    green = 1 - red - blue
    from_cb, from_cr = 2 * (1 - blue), 2 * (1 - red)
    matrix = np.array(
        [[1, 0, from_cr], [1, -from_cb * blue / green, -from_cr * red / green], [1, from_cb, 0]], np.float64
    )
    # Video range: luma 16..235, chroma 16..240 about 128 (BT.601, BT.709, BT.2020 alike).
    black, luma_span, chroma_span = (0, 255, 255) if space.is_full_range else (16, 219, 224)
    matrix = matrix * 255 / np.array([luma_span, chroma_span, chroma_span])
    offset = matrix @ np.array([black, 128, 128])
    # A row of four: three weights and what is added. OpenCV clips to 0..255 what lies out of range.
    return np.asarray(cv2.transform(yuv, np.column_stack([matrix, -offset])), np.uint8)


def tone_map_rgb(rgb: Coded, transfer: TransferFunction) -> Rgb:
    """Bring a picture with PQ or HLG code values and BT.2020 primaries to 8-bit sRGB.

    Args:
        rgb: (height, width, 3) uint8 or uint16 code values, full range; 8 bits do for small pictures.
        transfer: how the light is coded. An SDR picture comes back as it is, only as uint8.

    Returns:
        (height, width, 3) uint8 sRGB, of the same size.
    """
    if transfer is TransferFunction.SDR:
        return (rgb if rgb.dtype == np.uint8 else rgb >> 8).astype(np.uint8, copy=False)
    # The curves are steep and slow; every code value is looked up in a table of all of them.
    levels = np.linspace(0, 1, np.iinfo(rgb.dtype).max + 1)
    table = (_pq_nits(levels) if transfer is TransferFunction.PQ else _hlg_scene_light(levels)).astype(
        np.float32
    )
    height, width = rgb.shape[:2]
    rows = max(1, _BAND_PX // width)
    mapped = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, rows):
        light = table[rgb[top : top + rows]]
        nits = light if transfer is TransferFunction.PQ else _hlg_display_nits(light)
        mapped[top : top + rows] = _display(nits)
    return mapped


def _display(nits: _Light) -> Rgb:
    """Convert light (rows, width, 3) in nits with BT.2020 primaries to uint8 sRGB code values."""
    gain = np.interp(nits.max(axis=-1), _CURVE_NITS, _CURVE_GAIN).astype(np.float32)
    # One gain for all three channels: each squeezed by itself, bright colours would turn towards white.
    linear = (nits * gain[..., None]) @ _BT2020_TO_BT709.T / np.float32(REFERENCE_WHITE_NITS)
    step = (linear.clip(0, 1) * (_LINEAR_STEPS - 1) + 0.5).astype(np.uint16)
    return np.asarray(_SRGB_TABLE[step])


def _pq_nits(code: NDArray[np.float64]) -> NDArray[np.float64]:
    """Apply the EOTF of ST 2084: code values 0..1 to nits, 0..10,000."""
    root = code ** (1 / _PQ_M2)
    ratio = np.maximum(root - _PQ_C1, 0) / (_PQ_C2 - _PQ_C3 * root)
    return np.asarray(_PQ_PEAK_NITS * ratio ** (1 / _PQ_M1))


def _pq_code(nits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Invert `_pq_nits`: nits to code values 0..1."""
    power = (nits / _PQ_PEAK_NITS) ** _PQ_M1
    return np.asarray(((_PQ_C1 + _PQ_C2 * power) / (1 + _PQ_C3 * power)) ** _PQ_M2)


def _hlg_scene_light(code: NDArray[np.float64]) -> NDArray[np.float64]:
    """Apply the inverse OETF of HLG: code values 0..1 to scene light 0..1. Source: BT.2100 table 5."""
    return np.where(code <= 1 / 2, code**2 / 3, (np.exp((code - _HLG_C) / _HLG_A) + _HLG_B) / 12)


def _hlg_display_nits(scene: _Light) -> _Light:
    """Apply the OOTF of HLG: the scene as a 1000-nit display shows it, in nits. Source: BT.2100 table 5."""
    luminance = scene @ _BT2020_LUMA
    brighter = np.float32(_HLG_PEAK_NITS) * luminance ** np.float32(_HLG_GAMMA - 1)
    return np.asarray(brighter[..., None] * scene)


def _squeezed_nits(nits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Apply the EETF, from a display of `SOURCE_PEAK_NITS` to one of `REFERENCE_WHITE_NITS`: a knee in PQ.

    Below the knee nothing changes; above it a Hermite spline goes smoothly to the top.

    Source: BT.2390-10 section 5.4.1, with black at 0.
    """
    source_peak, target_peak = _pq_code(np.array([SOURCE_PEAK_NITS, REFERENCE_WHITE_NITS]))
    code = np.minimum(_pq_code(nits) / source_peak, 1)
    top = target_peak / source_peak
    knee = 1.5 * top - 0.5
    t = np.maximum(code - knee, 0) / (1 - knee)
    spline = (
        (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * top
    )
    return _pq_nits(np.where(code < knee, code, spline) * source_peak)


def _srgb_table() -> Rgb:
    """Tabulate the OETF of sRGB: linear light in `_LINEAR_STEPS` to 8-bit codes. Source: IEC 61966-2-1."""
    linear = np.linspace(0, 1, _LINEAR_STEPS)
    code = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)  # noqa: PLR2004 - the standard's own
    return np.round(code * 255).astype(np.uint8)


_SRGB_TABLE = _srgb_table()
# The gain that the EETF gives the brightest channel, at points evenly spaced for the eye.
_CURVE_NITS = _pq_nits(np.linspace(0.01, 1, 4096))
_CURVE_GAIN = _squeezed_nits(_CURVE_NITS) / _CURVE_NITS
