"""A GPU resizes pictures itself, and sees what a CPU sees. All of it runs here on a CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import open_clip
import pytest
import torch

from tests.support.media import pictures
from worker.pipeline.scoring.clip_model import load_clip_model
from worker.pipeline.scoring.inference.device import Device
from worker.pipeline.scoring.inference.whole_frame import Preprocessing
from worker.weights.lite import PREPROCESS

if TYPE_CHECKING:
    from worker.pipeline.frames import Rgb
    from worker.pipeline.scoring.inference.whole_frame import View

CPU = torch.device("cpu")
LEVEL = 1 / 127.5  #: one of 256 steps of brightness, after the normalization of `PREPROCESS`
ONE_SQUARE = {**PREPROCESS, "size": 224, "resize_mode": "shortest"}


def frames() -> list[Rgb]:
    """Return real frames of several sizes and shapes, wide ones and tall ones."""
    wide = [*pictures.footage("bikes", 60)[::20], *pictures.footage("bigbuckbunny", 60)[::20]]
    tall = np.ascontiguousarray(wide[0][:, 100:190])
    return [*wide, tall, cv2.resize(wide[1], (431, 181)), cv2.resize(wide[2], (97, 55))]


def views_of(preprocess: Preprocessing, shown: list[Rgb]) -> list[tuple[Rgb, View]]:
    """List all views of some pictures."""
    return [(rgb, view) for rgb in shown for view in preprocess.views(rgb.shape[1], rgb.shape[0])]


def both_ways(published: dict[str, Any], shown: list[Rgb]) -> tuple[torch.Tensor, torch.Tensor]:
    """Prepare all views of pictures as a CPU does, and as a GPU does."""
    preprocess = Preprocessing.of(published)
    views = views_of(preprocess, shown)
    ways = (Device(CPU, preprocess, torch.float32, resizes=resizes) for resizes in (False, True))
    by_pillow, on_device = (way.prepare(views) for way in ways)
    return by_pillow, on_device


@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
@pytest.mark.parametrize("published", [PREPROCESS, ONE_SQUARE], ids=["squashed", "several squares"])
def test_a_device_resizes_as_pillow_does(published: dict[str, Any], interpolation: str) -> None:
    """To one step of brightness, and in nearly all pixels exactly: at any size, also between pixels."""
    by_pillow, on_device = both_ways({**published, "interpolation": interpolation}, frames())

    difference = (by_pillow - on_device).abs() / LEVEL
    assert by_pillow.shape == on_device.shape
    assert difference.max() <= 1.01
    assert (difference > 0.5).float().mean() < 0.001


def test_views_come_back_in_their_order_whatever_their_sizes() -> None:
    """Though those of one size are resized together."""
    preprocess = Preprocessing.of(ONE_SQUARE)
    shown = frames()
    mixed = views_of(preprocess, [shown[0], shown[6], shown[1], shown[7], shown[2], shown[6]])
    device = Device(CPU, preprocess, torch.float32, resizes=True)

    together = device.prepare(mixed)

    alone = torch.cat([device.prepare([one]) for one in mixed])
    assert torch.equal(together, alone)
    assert together.is_contiguous(memory_format=torch.channels_last)


def test_a_network_sees_the_same_however_pictures_were_resized() -> None:
    """By the cosine of what lite finds; frames of one shot differ by much more."""
    model = load_clip_model("lite", CPU)
    shown = frames()[:6]
    views = views_of(model.preprocess, shown)
    embedded = []
    for resizes in (False, True):
        device = Device(CPU, model.preprocess, torch.float32, resizes=resizes)
        rows = device.compute(model.network.look, device.prepare(views)).wait()[0]
        embedded.append(rows / np.linalg.norm(rows, axis=1, keepdims=True))

    assert (embedded[0] * embedded[1]).sum(axis=1).min() > 0.9999


def test_half_precision_is_what_the_network_gets() -> None:
    """Whoever resizes."""
    preprocess = Preprocessing.of(PREPROCESS)
    device = Device(CPU, preprocess, torch.bfloat16, resizes=True)
    exact = Device(CPU, preprocess, torch.float32, resizes=True)
    views = views_of(preprocess, frames()[:2])

    assert torch.equal(device.prepare(views), exact.prepare(views).to(torch.bfloat16))


def test_what_is_computed_is_float32_on_the_host() -> None:
    """And its seconds are counted."""
    torch.manual_seed(0)
    vision = {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16}
    text = {"context_length": 8, "vocab_size": 16, "width": 64, "heads": 1, "layers": 1}
    network = open_clip.CLIP(8, vision, text).eval().to(torch.bfloat16)
    device = Device(CPU, Preprocessing.of({**PREPROCESS, "size": 32}), torch.bfloat16)

    computed = device.compute(
        lambda batch: (network.encode_image(batch),), torch.zeros((2, 3, 32, 32), dtype=torch.bfloat16)
    )

    (rows,) = computed.wait()
    assert rows.dtype == np.float32
    assert rows.shape == (2, 8)
    assert computed.busy_s > 0
