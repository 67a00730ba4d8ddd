"""The curves between code values 0..1 and light: transfer characteristics of ITU-T H.273, table 3."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from worker.pipeline.display.colour.code_points import Transfer

if TYPE_CHECKING:
    from collections.abc import Callable

_Values = NDArray[np.float64]

# ST 2084 (also BT.2100 table 4): the constants of the PQ curve and its top.
_PQ_M1, _PQ_M2 = 2610 / 16384, 2523 / 4096 * 128
_PQ_C1, _PQ_C2, _PQ_C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
PQ_PEAK_NITS = 10_000.0

# BT.2100 table 5: the HLG curve.
_HLG_A, _HLG_B, _HLG_C = 0.17883277, 0.28466892, 0.55991073

# BT.709 and BT.2020: the toe of the curve ends here, and the slope of the rest follows.
_CAMERA_ALPHA, _CAMERA_BETA = 1.09929682680944, 0.018053968510807
_240M_ALPHA, _240M_BETA = 1.1115, 0.0228

_STEPS = 1 << 16  # of tables

# ST 428-1: white of 48 nits lies below the top of the scale, 52.37.
_CINEMA_HEADROOM = 52.37 / 48


def pq_nits(code: _Values) -> _Values:
    """Apply the EOTF of ST 2084: code values 0..1 to nits, 0..10,000."""
    root = code ** (1 / _PQ_M2)
    ratio = np.maximum(root - _PQ_C1, 0) / (_PQ_C2 - _PQ_C3 * root)
    return np.asarray(PQ_PEAK_NITS * ratio ** (1 / _PQ_M1))


def pq_code(nits: _Values) -> _Values:
    """Invert `pq_nits`: nits to code values 0..1."""
    power = (nits / PQ_PEAK_NITS) ** _PQ_M1
    return np.asarray(((_PQ_C1 + _PQ_C2 * power) / (1 + _PQ_C3 * power)) ** _PQ_M2)


def hlg_scene_light(code: _Values) -> _Values:
    """Apply the inverse OETF of HLG: code values 0..1 to scene light 0..1. Source: BT.2100 table 5."""
    return np.where(code <= 1 / 2, code**2 / 3, (np.exp((code - _HLG_C) / _HLG_A) + _HLG_B) / 12)


def hlg_code(light: _Values) -> _Values:
    """Invert `hlg_scene_light`: scene light 0..1 to code values 0..1."""
    bright = np.maximum(12 * light - _HLG_B, 1e-9)  # only the branch not taken is cut off
    return np.where(light <= 1 / 12, np.sqrt(3 * light), _HLG_A * np.log(bright) + _HLG_C)


def to_light(transfer: Transfer, code: _Values) -> _Values:
    """Convert code values 0..1 to linear light: white is 1, but 10,000 nits are 1 for PQ."""
    return _CURVES[transfer][0](code)


def to_code(transfer: Transfer, light: _Values) -> _Values:
    """Convert linear light 0..1 to code values 0..1; the inverse of `to_light`."""
    return _CURVES[transfer][1](light)


def light_by_table(transfer: Transfer, code: NDArray[np.float32]) -> NDArray[np.float32]:
    """Do what `to_light` does, ten times as fast, for whole pictures; what is out of range is clipped."""
    table = _light_table(transfer)
    return np.asarray(table[(code.clip(0, 1) * (_STEPS - 1) + np.float32(0.5)).astype(np.uint16)])


def code_by_table(transfer: Transfer, light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Do what `to_code` does, as fast as `light_by_table`."""
    # Near black the curves are steep; there the steps of a fourth root are small.
    fourth_root = np.sqrt(np.sqrt(light.clip(0, 1)))
    return np.asarray(_code_table(transfer)[(fourth_root * (_STEPS - 1) + np.float32(0.5)).astype(np.uint16)])


@lru_cache
def _light_table(transfer: Transfer) -> NDArray[np.float32]:
    return to_light(transfer, np.linspace(0, 1, _STEPS)).astype(np.float32)


@lru_cache
def _code_table(transfer: Transfer) -> NDArray[np.float32]:
    return to_code(transfer, np.linspace(0, 1, _STEPS) ** 4).astype(np.float32)


_Curve = tuple["Callable[[_Values], _Values]", "Callable[[_Values], _Values]"]


def _power(exponent: float, headroom: float = 1.0) -> _Curve:
    return (
        lambda code: headroom * code**exponent,
        lambda light: np.minimum(light / headroom, 1) ** (1 / exponent),
    )


def _with_toe(alpha: float, beta: float, slope: float, exponent: float) -> _Curve:
    """Make a power curve that is straight near black, where its slope would be endless."""
    return (
        lambda code: np.where(code < slope * beta, code / slope, ((code + alpha - 1) / alpha) ** exponent),
        lambda light: np.where(light < beta, slope * light, alpha * light ** (1 / exponent) - (alpha - 1)),
    )


def _logarithmic(decades: float) -> _Curve:
    """Make a curve of equal steps for equal ratios; its lowest code value is black."""
    darkest = 10**-decades
    return (
        lambda code: np.where(code <= 0, 0, 10 ** (decades * (code - 1))),
        lambda light: np.where(light < darkest, 0, 1 + np.log10(np.maximum(light, darkest)) / decades),
    )


_CAMERA = _with_toe(_CAMERA_ALPHA, _CAMERA_BETA, 4.5, 1 / 0.45)
_CURVES: dict[Transfer, _Curve] = {
    Transfer.BT709: _CAMERA,
    Transfer.SMPTE170M: _CAMERA,
    Transfer.XVYCC: _CAMERA,
    Transfer.BT1361: _CAMERA,
    Transfer.BT2020_10: _CAMERA,
    Transfer.BT2020_12: _CAMERA,
    Transfer.GAMMA22: _power(2.2),
    Transfer.GAMMA28: _power(2.8),
    Transfer.SMPTE240M: _with_toe(_240M_ALPHA, _240M_BETA, 4.0, 1 / 0.45),
    Transfer.LINEAR: _power(1.0),
    Transfer.LOG_100: _logarithmic(2.0),
    Transfer.LOG_316: _logarithmic(2.5),
    Transfer.SRGB: _with_toe(1.055, 0.0031308, 12.92, 2.4),
    Transfer.ST428: _power(2.6, _CINEMA_HEADROOM),
    Transfer.PQ: (
        lambda code: pq_nits(code) / PQ_PEAK_NITS,
        lambda light: pq_code(light * PQ_PEAK_NITS),
    ),
    Transfer.HLG: (hlg_scene_light, hlg_code),
}
