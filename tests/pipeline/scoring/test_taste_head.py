"""A published head of taste serves the one model that it belongs to."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from tests.support.media import pictures
from tests.support.service.sample_run import CUES
from worker import weights
from worker.errors import ConfigurationError, WeightsMissing
from worker.pipeline.frames import Candidate
from worker.pipeline.scoring.clip_model import ClipModel
from worker.pipeline.scoring.clip_scorer import ClipScorer
from worker.pipeline.scoring.inference.whole_frame import Preprocessing
from worker.pipeline.scoring.models import score
from worker.pipeline.scoring.prompts import Prompts
from worker.pipeline.scoring.taste_head import TasteHead, collapse, load_taste_head
from worker.weights.lite import PREPROCESS, load_lite

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pipeline.scoring.models import Models

CPU = torch.device("cpu")
SPEC = "ViT-L-14:openai"
NAME = "laion-sac-logos-ava1-l14"


@pytest.fixture
def layers() -> torch.nn.Sequential:
    """Return random layers built as those of the published file, with nothing between them."""
    torch.manual_seed(0)
    sizes = (768, 1024, 128, 64, 16, 1)
    return torch.nn.Sequential(*(torch.nn.Linear(*pair) for pair in pairwise(sizes)))


@pytest.fixture
def folder(layers: torch.nn.Sequential, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a head in place that is registered for one model."""
    head = weights.heads()[NAME]
    file = weights.head_file(head, tmp_path)
    file.parent.mkdir()
    torch.save(layers.state_dict(), file)
    monkeypatch.setattr(weights, "heads", lambda: {NAME: replace(head, sha256=weights.sha256(file))})
    return tmp_path


class TestCollapse:
    """Linear layers without anything between them are one vector."""

    def test_the_vector_orders_as_the_layers_do(self, layers: torch.nn.Sequential) -> None:
        """The values differ by a constant, that of the biases."""
        inputs = torch.randn(50, 768, dtype=torch.float64)
        matrices = [layer.weight.detach().double().numpy() for layer in layers]

        ours = inputs.numpy() @ collapse(matrices)

        theirs = layers.double()(inputs).detach().numpy()[:, 0]
        assert ours - theirs == pytest.approx(np.full(50, (ours - theirs)[0]), abs=1e-12)
        assert np.ptp(theirs) > 0.01

    def test_a_single_layer_is_its_own_vector(self) -> None:
        """As LAION's first heads are."""
        matrix = np.array([[3.0, 4.0]])

        assert collapse([matrix]).tolist() == [3.0, 4.0]


class TestLoading:
    """A head is for one model, and no other gets it."""

    def test_the_registered_head_of_a_model_is_found(self, folder: Path, layers: torch.nn.Sequential) -> None:
        """Its direction has length 1."""
        head = load_taste_head(SPEC, weights_dir=folder)

        assert head is not None
        assert np.linalg.norm(head.direction) == pytest.approx(1, abs=1e-6)
        inputs = torch.randn(20, 768)
        theirs = layers(inputs).detach().numpy()[:, 0]
        assert np.argsort(inputs.numpy() @ head.direction).tolist() == np.argsort(theirs).tolist()

    @pytest.mark.parametrize(
        "model", ["lite", "ViT-L-14:datacomp_xl_s13b_b90k", "ViT-L-14:/own/checkpoint.pt"]
    )
    def test_a_model_without_a_head_has_none(self, folder: Path, model: str) -> None:
        """Also where its architecture is that of one that has."""
        assert load_taste_head(model, weights_dir=folder) is None

    def test_a_head_of_another_width_is_refused(self) -> None:
        """Embeddings of another size cannot be judged."""
        head = TasteHead("narrow", np.ones(3, np.float32))

        with pytest.raises(ConfigurationError, match=r"narrow is for embeddings of 3 numbers.*lite have 256"):
            ClipScorer("lite", without_branch(), Prompts.load(), CPU, head)

    def test_a_head_that_was_not_fetched_names_the_command(self, tmp_path: Path) -> None:
        """A run does not go on without it, for then its order would depend on the machine."""
        with pytest.raises(WeightsMissing, match=r"not in place; run: thumbs models fetch ViT-L-14"):
            load_taste_head(SPEC, weights_dir=tmp_path)


FIRST_NUMBER = TasteHead("first number", np.eye(256, dtype=np.float32)[0])


def without_branch() -> ClipModel:
    """Load the towers of `lite` as any other CLIP, which has no taste of its own."""
    towers, tokenize = load_lite()
    return ClipModel(towers, tokenize, Preprocessing.of(PREPROCESS))


class TestTaste:
    """Where the model has a head, it is a part of the score."""

    def test_taste_orders_frames_along_the_head(self) -> None:
        """As z-scores within the video."""
        scorer = ClipScorer("towers", without_branch(), Prompts.load(), CPU, FIRST_NUMBER)
        looks = scorer.look(pictures.footage("bikes", 60)[::12])

        taste = scorer.taste(looks)

        assert taste is not None
        assert np.argsort(taste).tolist() == np.argsort(looks.embeddings[:, 0]).tolist()
        assert np.abs(taste).max() <= 3

    def test_a_model_without_a_head_has_no_taste(self) -> None:
        """It says so, rather than calling all frames equal."""
        scorer = ClipScorer("towers", without_branch(), Prompts.load(), CPU)
        assert scorer.taste(scorer.look([np.zeros((4, 4, 3), np.uint8)])) is None

    def test_the_score_has_a_part_for_it(self, models: Models) -> None:
        """Named `taste`, beside the others, which add up to the score."""
        scorer = ClipScorer("towers", without_branch(), Prompts.load(), CPU, FIRST_NUMBER)
        frames = enumerate(pictures.footage("bikes", 60)[::12])
        candidates = [Candidate(float(second), 0, rgb, CUES) for second, rgb in frames]

        scored = score(candidates, "", replace(models, scorer=scorer), lambda _fraction: None)

        assert len({round(one.parts.get("taste", 0.0), 6) for one in scored}) > 1
        assert all(sum(one.parts.values()) == pytest.approx(one.score) for one in scored)
