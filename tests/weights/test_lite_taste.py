"""`lite` has a branch that judges pictures by taste, beside what it sees in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import safetensors.torch
import torch

from tests.support.media import pictures
from worker import weights
from worker.errors import WeightsMissing
from worker.pipeline.scoring.clip_scorer import ClipScorer
from worker.weights.lite import fold_batch_norm, load_lite
from worker.weights.lite_taste import TasteBranch, TastingLite, load_branch

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 12_000_000


@pytest.fixture(scope="module")
def scorer() -> ClipScorer:
    """The bundled model."""
    return ClipScorer.load("lite", device="cpu")


def test_the_embedding_is_what_it_is_without_the_branch() -> None:
    """Titles, prompts and likeness do not change when taste is learned anew."""
    towers, _ = load_lite()
    batch = torch.rand(2, 3, 192, 320, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        embeddings, tastes = TastingLite(towers, load_branch()).look(batch)
        assert torch.equal(embeddings, towers.encode_image(batch))
    assert tastes.shape == (2,)


def test_folding_the_normalizations_changes_no_score() -> None:
    """It only takes less time."""
    torch.manual_seed(0)
    branch = TasteBranch().eval()
    torch.nn.init.normal_(branch.head.weight)
    states = torch.rand(3, 80, 12, 20)
    with torch.inference_mode():
        before = branch(states)
        fold_batch_norm(branch)
        assert torch.allclose(branch(states), before, rtol=1e-3, atol=1e-3)


def test_a_clear_picture_pleases_more_than_its_ruins(scorer: ClipScorer) -> None:
    """Not because it was taught damage: editors put such frames last."""
    frames = pictures.footage("bikes", 40)[::8]
    ruined = [np.full_like(frames[0], 90), np.roll(frames[0] // 6, 40, axis=1)]
    tastes = scorer.look([*frames, *ruined]).tastes

    assert np.median(tastes[: len(frames)]) > tastes[len(frames) :].max()


def test_the_same_picture_gets_the_same_score_whatever_stands_beside_it(scorer: ClipScorer) -> None:
    """Scores are stored, and compared with those of a later run."""
    frames = pictures.footage("bikes", 30)[::5]
    together = scorer.look(frames).tastes

    assert [scorer.look([frame]).tastes[0] for frame in frames] == together.tolist()


def test_frames_are_valued_against_their_video(scorer: ClipScorer) -> None:
    """As every judgement of a model is; alike frames get nothing."""
    frames = pictures.footage("bikes", 40)[::4]
    values = scorer.taste(scorer.look(frames))

    assert values is not None
    assert np.median(values) == pytest.approx(0, abs=1e-5)
    assert not np.any(scorer.taste(scorer.look([frames[0]] * 4)))


def test_the_file_is_small_enough_to_ship() -> None:
    """It is part of the package."""
    assert weights.path("lite-taste").stat().st_size < MAX_BYTES


def test_a_file_of_another_shape_is_refused(tmp_path: Path) -> None:
    """Rather than to judge by half of it."""
    tensors = safetensors.torch.load_file(weights.path("lite-taste"))
    tensors.pop("head.weight")
    file = tmp_path / "short.safetensors"
    safetensors.torch.save_file(tensors, file)

    with pytest.raises(WeightsMissing, match=r"does not fit .* only what --learner trunk has trained"):
        ClipScorer.load(f"lite:{file}", device="cpu")


def test_a_taste_of_ones_own_takes_the_place_of_the_bundled_one(tmp_path: Path) -> None:
    """Named behind the model: here one with the opposite opinion."""
    tensors = safetensors.torch.load_file(weights.path("lite-taste"))
    file = tmp_path / "opposite.safetensors"
    safetensors.torch.save_file({**tensors, "head.weight": -tensors["head.weight"]}, file)
    frames = pictures.footage("bikes", 40)[::8]

    own = ClipScorer.load(f"lite:{file}", device="cpu").look(frames)
    bundled = ClipScorer.load("lite", device="cpu").look(frames)

    assert np.array_equal(own.embeddings, bundled.embeddings)
    assert np.argsort(own.tastes).tolist() == np.argsort(-bundled.tastes).tolist()


@pytest.mark.parametrize("content", [None, b"no weights"])
def test_a_taste_that_is_no_file_of_weights_is_named(tmp_path: Path, content: bytes | None) -> None:
    """Missing or damaged."""
    file = tmp_path / "taste.safetensors"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(WeightsMissing, match=r"taste\.safetensors"):
        ClipScorer.load(f"lite:{file}", device="cpu")


def test_a_taste_that_was_trained_again_is_told_from_the_one_before(tmp_path: Path) -> None:
    """It has the same name, and yet what the one saw says nothing to the other."""
    file = tmp_path / "own.safetensors"
    tensors = safetensors.torch.load_file(weights.path("lite-taste"))
    safetensors.torch.save_file(tensors, file)
    first = ClipScorer.load(f"lite:{file}", device="cpu")
    safetensors.torch.save_file(tensors | {"head.bias": tensors["head.bias"] + 1}, file)
    second = ClipScorer.load(f"lite:{file}", device="cpu")

    assert first.name == second.name
    assert first.sight != second.sight
    assert second.sight == ClipScorer.load(f"lite:{file}", device="cpu").sight
