"""Models with a tokenizer by Hugging Face load from files in place, and never from the hub."""

from __future__ import annotations

import importlib.util
import json
import socket
from typing import TYPE_CHECKING, Any

import numpy as np
import open_clip
import pytest
import safetensors.torch
import torch

from worker import weights
from worker.errors import ConfigurationError, UnknownModel, WeightsMissing
from worker.pipeline.scoring.clip_model import load_clip_model
from worker.pipeline.scoring.clip_scorer import ClipScorer

if TYPE_CHECKING:
    from pathlib import Path

CPU = torch.device("cpu")
SIGLIP = "ViT-B-16-SigLIP2-256"
VISION = {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16}
# As open_clip describes SigLIP2: the last place counts, and the texts are made plain first.
LIKE_SIGLIP = {
    "context_length": 16,
    "vocab_size": 512,
    "width": 32,
    "heads": 2,
    "layers": 1,
    "hf_tokenizer_name": "maker/tiny-siglip",
    "tokenizer_kwargs": {"clean": "canonicalize"},
    "no_causal_mask": True,
    "pool_type": "last",
}
# As open_clip describes its models with XLM-RoBERTa: the text tower itself comes from Hugging Face.
LIKE_XLM_ROBERTA = {
    "hf_model_name": "maker/tiny-roberta",
    "hf_tokenizer_name": "maker/tiny-roberta",
    "hf_proj_type": "mlp",
    "hf_pooler_type": "mean_pooler",
}
ROBERTA = {
    "model_type": "xlm-roberta",
    "vocab_size": 512,
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 90,
    "pad_token_id": 0,
}
SENTENCES = ("a bright photo of two bikes", "a dark photo", "a video about flowers", "sharp and blurred") * 4


def put_tokenizer(name: str, folder: Path, **more: dict[str, Any]) -> Path:
    """Make a small tokenizer and put it in place, as `fetch` does."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers  # noqa: PLC0415

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))  # noqa: S106 - no password
    tokenizer.normalizer = normalizers.Replace(" ", "\u2581")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    special = ["<pad>", "<eos>", "<bos>", "<unk>"]
    trainer = trainers.BpeTrainer(vocab_size=200, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="$A <eos>", special_tokens=[("<eos>", 1)])
    told: dict[str, Any] = {
        "tokenizer_class": "GemmaTokenizer",
        "add_bos_token": False,
        "add_eos_token": True,
    }
    told["padding_side"] = "right"  # as open_clip saved it; the class itself would fill up on the left
    told |= {f"{token[1:-1]}_token": token for token in special}
    place = weights.tokenizer_folder(name, folder)
    place.mkdir(parents=True)
    tokenizer.save(str(place / "tokenizer.json"))
    for file, content in {"tokenizer_config.json": told, **more}.items():
        (place / file).write_text(json.dumps(content))
    sums = [f"{weights.sha256(file)}  {file.name}\n" for file in sorted(place.iterdir())]
    (place / weights.SUMS_FILE).write_text("".join(sums))
    return place


def put_model(name: str, text: dict[str, Any], folder: Path, build_text: dict[str, Any]) -> str:
    """Describe a small architecture to open_clip, and save random weights of it; return its spec."""
    config = {"embed_dim": 16, "vision_cfg": VISION, "text_cfg": text, "custom_text": True}
    (folder / f"{name}.json").write_text(json.dumps(config))
    open_clip.add_model_config(folder / f"{name}.json")
    torch.manual_seed(0)
    network = open_clip.CustomTextCLIP(16, VISION, build_text)
    safetensors.torch.save_file(
        {key: tensor.contiguous() for key, tensor in network.state_dict().items()},
        folder / f"{name}.safetensors",
    )
    return f"{name}:{folder / f'{name}.safetensors'}"


@pytest.fixture
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where anything would open a connection."""

    def refuse(_socket: socket.socket, address: object) -> None:
        raise AssertionError(f"a job opened a connection to {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)


class TestWithTheLibrary:
    """With the extra [hf] and the files in place, such models are like any other."""

    @pytest.fixture(autouse=True)
    def _library(self, _no_network: None) -> None:
        pytest.importorskip("transformers", reason="needs the extra [hf]")

    def test_a_model_like_siglip_judges_frames_by_words(self, tmp_path: Path) -> None:
        """From the pictures to the relevance of a title, with random weights."""
        put_tokenizer("maker/tiny-siglip", tmp_path)
        spec = put_model("tiny-siglip", LIKE_SIGLIP, tmp_path, LIKE_SIGLIP)
        scorer = ClipScorer.load(spec, device="cpu", weights_dir=tmp_path)
        frames = [*np.random.default_rng(0).integers(0, 256, (6, 90, 160, 3), np.uint8)]

        relevance = scorer.relevance(scorer.embed(frames), "two bikes")

        assert len(set(relevance.tolist())) > 1

    def test_texts_become_the_tokens_of_the_file(self, tmp_path: Path) -> None:
        """Made plain, ended by the end token, filled to the model's length, and cut to it."""
        from tokenizers import Tokenizer  # noqa: PLC0415

        place = put_tokenizer("maker/tiny-siglip", tmp_path)
        spec = put_model("tiny-siglip", LIKE_SIGLIP, tmp_path, LIKE_SIGLIP)
        ids = Tokenizer.from_file(str(place / "tokenizer.json")).encode("a dark photo of bikes").ids

        plain, long = load_clip_model(spec, CPU, tmp_path).tokenize(
            ["A dark photo, of bikes!", "a dark photo " * 20]
        )

        assert plain.tolist() == ids + [0] * (16 - len(ids))
        assert ids[-1] == 1
        assert (long[0], long[-1]) == (ids[0], 1)

    def test_a_text_tower_by_hugging_face_loads(self, tmp_path: Path) -> None:
        """Its configuration lies beside the tokenizer, where open_clip alone would download it."""
        place = put_tokenizer("maker/tiny-roberta", tmp_path, **{"config.json": ROBERTA})
        built = {**LIKE_XLM_ROBERTA, "hf_model_name": str(place), "hf_model_pretrained": False}
        spec = put_model("tiny-roberta", LIKE_XLM_ROBERTA, tmp_path, built)
        scorer = ClipScorer.load(spec, device="cpu", weights_dir=tmp_path)

        embeddings = scorer.embed([np.zeros((90, 160, 3), np.uint8)])

        assert embeddings.shape == (1, 16)

    def test_files_that_were_not_fetched_name_the_command(self, tmp_path: Path) -> None:
        """Also where the weights are one's own."""
        (tmp_path / "own.pt").touch()

        with pytest.raises(WeightsMissing, match=f"SigLIP2-256 is not in place; run: .* fetch {SIGLIP}$"):
            load_clip_model(f"{SIGLIP}:{tmp_path / 'own.pt'}", CPU, tmp_path)

    def test_files_that_hold_no_tokenizer_are_refused(self, tmp_path: Path) -> None:
        """They are as published, but this version cannot read them."""
        place = weights.tokenizer_folder("timm/" + SIGLIP, tmp_path)
        place.mkdir(parents=True)
        (place / "tokenizer.json").write_text("{}")
        (place / weights.SUMS_FILE).write_text(
            f"{weights.sha256(place / 'tokenizer.json')}  tokenizer.json\n"
        )
        (tmp_path / "own.pt").touch()

        with pytest.raises(UnknownModel, match="holds no tokenizer"):
            load_clip_model(f"{SIGLIP}:{tmp_path / 'own.pt'}", CPU, tmp_path)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It can be pasted."""
    (tmp_path / "own.pt").touch()
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)

    with pytest.raises(ConfigurationError, match=r"needs the extra \[hf\]; run: .* install"):
        load_clip_model(f"{SIGLIP}:{tmp_path / 'own.pt'}", CPU, tmp_path)
