"""Trains both sides of the bundled model and writes its file."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from worker import weights
from worker.weights import lite
from worker.weights.training import image_tower, text_tower
from worker.weights.training.damage import DAMAGES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Log = Callable[[str], None]
"""Called with a line for people, again and again."""


def train_lite(clips: Sequence[Path], seed: int, file: Path, report: Log) -> None:
    """Train both sides and write `file`; the same clips and seed give the same weights on one machine.

    Args:
        clips: videos to take frames from, of any length.
        seed: of the damages, and of the text tower's batches.
        file: where the weights go, as safetensors.
        report: hears what is under way.
    """
    torch.use_deterministic_algorithms(True)
    tokenizer = text_tower.learned_tokenizer()
    network = lite.build_lite(len(tokenizer.vocabulary))
    report(f"image side: {len(clips)} clips, {len(DAMAGES)} kinds of damage")
    weight, bias = image_tower.fit_projection(image_tower.make_examples(network, clips, seed))
    image_tower.set_projection(network, weight, bias)
    text_tower.train_text_tower(network.text, tokenizer, seed, report)
    lite.save_lite(network, tokenizer.known, file)
    report(f"wrote {file}; for manifest.toml: bytes = {file.stat().st_size}, sha256 = {weights.sha256(file)}")
