"""Standard dynamic range of any curve and primaries to sRGB, through linear light."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from worker.pipeline.display.colour.code_points import Transfer
from worker.pipeline.display.colour.curves import to_code, to_light
from worker.pipeline.display.colour.primaries import to_bt709

if TYPE_CHECKING:
    from worker.pipeline.display.colour.colour_space import ColourSpace
    from worker.pipeline.frames import Rgb

Coded = NDArray[np.uint8] | NDArray[np.uint16]
"""(height, width, 3) RGB code values, full range of the type."""

# Steps of the table from linear light to code values: fine enough for the steep start of the curves.
_LINEAR_STEPS = 1 << 16


def sdr_to_srgb(rgb: Coded, space: ColourSpace) -> Rgb:
    """Bring a picture, or some rows of one, to 8-bit sRGB.

    A curve of television is left and entered again, so that greys stay as displays show them; the others
    (linear, logarithmic, cinema) become that of sRGB. What sRGB cannot show is clipped, channel by channel,
    as displays do: such colours are few, and all others stay exact.

    Args:
        rgb: (rows, width, 3) uint8 or uint16 code values, full range.
        space: gives the curve and the primaries.

    Returns:
        (rows, width, 3) uint8, of the same size.
    """
    curve = space.transfer if space.is_television else Transfer.SRGB
    linear = _light_of_codes(space.transfer, np.iinfo(rgb.dtype).max)[rgb] @ to_bt709(space.primaries).T
    return _looked_up(linear, curve)


def srgb_code(linear: NDArray[np.float32]) -> Rgb:
    """Apply the OETF of sRGB to light: (rows, width, 3), 1 for white, to uint8. Source: IEC 61966-2-1."""
    return _looked_up(linear, Transfer.SRGB)


def _looked_up(linear: NDArray[np.float32], curve: Transfer) -> Rgb:
    step = (linear.clip(0, 1) * (_LINEAR_STEPS - 1) + 0.5).astype(np.uint16)
    return np.asarray(_codes_of_light(curve)[step])


@lru_cache
def _light_of_codes(transfer: Transfer, top: int) -> NDArray[np.float32]:
    return to_light(transfer, np.linspace(0, 1, top + 1)).astype(np.float32)


@lru_cache
def _codes_of_light(transfer: Transfer) -> Rgb:
    code = to_code(transfer, np.linspace(0, 1, _LINEAR_STEPS))
    return np.round(code.clip(0, 1) * 255).astype(np.uint8)
