"""A second opinion on colour: pictures coded by the formulas of the standards, in plain NumPy.

Nothing here is shared with the pipeline, so that an error in one is not in the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import av
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

    from worker.pipeline.frames import Rgb

Values = NDArray[np.float64]

# H.273 table 2: x and y of red, green, blue and white.
_C, _D65 = (0.310, 0.316), (0.3127, 0.3290)
_XY = {
    1: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _D65),
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), _C),
    8: ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), _C),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), _D65),
}
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_WEIGHTS = {
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
    10: (0.2627, 0.0593),
}
_XYZ, _PQ, _HLG = 10, 16, 18
# Curves of television: whoever shows sRGB shows their code values as they are.
_TELEVISION = {1, 4, 5, 6, 7, 11, 12, 13, 14, 15}


@dataclass(frozen=True)
class ColourCoding:
    """Tags of a stream, and its samples: code points of H.273."""

    matrix: int = 1
    transfer: int = 1
    primaries: int = 1
    is_full_range: bool = False
    bits: int = 10


def patches() -> Rgb:
    """Twelve flat colours, 320x192, that every set of primaries has, none brighter than 80 nits in HDR."""
    colours = [
        *([60, 60, 60], [120, 120, 120], [165, 165, 165], [110, 75, 65]),
        *([160, 130, 115], [80, 105, 140], [85, 100, 65], [120, 115, 160]),
        *([90, 165, 150], [165, 110, 60], [140, 70, 80], [36, 42, 40]),
    ]
    grid = np.array(colours, np.uint8).reshape(3, 4, 3)
    return np.repeat(np.repeat(grid, 64, axis=0), 80, axis=1)


def centres(picture: Rgb) -> Values:
    """The mean colour inside each patch, (3, 4, 3); a picture of any size."""
    height, width = picture.shape[0] // 3, picture.shape[1] // 4
    cells = picture[: height * 3, : width * 4].reshape(3, height, 4, width, 3)
    inside = cells[:, height // 4 : -height // 4, :, width // 4 : -width // 4]
    return np.asarray(inside.mean(axis=(1, 3)), np.float64)


def delta_e(srgb: Values, other: Values) -> Values:
    """The difference of colours, 0..255, as the eye sees it. Source: CIE 1976 L*a*b*."""
    return np.asarray(np.linalg.norm(_lab(srgb) - _lab(other), axis=-1))


def _lab(srgb: Values) -> Values:
    xyz = _srgb_light(np.asarray(srgb) / 255) @ _to_xyz(1).T / _to_xyz(1).sum(axis=1)
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = np.moveaxis(f, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def coded_frame(srgb: Rgb, coding: ColourCoding) -> av.VideoFrame:
    """Code a picture as a stream with these tags has it: 4:4:4, with the tags set."""
    values = _samples(_codes(srgb, coding), coding)
    height, width = srgb.shape[:2]
    frame = av.VideoFrame(width, height, "yuv444p" if coding.bits == 8 else f"yuv444p{coding.bits}le")
    for index, plane in enumerate(frame.planes):
        dtype = np.uint8 if coding.bits == 8 else np.uint16
        rows = np.zeros((height, plane.line_size // np.dtype(dtype).itemsize), dtype)
        rows[:, :width] = np.round(values[..., index]).clip(0, 2**coding.bits - 1)
        plane.update(rows.tobytes())
    frame.colorspace, frame.color_trc = coding.matrix, coding.transfer
    frame.color_primaries, frame.color_range = coding.primaries, 2 if coding.is_full_range else 1
    return frame


def light_of(srgb: Rgb, transfer: int, primaries: int) -> Values:
    """Convert a picture to linear light, of another red, green and blue; nits / 10,000 for PQ."""
    code = srgb / 255
    light = _inverse_curve(transfer, code) if transfer in _TELEVISION else _srgb_light(code)
    light = light @ (np.linalg.inv(_to_xyz(primaries)) @ _adapted(primaries) @ _to_xyz(1)).T
    if transfer == _PQ:
        return light * 203 / 10_000
    if transfer == _HLG:  # BT.2100: the display of 1000 nits, with gamma 1.2
        display = light * 203 / 1000
        luminance = np.maximum(display @ _to_xyz(primaries)[1], 1e-9)[..., None]
        return np.asarray(display / luminance ** (1 - 1 / 1.2))
    return np.asarray(light)


def _codes(srgb: Rgb, coding: ColourCoding) -> Values:
    return curve(coding.transfer, light_of(srgb, coding.transfer, coding.primaries))


def _samples(rgb: Values, coding: ColourCoding) -> Values:
    """Make integer samples of R', G', B' (..., 3), by H.273 section 8.3."""
    top = 2**coding.bits - 1
    if coding.matrix in (16, 17):
        return _reversible(rgb, coding)
    luma, first, second = _luma_and_differences(rgb, coding)
    unit, middle = 2 ** (coding.bits - 8), 2 ** (coding.bits - 1)
    if coding.is_full_range:
        return np.stack([luma * top, first * top + middle, second * top + middle], axis=-1)
    return np.stack(
        [(219 * luma + 16) * unit, 224 * unit * first + middle, 224 * unit * second + middle], axis=-1
    )


def _luma_and_differences(rgb: Values, coding: ColourCoding) -> tuple[Values, Values, Values]:
    red, green, blue = np.moveaxis(rgb, -1, 0)
    match coding.matrix:
        case 8:
            return (
                0.5 * green + 0.25 * (red + blue),
                0.5 * green - 0.25 * (red + blue),
                0.5 * (red - blue),
            )
        case 10 | 13:
            return _constant_luminance(rgb, coding)
        case 11:
            return green, 0.5 * (0.986566 * blue - green), 0.5 * (red - 0.991902 * green)
        case 14:
            return _ictcp(rgb, coding.transfer)
        case 15:
            return _ipt(rgb)
        case _:
            red_weight, blue_weight = weights(coding)
            luma = red_weight * red + (1 - red_weight - blue_weight) * green + blue_weight * blue
            return luma, (blue - luma) / (2 * (1 - blue_weight)), (red - luma) / (2 * (1 - red_weight))


def weights(coding: ColourCoding) -> tuple[float, float]:
    """Tell the share of red and of blue in luma."""
    if coding.matrix in _WEIGHTS:
        return _WEIGHTS[coding.matrix]
    luminance = _to_xyz(coding.primaries)[1]
    return float(luminance[0]), float(luminance[2])


def _constant_luminance(rgb: Values, coding: ColourCoding) -> tuple[Values, Values, Values]:
    red_weight, blue_weight = weights(coding)
    light = _inverse_curve(coding.transfer, rgb)
    total = light @ np.array([red_weight, 1 - red_weight - blue_weight, blue_weight])
    luma = curve(coding.transfer, total)
    differences = []
    for code, weight in ((rgb[..., 2], blue_weight), (rgb[..., 0], red_weight)):
        below = curve(coding.transfer, np.array(1 - weight))
        above = 1 - curve(coding.transfer, np.array(weight))
        differences.append((code - luma) / (2 * np.where(code < luma, below, above)))
    return luma, differences[0], differences[1]


def _ictcp(rgb: Values, transfer: int) -> tuple[Values, Values, Values]:
    to_lms = np.array([[1688, 2146, 262], [683, 2951, 462], [99, 309, 3688]]) / 4096
    lms = curve(transfer, _inverse_curve(transfer, rgb) @ to_lms.T)
    long, medium, short = np.moveaxis(lms, -1, 0)
    if transfer == _PQ:
        tritan = (6610 * long - 13613 * medium + 7003 * short) / 4096
        protan = (17933 * long - 17390 * medium - 543 * short) / 4096
    else:
        tritan = (3625 * long - 7465 * medium + 3840 * short) / 4096
        protan = (9500 * long - 9212 * medium - 288 * short) / 4096
    return (long + medium) / 2, tritan, protan


def _ipt(rgb: Values) -> tuple[Values, Values, Values]:
    hunt = np.array([[0.40024, 0.7076, -0.08081], [-0.2263, 1.16532, 0.0457], [0, 0, 0.91822]])
    crosstalk = np.array([[0.96, 0.02, 0.02], [0.02, 0.96, 0.02], [0.02, 0.02, 0.96]])
    lms = curve(_PQ, _inverse_curve(_PQ, rgb) @ (crosstalk @ hunt @ _to_xyz(9)).T)
    long, medium, short = np.moveaxis(lms, -1, 0)
    return (
        0.4 * long + 0.4 * medium + 0.2 * short,
        4.455 * long - 4.851 * medium + 0.396 * short,
        0.8056 * long + 0.3572 * medium - 1.1628 * short,
    )


def _reversible(rgb: Values, coding: ColourCoding) -> Values:
    """YCgCo-R by its lifting steps, in integers of two bits (16) or one bit (17) fewer."""
    bits = coding.bits - {16: 2, 17: 1}[coding.matrix]
    span, black = ((2**bits - 1), 0) if coding.is_full_range else (219 << (bits - 8), 16 << (bits - 8))
    red, green, blue = np.moveaxis(np.round(rgb * span).astype(int) + black, -1, 0)
    orange = red - blue
    half = blue + (orange >> 1)
    greenness = green - half
    middle = 1 << (coding.bits - 1)
    return np.stack([half + (greenness >> 1), greenness + middle, orange + middle], axis=-1).astype(float)


def curve(transfer: int, light: Values) -> Values:
    """Convert light to code values, by H.273 table 3."""
    return np.asarray(_CURVES.get(transfer, _camera)(np.maximum(light, 0)))


def _camera(light: Values) -> Values:
    return np.where(light >= 0.018, 1.099 * light**0.45 - 0.099, 4.5 * light)


def _smpte_240m(light: Values) -> Values:
    return np.where(light >= 0.0228, 1.1115 * light**0.45 - 0.1115, 4 * light)


def _srgb(light: Values) -> Values:
    return np.where(light >= 0.0031308, 1.055 * light ** (1 / 2.4) - 0.055, 12.92 * light)


def _log(light: Values, decades: float) -> Values:
    return np.where(light >= 10**-decades, 1 + np.log10(np.maximum(light, 1e-9)) / decades, 0)


def _pq(light: Values) -> Values:
    power = light**0.1593017578125
    return np.asarray(((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375)


def _hlg(light: Values) -> Values:
    bright = 0.17883277 * np.log(np.maximum(12 * light - 0.28466892, 1e-9)) + 0.55991073
    return np.where(light <= 1 / 12, np.sqrt(3 * light), bright)


_CURVES: dict[int, Callable[[Values], Values]] = {
    4: lambda light: light ** (1 / 2.2),
    5: lambda light: light ** (1 / 2.8),
    7: _smpte_240m,
    8: lambda light: light,
    9: lambda light: _log(light, 2.0),
    10: lambda light: _log(light, 2.5),
    13: _srgb,
    16: _pq,
    17: lambda light: (48 * light / 52.37) ** (1 / 2.6),
    18: _hlg,
}


def _inverse_curve(transfer: int, code: Values) -> Values:
    """Invert `curve` by looking it up."""
    light = np.concatenate([[0], np.geomspace(1e-7, 1.2, 200_000)])
    return np.interp(code, curve(transfer, light), light)


def _srgb_light(code: Values) -> Values:
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def _to_xyz(primaries: int) -> Values:
    if primaries == _XYZ:
        return np.eye(3)
    red, green, blue, white = (np.array([x / y, 1, (1 - x - y) / y]) for x, y in _XY[primaries])
    columns = np.stack([red, green, blue], axis=1)
    return np.asarray(columns @ np.diag(np.linalg.inv(columns) @ white))


def _adapted(primaries: int) -> Values:
    """From the white of BT.709 to another, so that white stays white; XYZ are as they are."""
    if primaries == _XYZ:
        return np.eye(3)
    wanted, given = (_BRADFORD @ _to_xyz(one).sum(axis=1) for one in (primaries, 1))
    return np.asarray(np.linalg.inv(_BRADFORD) @ np.diag(wanted / given) @ _BRADFORD)
