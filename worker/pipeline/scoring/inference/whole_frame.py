"""Preparing pictures for a two-tower model, so that the model sees all of each picture.

Most published preprocessing keeps the square in the middle: 44 % of a 16:9 frame is cut away, and with it the
subject by the rule of thirds. Here a picture near the shape of the model's input is squashed into it, and a
wider or taller one is seen in several views, which overlap and together cover it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import torch
from PIL import Image

from worker.pipeline.scoring.inference.resampling import resize

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from worker.pipeline.frames import Rgb

MAX_SQUASH = 1.34  #: a 4:3 picture is still known by its contents when it is made square
MIN_OVERLAP = 0.1  #: of a view's length; so that what is small is whole in one of two neighbours
MAX_VIEWS = 4  #: beyond 3.7 : 1 the views are squashed instead, so that the cost stays bounded


class View(NamedTuple):
    """A part of a picture, in pixels from its upper left corner."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How one model wants its pictures."""

    height_px: int
    width_px: int
    mean: tuple[float, float, float]  #: of red, green and blue, 0..1
    std: tuple[float, float, float]
    resampling: Image.Resampling
    is_squashed: bool  #: the model was trained on squashed pictures, so one view is right at any shape

    @classmethod
    def of(cls, published: Mapping[str, Any]) -> Self:
        """Read what a model was published with.

        Args:
            published: open_clip's `PreprocessCfg` as a mapping; `size` is one side or (height, width).
        """
        size = published["size"]
        height_px, width_px = (size, size) if isinstance(size, int) else size
        is_bilinear = published["interpolation"] == "bilinear"
        return cls(
            height_px,
            width_px,
            tuple(published["mean"]),
            tuple(published["std"]),
            # open_clip takes bicubic for every other word too.
            Image.Resampling.BILINEAR if is_bilinear else Image.Resampling.BICUBIC,
            published["resize_mode"] == "squash",
        )

    def views(self, width_px: int, height_px: int) -> list[View]:
        """Choose the parts of a picture that the model looks at; together they cover it.

        Args:
            width_px: of the picture.
            height_px: of the picture.

        Returns:
            One view of all of it, or 2 to `MAX_VIEWS` of the input's shape, from left to right or from top to
            bottom.
        """
        wider = (width_px / height_px) / (self.width_px / self.height_px)
        longer = max(wider, 1 / wider)
        if self.is_squashed or longer <= MAX_SQUASH:
            return [View(0, 0, width_px, height_px)]
        count = min(1 + math.ceil((longer - 1) / (1 - MIN_OVERLAP)), MAX_VIEWS)
        # A view's share of the longer side: of the input's shape, or more where so few would not cover it.
        share = max(1 / longer, 1 / (1 + (count - 1) * (1 - MIN_OVERLAP)))
        starts = [index * (1 - share) / (count - 1) for index in range(count)]
        if wider > 1:
            return [View(start * width_px, 0, (start + share) * width_px, height_px) for start in starts]
        return [View(0, start * height_px, width_px, (start + share) * height_px) for start in starts]

    def cut(self, rgb: Rgb, view: View) -> NDArray[np.uint8]:
        """Bring one view of a picture to the size of the model's input.

        Args:
            rgb: (height, width, 3) uint8 RGB.
            view: within the picture.

        Returns:
            (height_px, width_px, 3) uint8 RGB.
        """
        # Pixels beyond the picture by a rounding error would be refused.
        box = (view.left, view.top, min(view.right, rgb.shape[1]), min(view.bottom, rgb.shape[0]))
        size = (self.width_px, self.height_px)
        return np.asarray(Image.fromarray(rgb).resize(size, self.resampling, box=box))

    def tensor(self, cuts: Sequence[NDArray[np.uint8]], device: torch.device) -> torch.Tensor:
        """Normalize views as the model wants them, on the device: bytes are a quarter of what floats are.

        Args:
            cuts: n of what `cut` returns.
            device: where the model is.

        Returns:
            (n, 3, height_px, width_px) float32 in the memory format channels_last.
        """
        return self._normalized(torch.from_numpy(np.stack(cuts)).to(device).permute(0, 3, 1, 2).float())

    def resized(self, pictures: torch.Tensor, view: View) -> torch.Tensor:
        """Do where pictures are what `cut` and `tensor` do with them, to a step of brightness.

        Args:
            pictures: (n, height, width, 3) uint8 RGB, of one size.
            view: within them.

        Returns:
            As `tensor`, in some memory format.
        """
        is_bilinear = self.resampling is Image.Resampling.BILINEAR
        return self._normalized(
            resize(pictures, view, self.height_px, self.width_px, is_bilinear=is_bilinear)
        )

    def _normalized(self, pixels: torch.Tensor) -> torch.Tensor:
        values = (self.mean, self.std)
        mean, std = (torch.tensor(value, device=pixels.device)[:, None, None] for value in values)
        return pixels.div_(255).sub_(mean).div_(std)


def average_views(embeddings: NDArray[np.float32], counts: Sequence[int]) -> NDArray[np.float32]:
    """Average the embeddings of each picture's views.

    Args:
        embeddings: (views, d) L2-normalized, those of one picture in a row.
        counts: (n,) how many views each picture has, at least one.

    Returns:
        (n, d) L2-normalized; that of a picture with one view is unchanged, to the last bit.
    """
    starts = np.cumsum([0, *counts[:-1]])
    averaged = np.add.reduceat(embeddings, starts)
    several = np.array(counts) > 1
    averaged[several] /= np.linalg.norm(averaged[several], axis=1, keepdims=True)
    return averaged
