"""High dynamic range (PQ, HLG) to sRGB.

1. Code values to light on a display, in nits: ST 2084 for PQ, BT.2100 for HLG.
2. Highlights squeezed to what SDR can show: the EETF of BT.2390, on the brightest channel, so that no
   channel clips and the hue stays. Below about 90 nits nothing changes.
3. The picture's primaries to BT.709, then the sRGB curve. White in a graphic, 203 nits, comes out near white.

Shown as they are, such pictures look grey and pale.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from worker.pipeline.display.colour.code_points import Transfer
from worker.pipeline.display.colour.curves import hlg_scene_light, pq_code, pq_nits
from worker.pipeline.display.colour.gamut import srgb_code
from worker.pipeline.display.colour.primaries import to_bt709, to_xyz

if TYPE_CHECKING:
    from worker.pipeline.display.colour.colour_space import ColourSpace
    from worker.pipeline.display.colour.gamut import Coded
    from worker.pipeline.frames import Rgb

_Light = NDArray[np.float32]

# BT.2100 table 5: the display that HLG is meant for.
_HLG_PEAK_NITS, _HLG_GAMMA = 1000.0, 1.2

# BT.2408: the level of diffuse white in HDR. It becomes the white of SDR.
REFERENCE_WHITE_NITS = 203.0
# Most HDR video is graded for 1000 nits; what is brighter becomes white.
SOURCE_PEAK_NITS = 1000.0


def hdr_to_srgb(rgb: Coded, space: ColourSpace) -> Rgb:
    """Bring a picture, or some rows of one, with PQ or HLG code values to 8-bit sRGB.

    Args:
        rgb: (rows, width, 3) uint8 or uint16 code values, full range; 8 bits do for small pictures.
        space: gives the curve and the primaries.

    Returns:
        (rows, width, 3) uint8 sRGB, of the same size.
    """
    # The curves are steep and slow; every code value is looked up in a table of all of them.
    light = _light_of_codes(space.transfer, np.iinfo(rgb.dtype).max)[rgb]
    nits = light if space.transfer is Transfer.PQ else _hlg_display_nits(light, space)
    gain = np.interp(nits.max(axis=-1), _CURVE_NITS, _CURVE_GAIN).astype(np.float32)
    # One gain for all three channels: each squeezed by itself, bright colours would turn towards white.
    linear = (nits * gain[..., None]) @ to_bt709(space.primaries).T / np.float32(REFERENCE_WHITE_NITS)
    return srgb_code(linear)


@lru_cache
def _light_of_codes(transfer: Transfer, top: int) -> _Light:
    levels = np.linspace(0, 1, top + 1)
    return (pq_nits(levels) if transfer is Transfer.PQ else hlg_scene_light(levels)).astype(np.float32)


def _hlg_display_nits(scene: _Light, space: ColourSpace) -> _Light:
    """Apply the OOTF of HLG: the scene as a 1000-nit display shows it, in nits. Source: BT.2100 table 5."""
    luminance = scene @ to_xyz(space.primaries)[1].astype(np.float32)
    brighter = np.float32(_HLG_PEAK_NITS) * luminance ** np.float32(_HLG_GAMMA - 1)
    return np.asarray(brighter[..., None] * scene)


def _squeezed_nits(nits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Apply the EETF, from a display of `SOURCE_PEAK_NITS` to one of `REFERENCE_WHITE_NITS`: a knee in PQ.

    Below the knee nothing changes; above it a Hermite spline goes smoothly to the top.

    Source: BT.2390-10 section 5.4.1, with black at 0.
    """
    source_peak, target_peak = pq_code(np.array([SOURCE_PEAK_NITS, REFERENCE_WHITE_NITS]))
    code = np.minimum(pq_code(nits) / source_peak, 1)
    top = target_peak / source_peak
    knee = 1.5 * top - 0.5
    t = np.maximum(code - knee, 0) / (1 - knee)
    spline = (
        (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * top
    )
    return pq_nits(np.where(code < knee, code, spline) * source_peak)


# The gain that the EETF gives the brightest channel, at points evenly spaced for the eye.
_CURVE_NITS = pq_nits(np.linspace(0.01, 1, 4096))
_CURVE_GAIN = _squeezed_nits(_CURVE_NITS) / _CURVE_NITS
