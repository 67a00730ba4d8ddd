"""Published heads of taste: one direction in the space of a model's embeddings, along which pictures please.

LAION trained them on photographs that people had rated. Some have several linear layers with nothing between
them, so each is one vector: the product of its matrices.

Sources: https://github.com/LAION-AI/aesthetic-predictor and
https://github.com/christophschuhmann/improved-aesthetic-predictor.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import torch

from worker import weights
from worker.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class TasteHead:
    """A head for one model's embeddings."""

    name: str
    direction: NDArray[np.float32]  #: (d,), of length 1, so that its products with embeddings are cosines

    def check_width(self, model: str, width: int) -> None:
        """Refuse embeddings that the head was not made for.

        Args:
            model: whose embeddings they are.
            width: how many numbers an embedding has.

        Raises:
            ConfigurationError: the head has another number of them.
        """
        if len(self.direction) != width:
            raise ConfigurationError(
                f"the head {self.name} is for embeddings of {len(self.direction)} numbers, and those of "
                f"{model} have {width}; the two do not belong together: use another model"
            )


def load_taste_head(model: str, weights_dir: Path | None = None) -> TasteHead | None:
    """Load the head that is registered for a model in `heads.toml`; of several, the first.

    Args:
        model: the loaded model, `ARCH:TAG`.
        weights_dir: where `thumbs models fetch` put its files; None for its default.

    Returns:
        None where none is registered for the model.

    Raises:
        WeightsMissing: its file is not in place, or damaged.
    """
    head = next((head for head in weights.heads().values() if head.model == model), None)
    if head is None:
        return None
    vector = collapse(_layers(weights.head_path(head, weights_dir)))
    return TasteHead(head.name, (vector / np.linalg.norm(vector)).astype(np.float32))


def collapse(matrices: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Multiply linear layers, between which there is nothing else, to the one vector that does the same.

    Biases only move all values by the same amount, so they do not matter to an order.

    Args:
        matrices: each (outputs, inputs), in the order in which they are applied; the last with one output.

    Returns:
        (d,) such that its product with an input differs from the layers' output by a constant.
    """
    product = reduce(lambda before, matrix: matrix @ before, matrices)
    vector: NDArray[np.float64] = product.reshape(-1)
    return vector


def _layers(file: Path) -> list[NDArray[np.float64]]:
    """Read the matrices of a state of linear layers, in their order."""
    state: dict[str, torch.Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    # A state lists layers in the order in which they were declared, which is that of their use.
    return [tensor.double().numpy() for name, tensor in state.items() if name.endswith("weight")]
