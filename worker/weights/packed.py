"""Convolutions as oneDNN would have them: weights in its order once for all, the activation within.

PyTorch brings a layer's weights into that order anew for each batch, and cuts off the layer's result in a
second pass over it. On one thread it takes other code, which is slower and rounds otherwise. What is packed
finds the same numbers on any number of threads, in half of the processor time on one thread, and in about the
same on two.

Source: what PyTorch's own compiler makes of such layers (torch/_inductor/fx_passes/mkldnn_fusion.py).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import nn

# Of PyTorch, since 2.0; without a name for other callers than its compiler, so a later one may lack them.
_PACK, _CONVOLVE = "_reorder_convolution_weight", "_convolution_pointwise"
_OPERATIONS: Any = torch.ops.mkldnn

_NO_ACTIVATION: tuple[str, list[float], str] = ("none", [], "")
_RELU6: tuple[str, list[float], str] = ("hardtanh", [0.0, 6.0], "")


class PackedConvolution(nn.Module):
    """A convolution on the CPU, for inference only, with the activation that follows it."""

    def __init__(self, layer: nn.Conv2d, *, has_relu6: bool) -> None:
        super().__init__()
        self._shape = (layer.padding, layer.stride, layer.dilation, layer.groups)
        self._activation = _RELU6 if has_relu6 else _NO_ACTIVATION
        # Neither is a parameter: in oneDNN's order, weights can be neither saved nor moved.
        self._weights = getattr(_OPERATIONS, _PACK)(layer.weight.detach(), *self._shape)
        self._bias = None if layer.bias is None else layer.bias.detach()
        self._convolve = getattr(_OPERATIONS, _CONVOLVE)

    def forward(self, state: torch.Tensor) -> torch.Tensor:
        """Convolve: (n, channels, height, width) -> the same of the layer that was packed."""
        found: torch.Tensor = self._convolve(
            state, self._weights, self._bias, *self._shape, *self._activation
        )
        return found


def pack_convolutions(network: nn.Module) -> None:
    """Pack every convolution of a network, with the ReLU6 right behind it in its block.

    In place, for inference only, on the CPU, in float32. Where PyTorch has no oneDNN, as on a Mac, all stays
    as it is.
    """
    has_onednn = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    if not has_onednn or not all(hasattr(_OPERATIONS, name) for name in (_PACK, _CONVOLVE)):
        return
    for block in list(network.modules()):
        for (name, layer), (next_name, following) in pairwise([*block.named_children(), ("", None)]):
            if isinstance(layer, nn.Conv2d):
                has_relu6 = isinstance(following, nn.ReLU6)
                setattr(block, name, PackedConvolution(layer, has_relu6=has_relu6))
                if has_relu6:
                    setattr(block, next_name, nn.Identity())
