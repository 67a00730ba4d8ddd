"""How many impressions a test needs. A stand-in: the whole comes with the statistics."""

from __future__ import annotations

import math

# For a power of 80 % and a level of 5 %: the quantiles of the normal distribution.
_QUANTILES = 1.96 + 0.84
# A test that may be looked at at any time needs so many times the fixed number.
_FOR_LOOKING = 4


def impressions_needed(rate: float, lift: float, variants: int) -> int:
    """Tell how many impressions all variants need together to tell two rates apart.

    Args:
        rate: quality plays for each impression.
        lift: by how much the better one is better, as a share.
        variants: how many are compared.
    """
    better = rate * (1 + lift)
    variance = rate * (1 - rate) + better * (1 - better)
    return math.ceil(_FOR_LOOKING * variants * _QUANTILES**2 * variance / (better - rate) ** 2)
