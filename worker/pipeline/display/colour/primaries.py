"""From one red, green and blue to another: matrices for linear light."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from worker.pipeline.display.colour.code_points import CHROMATICITIES, D65, Primaries

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The response of the three kinds of cones, for adaptation to another white. Source: Bradford, as in ICC.1.
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


@lru_cache
def to_xyz(primaries: Primaries) -> NDArray[np.float64]:
    """Make the matrix from linear RGB, white (1, 1, 1), to CIE XYZ. Source: SMPTE RP 177."""
    red, green, blue, white = CHROMATICITIES[primaries]
    columns = np.array([_xyz(point) for point in (red, green, blue)]).T
    # XYZ by themselves, whatever white is called: a cinema's code values are absolute.
    if primaries is Primaries.XYZ:
        return np.eye(3)
    return np.asarray(columns * np.linalg.solve(columns, _white(white)))


@lru_cache
def luma_weights(primaries: Primaries) -> tuple[float, float]:
    """Compute the share of red and of blue in the luminance of white. Source: H.273 equations 32 to 37."""
    red, green, blue, white = (_xyz(point) for point in CHROMATICITIES[primaries])
    columns = np.array([red, green, blue]).T
    shares = columns[1] * np.linalg.solve(columns, white / white[1])
    return float(shares[0]), float(shares[2])


@lru_cache
def to_bt709(primaries: Primaries) -> NDArray[np.float32]:
    """Make the matrix from linear RGB to that of BT.709 and sRGB; white stays white, but for XYZ."""
    adapted = np.eye(3)
    if primaries is not Primaries.XYZ:
        source, target = (_BRADFORD @ _white(white) for white in (CHROMATICITIES[primaries].white, D65))
        adapted = np.linalg.inv(_BRADFORD) @ np.diag(target / source) @ _BRADFORD
    matrix = np.linalg.inv(to_xyz(Primaries.BT709)) @ adapted @ to_xyz(primaries)
    return np.asarray(matrix, np.float32)


def _xyz(point: tuple[float, float]) -> NDArray[np.float64]:
    x, y = point
    return np.array([x, y, 1 - x - y])


def _white(point: tuple[float, float]) -> NDArray[np.float64]:
    xyz = _xyz(point)
    return np.asarray(xyz / xyz[1])
