"""Pillow's resizing as two matrices, so that a GPU can do it.

Pillow weighs pixels along each row, rounds, and then along each column. It also looks beyond the box that is
cut out, and boxes may lie between pixels; `torch.nn.functional.interpolate` knows neither.

Source: Pillow's src/libImaging/Resample.c (`precompute_coeffs`, `bicubic_filter`, `bilinear_filter`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from worker.pipeline.scoring.inference.whole_frame import View

_A = -0.5  # of the bicubic filter


@lru_cache(maxsize=256)
def weights(
    start: float, stop: float, pixels: int, sized: int, *, is_bilinear: bool, device: torch.device
) -> torch.Tensor:
    """Compute how much each pixel counts in each resized pixel, along one side.

    Args:
        start: of the box, in pixels.
        stop: of the box, in pixels.
        pixels: the side's length.
        sized: the box's length afterwards, in pixels.
        is_bilinear: which filter; otherwise bicubic.
        device: where to put the weights.

    Returns:
        (sized, pixels) float32; rows add up to 1.
    """
    scale = (stop - start) / sized
    centres = start + (torch.arange(sized, dtype=torch.float64) + 0.5) * scale
    middles = torch.arange(pixels, dtype=torch.float64) + 0.5
    found = _filter((middles - centres[:, None]).abs() / max(scale, 1.0), is_bilinear=is_bilinear)
    return (found / found.sum(dim=1, keepdim=True)).float().to(device)


def _filter(away: torch.Tensor, *, is_bilinear: bool) -> torch.Tensor:
    if is_bilinear:
        return (1 - away).clamp(min=0)
    near = ((_A + 2) * away - (_A + 3)) * away * away + 1
    far = (((away - 5) * away + 8) * away - 4) * _A
    return torch.where(away < 1, near, torch.where(away < 2, far, torch.zeros_like(away)))  # noqa: PLR2004 - its formula


def resize(
    pictures: torch.Tensor, view: View, height_px: int, width_px: int, *, is_bilinear: bool
) -> torch.Tensor:
    """Resize one view of pictures of one size, where they are.

    Args:
        pictures: (n, height, width, 3) uint8.
        view: within them.
        height_px: afterwards.
        width_px: afterwards.
        is_bilinear: which filter; otherwise bicubic.

    Returns:
        (n, 3, height_px, width_px) float32, whole values 0..255.
    """
    height, width = pictures.shape[1:3]
    # As in Pillow, pixels beyond the picture by a rounding error do not count.
    right, bottom = min(view.right, width), min(view.bottom, height)
    along = {"is_bilinear": is_bilinear, "device": pictures.device}
    rows = weights(view.left, right, width, width_px, **along)
    columns = weights(view.top, bottom, height, height_px, **along)
    planes = pictures.permute(0, 3, 1, 2).float()
    return _rounded(columns @ _rounded(planes @ rows.T))


def _rounded(values: torch.Tensor) -> torch.Tensor:
    return values.add_(0.5).floor_().clamp_(0, 255)  # half a step goes up
