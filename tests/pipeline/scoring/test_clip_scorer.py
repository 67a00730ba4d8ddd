"""Frames are scored by words, the same way each time, on whatever memory there is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import open_clip
import pytest
import safetensors.torch
import torch

from tests.support.media import pictures
from worker.errors import ConfigurationError, OutOfMemory, UnknownModel, WeightsMissing
from worker.pipeline.earlier_run import decode_embedding, encode_embedding
from worker.pipeline.scoring.clip_model import load_clip_model
from worker.pipeline.scoring.clip_scorer import ClipScorer, z_scores
from worker.pipeline.scoring.prompts import PromptPair, Prompts

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pipeline.frames import Rgb
    from worker.pipeline.scoring.models import Models

CPU = torch.device("cpu")
HALF_ULP = 2**-11  # what rounding to half precision changes a number by, at most, as a share of it
TINY = {
    "embed_dim": 8,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 8, "heads": 1, "layers": 1},
}


@pytest.fixture(scope="module")
def lite(models: Models) -> ClipScorer:
    """Return the bundled model."""
    return models.scorer


@pytest.fixture(scope="module")
def frames() -> list[Rgb]:
    """Return eight frames of two real clips."""
    return [*pictures.footage("bikes", 60)[::15], *pictures.footage("bigbuckbunny", 60)[::15]]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a random checkpoint of a two-tower model small enough for a test."""
    folder = tmp_path_factory.mktemp("tiny")
    config = folder / "tiny-clip.json"
    config.write_text(json.dumps(TINY))
    open_clip.add_model_config(config)
    torch.manual_seed(0)
    model = open_clip.CLIP(**TINY)
    safetensors.torch.save_file(model.state_dict(), folder / "checkpoint.safetensors")
    torch.save(model.state_dict(), folder / "checkpoint.pt")
    return folder


class TestEmbeddings:
    """One unit vector for each picture."""

    def test_each_picture_gets_a_unit_vector(self, lite: ClipScorer, frames: list[Rgb]) -> None:
        """Whatever the picture's size and shape; and what is stored of it loses nothing."""
        tall = np.ascontiguousarray(frames[0][:, :90])

        embeddings = lite.embed([*frames, tall, tall[:40]])

        assert embeddings.dtype == np.float32
        assert len(embeddings) == len(frames) + 2
        assert np.allclose(np.linalg.norm(embeddings, axis=1), 1, atol=HALF_ULP)
        assert np.array_equal(embeddings, [decode_embedding(encode_embedding(one)) for one in embeddings])

    def test_the_same_pictures_give_the_same_vectors(self, lite: ClipScorer, frames: list[Rgb]) -> None:
        """To the last bit, so that a run can be repeated."""
        assert np.array_equal(lite.embed(frames), lite.embed(frames))

    def test_no_pictures_give_no_vectors(self, lite: ClipScorer, frames: list[Rgb]) -> None:
        """The width stays, so that the caller needs no special case."""
        none = lite.embed([])

        assert none.shape == (0, lite.embed(frames).shape[1])
        assert all(len(share) == 0 for share in lite.appeal(none).values())

    def test_frames_of_one_shot_are_more_alike_than_of_two(self, lite: ClipScorer, frames: list[Rgb]) -> None:
        """Diversity is chosen by these vectors."""
        embeddings = lite.embed(frames)
        alike = embeddings @ embeddings.T
        first_half = np.arange(len(frames)) < len(frames) // 2
        same = first_half[:, None] == first_half[None]

        assert alike[same].mean() > alike[~same].mean() + 0.3


class TightMemory:
    """A model on a device that holds only so many pictures at once."""

    def __init__(self, network: Any, room: int, error: type[RuntimeError]) -> None:
        self.network, self.room, self.error = network, room, error
        self.tried: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.network, name)

    def look(self, batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Fail like a full device."""
        self.tried.append(len(batch))
        if len(batch) > self.room:
            raise self.error("MPS backend out of memory")
        looks: tuple[torch.Tensor, torch.Tensor] = self.network.look(batch)
        return looks


@pytest.mark.parametrize("error", [torch.OutOfMemoryError, RuntimeError])
class TestFullMemory:
    """The batch halves until it fits."""

    def test_it_halves_the_batch_and_misses_no_picture(
        self, lite: ClipScorer, frames: list[Rgb], error: type[RuntimeError]
    ) -> None:
        """And it remembers the size that fits."""
        loaded = load_clip_model("lite", CPU)
        memory = TightMemory(loaded.network, 3, error)
        scorer = ClipScorer("lite", replace(loaded, network=memory), Prompts.load(), CPU)
        scorer.batch_size = 8

        embeddings = scorer.embed(frames)

        assert np.allclose(embeddings, lite.embed(frames), atol=1e-4)
        assert memory.tried == [8, 4, 2, 2, 2, 2]

    def test_when_not_even_one_fits_it_says_what_to_do(
        self, frames: list[Rgb], error: type[RuntimeError]
    ) -> None:
        """A smaller model, or the CPU."""
        loaded = load_clip_model("lite", CPU)
        memory = TightMemory(loaded.network, 0, error)
        scorer = ClipScorer("lite", replace(loaded, network=memory), Prompts.load(), CPU)

        with pytest.raises(OutOfMemory, match="smaller model"):
            scorer.embed(frames)


class TestAppeal:
    """Frames are compared within their video, pair by pair."""

    def test_a_blurred_frame_loses_by_the_pair_about_focus(self, lite: ClipScorer) -> None:
        """The other frames of the video are the scale."""
        sharp = pictures.footage("bikes", 240)[::24]
        blurred = np.asarray(cv2.GaussianBlur(sharp[0], (0, 0), 4), np.uint8)

        in_focus = lite.appeal(lite.embed([*sharp, blurred]))["in_focus"]

        assert in_focus[-1] == in_focus.min()
        assert in_focus[-1] < np.median(in_focus) - 0.2

    def test_the_shares_add_up_to_the_weighted_mean_of_z_scores(
        self, lite: ClipScorer, frames: list[Rgb]
    ) -> None:
        """So no sum leaves the range of a z-score."""
        shares = np.stack(list(lite.appeal(lite.embed(frames)).values()))

        assert shares.any()
        assert np.abs(shares.sum(axis=0)).max() <= 3.0

    def test_a_pair_counts_by_its_weight(self, frames: list[Rgb]) -> None:
        """Of two equal pairs one may count three times as much."""
        pair = PromptPair("light", "a bright photo", "a dark photo", "a test")
        prompts = Prompts((pair, replace(pair, name="again", weight=3.0)))
        scorer = ClipScorer.load("lite", prompts, device="cpu")

        shares = scorer.appeal(scorer.embed(frames))

        assert np.allclose(3 * shares["light"], shares["again"])

    def test_a_still_picture_prefers_no_frame(self, lite: ClipScorer, frames: list[Rgb]) -> None:
        """Rounding errors between equal frames are no difference."""
        shares = lite.appeal(lite.embed([frames[0]] * 5))

        assert not np.stack(list(shares.values())).any()


class TestRelevance:
    """A title draws the frames that show it."""

    def test_a_title_finds_its_frames(self, lite: ClipScorer, frames: list[Rgb]) -> None:
        """On average, the frames with bicycles in them come before those of the cartoon."""
        relevance = lite.relevance(lite.embed(frames), "My first bike ride")

        assert relevance[:4].mean() > relevance[4:].mean() + 0.5

    @pytest.mark.parametrize("title", ["", "  ", "Qwrtz 4711", "Überraschung"])
    def test_a_title_without_a_known_word_prefers_no_frame(
        self, lite: ClipScorer, frames: list[Rgb], title: str
    ) -> None:
        """The bundled model knows a few thousand English words, and says nothing about others."""
        assert not lite.relevance(lite.embed(frames), title).any()

    def test_a_title_with_braces_is_only_a_title(self, lite: ClipScorer, frames: list[Rgb]) -> None:
        """Titles are not patterns."""
        assert len(lite.relevance(lite.embed(frames), "{bike} {0} {")) == len(frames)


class TestZScores:
    """Robust against the few frames that stand out."""

    def test_an_outlier_does_not_move_the_scale(self) -> None:
        """The middle stays the middle, and the outlier stops at the limit."""
        z = z_scores(np.array([1.0, 2.0, 3.0, 4.0, 1000.0]))

        assert z[2] == 0
        assert z[4] == 3
        assert z[3] == pytest.approx(1 / 1.4826)

    def test_there_is_no_scale_where_most_values_are_equal(self) -> None:
        """Nothing is divided by zero."""
        assert not z_scores(np.array([5.0, 5.0, 5.0, 9.0])).any()


class TestOtherModels:
    """Any open_clip architecture loads from a file in place."""

    @pytest.mark.parametrize("file", ["checkpoint.safetensors", "checkpoint.pt"])
    def test_a_checkpoint_of_ones_own_scores_frames(self, tiny: Path, frames: list[Rgb], file: str) -> None:
        """With the preprocessing of its architecture."""
        scorer = ClipScorer.load(f"tiny-clip:{tiny / file}", device="cpu")

        assert scorer.embed(frames).shape == (len(frames), TINY["embed_dim"])

    def test_a_checkpoint_of_another_architecture_is_refused(self, tiny: Path) -> None:
        """The message names the file and the architecture."""
        with pytest.raises(UnknownModel, match=r"checkpoint\.pt is no checkpoint of ViT-S-32"):
            ClipScorer.load(f"ViT-S-32:{tiny / 'checkpoint.pt'}", device="cpu")

    def test_a_checkpoint_cannot_run_code(self, tiny: Path) -> None:
        """A pickle that would call a function is refused, not obeyed."""
        witness = tiny / "witness"
        torch.save({"state_dict": Malicious(witness)}, tiny / "malicious.pt")

        with pytest.raises(UnknownModel, match="damaged"):
            ClipScorer.load(f"tiny-clip:{tiny / 'malicious.pt'}", device="cpu")

        assert not witness.exists()

    @pytest.mark.parametrize(
        ("model", "remedy"),
        [
            ("light", "did you mean lite"),
            ("ViT-L14:datacomp_xl_s13b_b90k", r"did you mean ViT-L-14:datacomp_xl_s13b_b90k, ViT-g-14:\w+, "),
            ("ViT-L-14", "known tags: .*datacomp_xl_s13b_b90k"),
            ("ViT-L-14:datacomp", "did you mean .*datacomp"),
            ("../etc/passwd", "no model is called"),
        ],
    )
    def test_a_name_nobody_knows_gets_the_nearest_names(self, model: str, remedy: str) -> None:
        """So that a slip of the pen costs one look."""
        with pytest.raises(UnknownModel, match=remedy):
            ClipScorer.load(model, device="cpu")

    def test_a_model_that_was_not_fetched_names_the_command(self, tmp_path: Path) -> None:
        """Loading never downloads."""
        with pytest.raises(WeightsMissing, match=r"thumbs models fetch ViT-L-14:laion2b_s32b_b82k"):
            ClipScorer.load("ViT-L-14:laion2b_s32b_b82k", device="cpu", weights_dir=tmp_path)

    def test_a_missing_checkpoint_is_named(self, tmp_path: Path) -> None:
        """The path after the colon is the one to check."""
        with pytest.raises(WeightsMissing, match=r"none\.pt: no such checkpoint"):
            ClipScorer.load(f"ViT-S-32:{tmp_path / 'none.pt'}", device="cpu")

    @pytest.mark.parametrize("device", ["tpu", "cuda:99"])
    def test_a_device_that_is_not_there_is_refused(self, device: str) -> None:
        """The message names those that are."""
        with pytest.raises(ConfigurationError, match=r"not available .* cpu"):
            ClipScorer.load("lite", device=device)


class Malicious:
    """Pickles as a call that writes a file."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self.witness).touch, (self.witness,))
