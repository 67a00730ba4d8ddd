"""What `lite` has learned of taste: a branch of its image tower that was trained on judged frames.

The branch is a second copy of the last blocks of EfficientNet-Lite0. What makes a picture good is seen in the
middle layers better than in the last one, so a linear head reads every block. Its weights are in
`bundled/lite_taste.safetensors`, made by `python -m worker.weights.training taste`; their card is
`bundled/lite_taste.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import safetensors
import safetensors.torch
import timm
import torch
from torch import nn

from worker import weights
from worker.errors import WeightsMissing
from worker.weights.lite import VISION, fold_batch_norm, fold_padding

if TYPE_CHECKING:
    from pathlib import Path

    import open_clip

FIRST_BLOCK = 4  #: of seven, from 0: the first of the branch; what comes before it is shared
DROPOUT = 0.3  #: while it is trained


class TasteBranch(nn.Module):
    """The last blocks of the trunk, and a linear head on the means and maxima of each."""

    def __init__(self) -> None:
        super().__init__()
        blocks: Any = timm.create_model(str(VISION["timm_model_name"]), pretrained=False).blocks
        self.blocks = blocks[FIRST_BLOCK:]
        width = 2 * sum(_channels(block) for block in blocks[FIRST_BLOCK - 1 :])
        # Without weights of its own it only brings each number to the same spread.
        self.scale = nn.BatchNorm1d(width, affine=False)
        self.drop = nn.Dropout(DROPOUT)
        self.head = nn.Linear(width, 1)
        nn.init.zeros_(self.head.weight)

    def forward(self, state: torch.Tensor) -> torch.Tensor:
        """Score what the block before the branch says: (n, channels, height, width) -> (n,)."""
        layers = [state]
        for block in self.blocks:
            layers.append(block(layers[-1]))
        pooled = torch.cat([part for one in layers for part in (one.mean((2, 3)), one.amax((2, 3)))], 1)
        scores: torch.Tensor = self.head(self.drop(self.scale(pooled)))[:, 0]
        return scores

    def train(self, mode: bool = True) -> TasteBranch:
        """Switch to training, but keep the statistics of the trunk, which saw more pictures than we have."""
        super().train(mode)
        self.blocks.eval()
        return self


class TastingLite(nn.Module):
    """`lite` with its branch: what both have in common is computed once."""

    def __init__(self, towers: open_clip.CustomTextCLIP, branch: TasteBranch) -> None:
        super().__init__()
        self.towers = towers
        self.branch = branch

    def encode_text(self, tokens: torch.Tensor) -> torch.Tensor:
        """Embed texts: (n, 12) -> (n, 256), not normalized."""
        embeddings: torch.Tensor = self.towers.encode_text(tokens)
        return embeddings

    def encode_image(self, pictures: torch.Tensor) -> torch.Tensor:
        """Embed pictures: (n, 3, 192, 320) float32 -> (n, 256), not normalized."""
        return self.look(pictures)[0]

    def look(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Embed pictures, and score them by taste.

        Args:
            pictures: (n, 3, 192, 320) float32.

        Returns:
            (n, 256) embeddings that are not normalized; and (n,) scores, comparable within one video.
        """
        visual: Any = self.towers.visual
        trunk = visual.trunk
        state = trunk.bn1(trunk.conv_stem(pictures))
        for block in trunk.blocks[:FIRST_BLOCK]:
            state = block(state)
        last = state
        for block in trunk.blocks[FIRST_BLOCK:]:
            last = block(last)
        return visual.head(trunk.forward_head(trunk.bn2(trunk.conv_head(last)))), self.branch(state)


def load_branch(file: Path | None = None) -> TasteBranch:
    """Load the trained branch in evaluation mode, on the CPU, in float32.

    Args:
        file: trained weights; None for the bundled ones.

    Raises:
        WeightsMissing: the file is absent, damaged, or of another shape.
    """
    file = file or weights.path("lite-taste")
    branch = TasteBranch()
    wanted = branch.state_dict()
    try:
        tensors = safetensors.torch.load_file(file)
    except safetensors.SafetensorError as error:
        raise WeightsMissing(f"{file} is no file of weights, or is damaged: {error}") from error
    if {name: tensor.shape for name, tensor in tensors.items()} != {
        name: tensor.shape for name, tensor in wanted.items()
    }:
        raise WeightsMissing(
            f"{file} does not fit the branch of lite, which takes only what --learner trunk has trained; "
            "train it: python -m worker.weights.training taste --set DIR"
        )
    branch.load_state_dict({name: tensor.to(wanted[name].dtype) for name, tensor in tensors.items()})
    fold_batch_norm(branch.eval())
    fold_padding(branch)
    return branch


def _channels(block: Any) -> int:
    """Count the channels that a block of the trunk gives."""
    return int(block[-1].conv_pwl.out_channels)
