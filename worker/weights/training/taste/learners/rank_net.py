"""Trains the last blocks of the trunk on pairs of frames of one video.

The loss is that of RankNet (Burges et al., Learning to Rank using Gradient Descent, ICML 2005), each pair
weighing as much as its ranks lie apart. What the first blocks say was kept before, for a few variants of
each frame, so that a training takes minutes on a CPU.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from worker.weights import lite_taste
from worker.weights.lite_taste import FIRST_BLOCK, TasteBranch
from worker.weights.training.taste.features import trunk
from worker.weights.training.taste.features.source import code_sum
from worker.weights.training.taste.features.trunk import AS_IT_IS, load_trunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from worker.weights.training.taste.features.examples import Examples

MAX_GAP = 5  #: ranks; pairs that lie further apart weigh no more
MAX_GRADIENT = 2.0
WARM_UP_SHARE = 0.2  #: of the steps, before they are full


@dataclass(frozen=True, slots=True)
class NetworkJudge:
    """Scores frames by the picture as it is, which is what the product looks at."""

    network: TasteBranch

    @torch.inference_mode()
    def __call__(self, examples: Examples) -> list[NDArray[np.float64]]:
        """Score the frames of each video."""
        scores = []
        for place in range(len(examples.videos)):
            states = torch.from_numpy(examples.activations(place)[:, AS_IT_IS]).float()
            scores.append(self.network(states).double().numpy())
        return scores

    def tensors(self) -> dict[str, torch.Tensor]:
        """Give the state of the network, in half precision."""
        return {name: tensor.half() for name, tensor in self.network.state_dict().items()}


@dataclass(frozen=True, slots=True)
class RankNet:
    """Trains a `NetworkJudge`. More epochs, or longer steps, learn the videos by heart."""

    seed: int = 0
    epochs: int = 3
    step: float = 1.5e-4  #: of the trunk at its height
    head_step: float = 1e-3
    trunk_decay: float = 0.05
    head_decay: float = 0.3
    videos_a_step: int = 8

    @property
    def name(self) -> str:
        """What people call it."""
        return "trunk"

    @property
    def identity(self) -> str:
        """Settings and code."""
        return f"{self!r} {code_sum(sys.modules[__name__], trunk, lite_taste)}"

    def fit(self, examples: Examples) -> NetworkJudge:
        """Learn from all of the videos."""
        rng = np.random.default_rng(self.seed)
        # The number of threads decides the last bits of sums, and training makes much of them: always one, so
        # that the same set and seed give the same weights.
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(self.seed)
                network = _branch()
                self._train(network, examples, rng)
        finally:
            torch.set_num_threads(threads)
        return NetworkJudge(network.eval())

    def _train(self, network: TasteBranch, examples: Examples, rng: np.random.Generator) -> None:
        optimizer = torch.optim.AdamW(
            [
                {"params": network.blocks.parameters(), "lr": self.step, "weight_decay": self.trunk_decay},
                {"params": network.head.parameters(), "lr": self.head_step, "weight_decay": self.head_decay},
            ]
        )
        steps = self.epochs * -(-len(examples.videos) // self.videos_a_step)
        plan = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, [self.step, self.head_step], total_steps=steps, pct_start=WARM_UP_SHARE
        )
        for _ in range(self.epochs):
            network.train()
            order = rng.permutation(len(examples.videos)).tolist()
            for start in range(0, len(order), self.videos_a_step):
                loss = _loss(network, examples, order[start : start + self.videos_a_step], rng)
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(network.parameters(), MAX_GRADIENT)
                optimizer.step()
                plan.step()


def _branch() -> TasteBranch:
    """Make the branch as it is before training: the trunk's own blocks."""
    branch = TasteBranch()
    branch.blocks.load_state_dict(load_trunk().blocks[FIRST_BLOCK:].state_dict())
    return branch


def _loss(
    network: TasteBranch, examples: Examples, places: list[int], rng: np.random.Generator
) -> torch.Tensor:
    """Judge a few videos, each frame in a variant drawn at random."""
    states, ranks, owners = [], [], []
    for place in places:
        activations = examples.activations(place)
        drawn = rng.integers(0, activations.shape[1], len(activations))
        states.append(torch.from_numpy(activations[np.arange(len(activations)), drawn]))
        ranks.append(torch.from_numpy(examples.videos[place].ranks))
        owners.append(torch.full((len(activations),), place))
    scores = network(torch.cat(states).float())
    rank, owner = torch.cat(ranks), torch.cat(owners)
    is_better = (owner[:, None] == owner) & (rank[:, None] < rank)
    if not is_better.any():  # an editor may call all frames alike
        return torch.zeros_like(scores, requires_grad=True).sum()
    gap = (rank - rank[:, None]).clamp(max=MAX_GAP)[is_better].float()
    ahead = (scores[:, None] - scores)[is_better]
    loss: torch.Tensor = (nn.functional.softplus(-ahead) * gap / gap.mean()).mean()
    return loss
