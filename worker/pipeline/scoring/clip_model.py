"""Loading a two-tower model with the tokenizer and the preprocessing that belong to it.

Nothing is downloaded here: files are in place before, or the error names the command that fetches them.
Architectures with a tokenizer by Hugging Face (SigLIP, CLIPA, worldwide MetaCLIP) load it by `transformers`,
as open_clip does, and so do those whose text tower comes from there (XLM-RoBERTa, NLLB).
"""

from __future__ import annotations

import difflib
import logging
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import open_clip
import torch
from open_clip.model import get_input_dtype
from open_clip.tokenizer import DEFAULT_CONTEXT_LENGTH, HFTokenizer

from worker import weights
from worker.errors import ConfigurationError, UnknownModel, WeightsMissing
from worker.installation import extras
from worker.pipeline.scoring.inference.whole_frame import Preprocessing
from worker.weights.lite import PREPROCESS, load_lite
from worker.weights.lite_taste import TastingLite, load_branch
from worker.weights.packed import pack_convolutions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

LITE = "lite"  #: the bundled model
SIMILAR = 0.4  #: of difflib's ratio; half a name, as "datacomp", should find the whole
PICTURE_KEYS = frozenset({"mean", "std", "interpolation", "resize_mode"})  #: of open_clip's published cfg


@dataclass(frozen=True, slots=True)
class ClipModel:
    """A model with what belongs to it."""

    network: Any  #: open_clip's CLIP, CustomTextCLIP or kin, or `TastingLite`; in evaluation mode
    tokenize: Callable[[Sequence[str]], torch.Tensor]  #: (n,) texts -> (n, context) int64
    preprocess: Preprocessing  #: uint8 RGB pictures -> what the image tower takes
    input_dtype: torch.dtype = torch.float32  #: what the image tower takes
    has_taste: bool = False  #: `network.look` gives a score by taste beside each embedding
    files_sum: str = ""  #: 8 hex digits that are others when the files of the weights are


def load_clip_model(spec: str, device: torch.device, weights_dir: Path | None = None) -> ClipModel:
    """Load a model, ready to judge on one device.

    Args:
        spec: `lite`, `lite:/path/to/taste` (with a taste of one's own), open_clip's `ARCH:TAG`, or
            `ARCH:/path/to/checkpoint`.
        device: where the network goes; it also decides the precision.
        weights_dir: where `thumbs models fetch` put its files; None for its default.

    Raises:
        UnknownModel: no such architecture or tag, or a checkpoint that does not fit.
        WeightsMissing: a file is not in place, or damaged.
        ExtraMissing: the library for its tokenizer is not installed.
    """
    if spec.partition(":")[0] == LITE:
        return _load_lite(spec, device)
    precision = "fp32" if _needs_full_precision(_config(spec.partition(":")[0])) else _precision(device)
    network, tokenize, file = _load_open_clip(spec, precision, weights_dir)
    preprocess = Preprocessing.of(open_clip.get_model_preprocess_cfg(network))
    dtype = get_input_dtype(precision) or torch.float32
    files_sum = weights.short_sum([file])
    return ClipModel(network.eval().to(device), tokenize, preprocess, dtype, files_sum=files_sum)


def check_name(spec: str) -> None:
    """Check that there can be a model of this name, here or on another machine; nothing is loaded.

    Raises:
        UnknownModel: no such architecture or tag; the message names some that there are.
    """
    architecture, colon, source = spec.partition(":")
    if architecture == LITE:
        return
    _config(architecture)
    if not (colon and source):
        raise _weights_not_named(spec, architecture)
    if not source.endswith(weights.CHECKPOINT_SUFFIXES):
        _check_tag(spec, architecture, source)


def pick_device(device: str) -> torch.device:
    """Find the named device; for "auto" the fastest there is: CUDA, then Apple's MPS, then the CPU.

    Raises:
        ConfigurationError: the device is not there.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if device == "auto":
        return torch.device(next(name for name, is_there in there.items() if is_there))
    if not there.get(device.partition(":")[0], False):
        ready = ", ".join(name for name, is_there in there.items() if is_there)
        raise ConfigurationError(f"device {device!r} is not available here; choose auto or one of: {ready}")
    return torch.device(device)


def _load_lite(spec: str, device: torch.device) -> ClipModel:
    """Load the bundled model; it is so small that precision decides neither its speed nor its size."""
    own_taste = spec.partition(":")[2]
    if own_taste and not Path(own_taste).is_file():
        raise WeightsMissing(f"{own_taste}: no such file of taste; check the path after {LITE}:")
    taste = Path(own_taste) if own_taste else weights.path("lite-taste")
    towers, tokenize = load_lite()
    network = TastingLite(towers, load_branch(taste)).eval().to(device)
    if device.type == "cpu":
        pack_convolutions(network)
    return ClipModel(
        network,
        tokenize,
        Preprocessing.of(PREPROCESS),
        has_taste=True,
        files_sum=weights.short_sum([weights.path(LITE), taste]),
    )


def _load_open_clip(spec: str, precision: str, weights_dir: Path | None) -> tuple[Any, Any, Path]:
    """Load a network and its tokenizer; return the file of its weights too."""
    architecture, colon, source = spec.partition(":")
    text = _config(architecture)["text_cfg"]
    if not (colon and source):
        raise _weights_not_named(spec, architecture)
    published: dict[str, Any] = open_clip.get_pretrained_cfg(architecture, source)
    file = _checkpoint(spec, architecture, source, weights_dir)
    tokenize, override = _tokenizer(architecture, text, weights_dir)
    try:
        with _quiet():
            # A path as `pretrained` keeps open_clip from its own download; what it would have looked up under
            # the tag (activation, mean and std) has to be given along.
            network = open_clip.create_model(
                architecture,
                pretrained=str(file),
                precision=precision,
                force_quick_gelu=published.get("quick_gelu", False),
                force_preprocess_cfg=published or _usual_preprocessing(architecture),
                **override,
            )
    except Exception as error:  # a foreign file fails in whatever way its bytes and keys suggest
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UnknownModel(f"{file} is no checkpoint of {architecture}, or is damaged: {reason}") from error
    return network, tokenize, file


def _usual_preprocessing(architecture: str) -> dict[str, Any]:
    """Find how all published weights of an architecture want their pictures, for weights of one's own.

    Empty where they differ; then open_clip's own default is right as often as any.
    """
    tags = open_clip.list_pretrained_tags_by_model(architecture)
    wanted = [
        {
            key: value
            for key, value in open_clip.get_pretrained_cfg(architecture, tag).items()
            if key in PICTURE_KEYS
        }
        for tag in tags
    ]
    return wanted[0] if wanted and all(one == wanted[0] for one in wanted) else {}


def _weights_not_named(spec: str, architecture: str) -> UnknownModel:
    tags = ", ".join(open_clip.list_pretrained_tags_by_model(architecture)) or "none"
    return UnknownModel(f"{spec}: name the weights too, as {architecture}:TAG (known tags: {tags})")


def _config(architecture: str) -> Mapping[str, Any]:
    """Look up how open_clip builds an architecture; its `text_cfg` also names the tokenizer.

    Raises:
        UnknownModel: open_clip has no such architecture.
    """
    config = open_clip.get_model_config(architecture) if "/" not in architecture else None
    if config is None:
        known = ["lite", *open_clip.list_models()]
        close = difflib.get_close_matches(architecture, known, n=3, cutoff=SIMILAR) or [
            "lite",
            "ViT-B-32-256",
            "ViT-L-14",
        ]
        meant = ", ".join(map(_with_weights, close))
        raise UnknownModel(f"no model is called {architecture!r}; did you mean {meant}?")
    found: Mapping[str, Any] = config
    return found


def _with_weights(architecture: str) -> str:
    """Write an architecture as a model may be named: with the weights that we know best."""
    if architecture == LITE:
        return LITE
    published = [f"{architecture}:{tag}" for tag in open_clip.list_pretrained_tags_by_model(architecture)]
    known = [name for name in weights.manifest() if name in published]
    return next(iter(known + published), f"{architecture}:TAG")


def _needs_full_precision(config: Mapping[str, Any]) -> bool:
    """Tell whether open_clip would lower the precision of some layers only, which then do not fit the others.

    So it is with a text tower by Hugging Face, and with the poolers of CoCa.
    """
    return "hf_model_name" in config["text_cfg"] or "multimodal_cfg" in config


def _tokenizer(
    architecture: str, text: Mapping[str, Any], weights_dir: Path | None
) -> tuple[Callable[[Sequence[str]], torch.Tensor], dict[str, Any]]:
    """Load a tokenizer, and tell open_clip where the configuration of the text tower lies, if it needs one.

    Raises:
        ExtraMissing: the library that reads it is not installed.
        WeightsMissing: its files are not in place, or damaged.
    """
    name = text.get("hf_tokenizer_name")
    if not name:
        return open_clip.get_tokenizer(architecture), {}
    extras.require(f"the model {architecture}, whose tokenizer is by Hugging Face,", "hf")
    remedy = f"run: thumbs models fetch {architecture}"
    folder = weights.tokenizer_path(name, remedy, weights_dir)
    try:
        tokenize = HFTokenizer(
            str(folder),
            context_length=text.get("context_length", DEFAULT_CONTEXT_LENGTH),
            tokenizer_mode=text.get("tokenizer_mode"),
            # Without these two, transformers may ask the hub, and run code that came with the files.
            local_files_only=True,
            trust_remote_code=False,
            **text.get("tokenizer_kwargs", {}),
        )
    except Exception as error:  # foreign files again
        raise UnknownModel(f"{folder} holds no tokenizer that transformers can read: {error}") from error
    if "hf_model_name" not in text:
        return tokenize, {}
    # This tower is built from a configuration that open_clip would download; it lies beside the tokenizer.
    return tokenize, {"text_cfg": {**text, "hf_model_name": str(folder), "hf_model_pretrained": False}}


def _checkpoint(spec: str, architecture: str, source: str, weights_dir: Path | None) -> Path:
    """Find the file that a path or a tag stands for."""
    if source.endswith(weights.CHECKPOINT_SUFFIXES):
        if not Path(source).is_file():
            raise WeightsMissing(f"{source}: no such checkpoint; check the path after {architecture}:")
        return Path(source)
    _check_tag(spec, architecture, source, weights_dir)
    return weights.path(spec, weights_dir)


def _check_tag(spec: str, architecture: str, source: str, weights_dir: Path | None = None) -> None:
    """Raise UnknownModel unless weights of this name are published, or were fetched."""
    tags = open_clip.list_pretrained_tags_by_model(architecture)
    # A tag of one's own is welcome where its file was fetched, so only a missing file makes it unknown.
    if source not in tags and not weights.is_fetched(spec, weights_dir):
        known = difflib.get_close_matches(source, tags, n=3, cutoff=0)
        close = ", ".join(known) or "/path/to/checkpoint"
        raise UnknownModel(f"{architecture} has no weights called {source!r}; did you mean {close}?")


def _precision(device: torch.device) -> str:
    """Choose half precision only where it is faster: on a GPU, and on a CPU that multiplies bfloat16 itself.

    bfloat16 where it is native, for its wider range. On such a CPU, ViT-B-32 takes a third of the time.
    """
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    if device.type == "cpu" and any(map(torch.cpu.get_capabilities().get, ("avx512_bf16", "amx_bf16"))):
        return "bf16"
    return "fp32"


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep open_clip's steps of loading, which are words for its own developers, out of the root logger."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(level)
