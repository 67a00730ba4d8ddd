"""From a picture in sRGB to the samples of any coding of ITU-T H.273: the encoder's direction, by formula.

Everything is float64 with the colours in the last axis. Light is linear with 1 for white of SDR, which
stands for 203 cd/m2 in HDR (ITU-R BT.2408).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.support.media.odd_files.raw import planar

if TYPE_CHECKING:
    import av

    from worker.pipeline.frames import Rgb

Floats = NDArray[np.float64]

PQ, HLG = 16, 18
ICTCP, IPT_C2 = 14, 15
SDR_WHITE_NITS = 203.0
_HLG_PEAK_NITS, _HLG_GAMMA = 1000.0, 1.2

# x and y of red, green, blue and white (ITU-T H.273, table 2).
_D65, _C = (0.3127, 0.3290), (0.310, 0.316)
_PRIMARIES = {
    1: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _D65),
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), _C),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), _D65),
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    8: ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), _C),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), _D65),
}
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
# Shares of red and blue in luma (table 4).
_LUMA = {
    1: (0.2126, 0.0722), 4: (0.30, 0.11), 5: (0.299, 0.114), 6: (0.299, 0.114),
    7: (0.212, 0.087), 9: (0.2627, 0.0593), 10: (0.2627, 0.0593), 12: (0.2627, 0.0593), 13: (0.2627, 0.0593),
}  # fmt: skip
_LMS = np.array([[1688, 2146, 262], [683, 2951, 462], [99, 309, 3688]]) / 4096
_ICTCP = np.array([[2048, 2048, 0], [6610, -13613, 7003], [17933, -17390, -543]]) / 4096
# Ebner and Fairchild's IPT with 2 % crosstalk between the cones, as Dolby Vision's profile 5 codes it.
_HPE = np.array([[0.4002, 0.7075, -0.0807], [-0.2280, 1.1500, 0.0612], [0, 0, 0.9184]])
_CROSSTALK = np.full((3, 3), 0.02) + np.eye(3) * 0.94
_IPT = np.array([[0.4, 0.4, 0.2], [4.455, -4.851, 0.396], [0.8056, 0.3572, -1.1628]])


def linear(rgb: Rgb) -> Floats:
    """Undo the curve of sRGB."""
    share = rgb / 255.0
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def to_xyz(primaries: int) -> Floats:
    """Return the matrix from linear RGB of these primaries to XYZ with their white at Y = 1."""
    *colors, white = ((x / y, 1.0, (1 - x - y) / y) for x, y in _PRIMARIES[primaries])
    columns = np.array(colors).T
    return columns * np.linalg.solve(columns, np.array(white))


def between(source: int, target: int) -> Floats:
    """Return the matrix from linear RGB to linear RGB of other primaries, white to white (Bradford)."""
    whites = [_BRADFORD @ to_xyz(primaries).sum(axis=1) for primaries in (source, target)]
    adapted = np.linalg.inv(_BRADFORD) @ np.diag(whites[1] / whites[0]) @ _BRADFORD
    return np.asarray(np.linalg.inv(to_xyz(target)) @ adapted @ to_xyz(source))


def signal(rgb: Rgb, primaries: int, transfer: int) -> Floats:
    """Return R'G'B' as coded.

    SDR goes by the curve of sRGB, in which players show it unchanged; HDR by its own.
    """
    light = np.clip(linear(rgb) @ between(1, primaries).T, 0, None)
    if transfer == PQ:
        return pq(light * SDR_WHITE_NITS)
    if transfer == HLG:
        return _hlg(light * SDR_WHITE_NITS, to_xyz(primaries)[1])
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def pq(nits: Floats) -> Floats:
    """Apply the inverse curve of SMPTE ST 2084."""
    share = np.clip(nits / 10_000, 0, 1) ** 0.1593017578125
    return np.asarray(((0.8359375 + 18.8515625 * share) / (1 + 18.6875 * share)) ** 78.84375)


def _hlg(nits: Floats, luma: Floats) -> Floats:
    """Undo the display's system gamma, then apply the curve (ITU-R BT.2100, table 5)."""
    shown = nits / _HLG_PEAK_NITS
    scene = shown * np.clip(shown @ luma, 1e-9, None)[..., None] ** (1 / _HLG_GAMMA - 1)
    bright = 0.17883277 * np.log(np.clip(12 * scene - 0.28466892, 1e-9, None)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * np.clip(scene, 0, None)), bright)


def components(rgb: Rgb, primaries: int, transfer: int, matrix: int) -> Floats:
    """Return luma in 0..1 and both colour differences in -0.5..0.5, or G, B, R for the identity."""
    if matrix == ICTCP:
        cones = linear(rgb) @ between(1, 9).T @ _LMS.T
        return pq(np.clip(cones, 0, None) * SDR_WHITE_NITS) @ _ICTCP.T
    if matrix == IPT_C2:
        cones = linear(rgb) @ to_xyz(1).T @ _HPE.T @ _CROSSTALK.T
        return pq(np.clip(cones, 0, None) * SDR_WHITE_NITS) @ _IPT.T
    coded = signal(rgb, primaries, transfer)
    red, green, blue = np.moveaxis(coded, -1, 0)
    if matrix == 0:
        return np.stack([green, blue, red], axis=-1)
    if matrix == 8:  # YCgCo
        return coded @ np.array([[0.25, 0.5, 0.25], [-0.25, 0.5, -0.25], [0.5, 0, -0.5]]).T
    if matrix == 11:  # Y'D'zD'x
        return np.stack([green, (0.986566 * blue - green) / 2, (red - 0.991902 * green) / 2], axis=-1)
    share_red, share_blue = _LUMA[matrix]
    shares = np.array([share_red, 1 - share_red - share_blue, share_blue])
    if matrix in {10, 13}:
        return _constant_luminance(coded, shares)
    luma = coded @ shares
    return np.stack([luma, (blue - luma) / (2 - 2 * share_blue), (red - luma) / (2 - 2 * share_red)], axis=-1)


def _constant_luminance(coded: Floats, shares: Floats) -> Floats:
    """Take luma from light, not from the signal (ITU-R BT.2020, table 4)."""
    luma = _oetf(_inverse_oetf(coded) @ shares)
    differences = []
    for color, share in ((2, shares[2]), (0, shares[0])):
        most, least = 1 - _oetf(share), -_oetf(1 - share)
        apart = coded[..., color] - luma
        differences.append(np.where(apart <= 0, apart / (-2 * least), apart / (2 * most)))
    return np.stack([luma, *differences], axis=-1)


def _oetf(light: Floats | float) -> Floats:
    return np.where(light < 0.018053968, 4.5 * np.asarray(light), 1.09929682 * np.asarray(light) ** 0.45 - 0.09929682)


def _inverse_oetf(coded: Floats) -> Floats:
    return np.where(coded < 0.08124286, coded / 4.5, ((coded + 0.09929682) / 1.09929682) ** (1 / 0.45))


def frame(parts: Floats, bits: int, *, is_full_range: bool, is_identity: bool = False, is_subsampled: bool = True) -> av.VideoFrame:
    """Quantize components to 4:2:0 or 4:4:4 of 8 to 12 bits (ITU-T H.273, 8.3)."""
    step, top = 1 << (bits - 8), (1 << bits) - 1
    sample = np.uint8 if bits == 8 else np.uint16
    planes = []
    for index in range(3):
        part = parts[..., index]
        is_luma = index == 0 or is_identity
        if is_full_range:
            levels = part * top + (0 if is_luma else 1 << (bits - 1))
        else:
            levels = (219 * part + 16) * step if is_luma else (224 * part + 128) * step
        if is_subsampled and not is_luma:
            levels = cv2.resize(levels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        planes.append(np.clip(np.round(levels), 0, top).astype(sample))
    depth = "" if bits == 8 else f"{bits}le"
    if is_identity:
        return planar(planes, f"gbrp{depth}")
    return planar(planes, f"yuv{420 if is_subsampled else 444}p{depth}")
