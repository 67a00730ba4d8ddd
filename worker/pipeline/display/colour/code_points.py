"""The code points of ITU-T H.273: what a stream can say about its colours."""

from __future__ import annotations

import enum
from typing import NamedTuple


class Matrix(enum.IntEnum):
    """How samples are made of RGB: H.273 table 4, MatrixCoefficients."""

    IDENTITY = 0
    BT709 = 1
    UNSPECIFIED = 2
    FCC = 4
    BT470BG = 5
    SMPTE170M = 6
    SMPTE240M = 7
    YCGCO = 8
    BT2020_NCL = 9
    BT2020_CL = 10
    YDZDX = 11
    CHROMATICITY_NCL = 12
    CHROMATICITY_CL = 13
    ICTCP = 14
    IPT_C2 = 15
    YCGCO_RE = 16
    YCGCO_RO = 17


class Transfer(enum.IntEnum):
    """How light is coded: H.273 table 3, TransferCharacteristics."""

    BT709 = 1
    UNSPECIFIED = 2
    GAMMA22 = 4
    GAMMA28 = 5
    SMPTE170M = 6
    SMPTE240M = 7
    LINEAR = 8
    LOG_100 = 9
    LOG_316 = 10
    XVYCC = 11
    BT1361 = 12
    SRGB = 13
    BT2020_10 = 14
    BT2020_12 = 15
    PQ = 16
    ST428 = 17
    HLG = 18


class Primaries(enum.IntEnum):
    """Which red, green and blue are meant: H.273 table 2, ColourPrimaries."""

    BT709 = 1
    UNSPECIFIED = 2
    BT470M = 4
    BT470BG = 5
    SMPTE170M = 6
    SMPTE240M = 7
    FILM = 8
    BT2020 = 9
    XYZ = 10
    DCI_P3 = 11
    P3_D65 = 12
    EBU3213 = 22


class Chromaticities(NamedTuple):
    """Points in the CIE 1931 diagram, each (x, y)."""

    red: tuple[float, float]
    green: tuple[float, float]
    blue: tuple[float, float]
    white: tuple[float, float]


D65 = (0.3127, 0.3290)
_C = (0.310, 0.316)
_SMPTE_C = Chromaticities((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), D65)

# Source: H.273 table 2.
CHROMATICITIES = {
    Primaries.BT709: Chromaticities((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), D65),
    Primaries.BT470M: Chromaticities((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), _C),
    Primaries.BT470BG: Chromaticities((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), D65),
    Primaries.SMPTE170M: _SMPTE_C,
    Primaries.SMPTE240M: _SMPTE_C,
    Primaries.FILM: Chromaticities((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), _C),
    Primaries.BT2020: Chromaticities((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), D65),
    Primaries.XYZ: Chromaticities((1.0, 0.0), (0.0, 1.0), (0.0, 0.0), (1 / 3, 1 / 3)),
    Primaries.DCI_P3: Chromaticities((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    Primaries.P3_D65: Chromaticities((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), D65),
    Primaries.EBU3213: Chromaticities((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), D65),
}

# The weights of red and blue in luma, where it is a sum of code values. Source: H.273 table 4.
LUMA_WEIGHTS = {
    Matrix.BT709: (0.2126, 0.0722),
    Matrix.FCC: (0.30, 0.11),
    Matrix.BT470BG: (0.299, 0.114),
    Matrix.SMPTE170M: (0.299, 0.114),
    Matrix.SMPTE240M: (0.212, 0.087),
    Matrix.BT2020_NCL: (0.2627, 0.0593),
}

MATRIX_NAMES = {
    Matrix.IDENTITY: "RGB",
    Matrix.BT709: "BT.709",
    Matrix.FCC: "FCC",
    Matrix.BT470BG: "BT.601",
    Matrix.SMPTE170M: "BT.601",
    Matrix.SMPTE240M: "SMPTE 240M",
    Matrix.YCGCO: "YCgCo",
    Matrix.BT2020_NCL: "BT.2020",
    Matrix.BT2020_CL: "BT.2020 with constant luminance",
    Matrix.YDZDX: "SMPTE 2085 (YDzDx)",
    Matrix.CHROMATICITY_NCL: "derived from primaries",
    Matrix.CHROMATICITY_CL: "derived from primaries with constant luminance",
    Matrix.ICTCP: "ICtCp",
    Matrix.IPT_C2: "IPT-C2",
    Matrix.YCGCO_RE: "YCgCo-R",
    Matrix.YCGCO_RO: "YCgCo-R",
}

HDR_TRANSFERS = {Transfer.PQ, Transfer.HLG}
