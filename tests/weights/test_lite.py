"""The bundled model: offline, reproducible, and able to tell damaged frames from clean ones."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from timm.layers.conv2d_same import Conv2dSame
from torch import nn

from tests.support.media import pictures
from worker.weights import lite
from worker.weights.training import image_tower, text_tower
from worker.weights.training.damage import DAMAGES

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pipeline.frames import Rgb
    from worker.pipeline.scoring.clip_scorer import ClipScorer
    from worker.pipeline.scoring.models import Models

NO_NETWORK = """
import sys

def refuse(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname"}:
        raise OSError(f"network: {event} {arguments}")

sys.addaudithook(refuse)
import numpy
from worker.pipeline.scoring.clip_scorer import ClipScorer
scorer = ClipScorer.load("lite", device="cpu")
scorer.relevance(scorer.embed([numpy.zeros((180, 320, 3), numpy.uint8)]), "a dog")
print("done")
"""


@pytest.fixture(scope="module")
def scorer(models: Models) -> ClipScorer:
    """Return the bundled model."""
    return models.scorer


@pytest.fixture(scope="module")
def frames() -> list[Rgb]:
    """Return clean frames of a real clip."""
    return pictures.footage("bikes", 240)[::12]


def test_it_loads_and_scores_without_a_network() -> None:
    """No library behind it reaches out, not even to look for something newer."""
    done = subprocess.run([sys.executable, "-c", NO_NETWORK], capture_output=True, text=True, check=False)

    assert done.stdout == "done\n", done.stderr


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_frame_is_never_the_best_of_a_clip(
    scorer: ClipScorer, frames: list[Rgb], kind: str
) -> None:
    """Whatever was done to it: three such frames among twenty clean ones all lose."""
    rng = np.random.default_rng(4)
    other = pictures.footage("bigbuckbunny", 1)[0]
    damaged = [DAMAGES[kind](rgb, other, rng) for rgb in frames[::7]]

    appeal = np.sum(list(scorer.appeal(scorer.embed([*frames, *damaged])).values()), axis=0)

    assert appeal[len(frames) :].max() < appeal[: len(frames)].max()


def test_words_it_does_not_know_change_nothing(scorer: ClipScorer, frames: list[Rgb]) -> None:
    """So a long title counts by the words that mean something."""
    embeddings = scorer.embed(frames)
    plain = scorer.relevance(embeddings, "bike")

    assert np.array_equal(plain, scorer.relevance(embeddings, "The Qwrtz of my bike, photo by Xyzzyx!"))


def test_a_saved_model_loads_as_the_same_model(tmp_path: Path) -> None:
    """Apart from the rounding to half precision."""
    tokenizer = lite.Tokenizer(text_tower.learned_tokenizer().known[:50])
    torch.manual_seed(0)
    made = lite.build_lite(len(tokenizer.vocabulary))
    picture = torch.rand(1, 3, 64, 64)

    lite.save_lite(made, tokenizer.known, tmp_path / "lite.safetensors")
    loaded, loaded_tokenizer = lite.load_lite(tmp_path / "lite.safetensors")

    assert loaded_tokenizer.vocabulary == tokenizer.vocabulary
    with torch.inference_mode():
        assert torch.allclose(made.encode_image(picture), loaded.encode_image(picture), atol=1e-2)


def test_the_text_side_learns_where_its_words_belong(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few steps already bring the words for blur to the blurred end of its axis."""
    monkeypatch.setattr(text_tower, "STEPS", 25)
    monkeypatch.setattr(text_tower, "BATCH", 64)
    tokenizer = text_tower.learned_tokenizer()
    text = lite.build_lite(len(tokenizer.vocabulary)).text

    text_tower.train_text_tower(text, tokenizer, seed=0, report=lambda _line: None)

    axis = text_tower.SEMANTIC_DIM + list(DAMAGES).index("defocus")
    with torch.inference_mode():
        sharp, blurry = torch.nn.functional.normalize(text(tokenizer(["sharp", "blurry"])), dim=-1)
    assert sharp[axis] > 0.3
    assert blurry[axis] < -0.3


def test_the_image_side_learns_the_damage_it_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Solved in closed form: on what it was shown, each axis parts its damage from the clean frames."""
    monkeypatch.setattr(image_tower, "FRAMES_PER_CLIP", 4)
    network = lite.build_lite(len(text_tower.learned_tokenizer().vocabulary))
    clips = image_tower.default_clips()[:1]

    shown = image_tower.make_examples(network, clips, seed=0)
    weight, bias = image_tower.fit_projection(shown)

    axes = (shown.features @ weight.T + bias)[:, text_tower.SEMANTIC_DIM :]
    for kind, axis in enumerate(axes.T):
        assert axis[shown.is_clean].mean() > axis[shown.kind == kind].mean() + 1


@pytest.mark.parametrize("kind", DAMAGES)
def test_damage_is_the_same_for_the_same_seed(frames: list[Rgb], kind: str) -> None:
    """So that training can be repeated, and its figures with it."""
    once, again = (DAMAGES[kind](frames[0], frames[9], np.random.default_rng(2)) for _ in range(2))

    assert np.array_equal(once, again)
    assert once.shape == frames[0].shape
    assert not np.array_equal(once, frames[0])


@pytest.mark.parametrize(("kernel", "groups"), [(3, 1), (3, 4), (5, 4)])
def test_a_layer_that_pads_no_picture_gives_the_same_numbers(kernel: int, groups: int) -> None:
    """With and without a bias: each pixel of the result sees the pixels that it saw before."""
    for bias in (True, False):
        layer = Conv2dSame(4, 4, kernel, stride=2, groups=groups, bias=bias).eval()
        folded = nn.Sequential(layer)
        states = torch.rand(1, 4, 12, 20)

        lite.fold_padding(folded)

        assert not isinstance(folded[0], Conv2dSame)
        assert torch.allclose(folded(states), layer(states), atol=1e-6)
