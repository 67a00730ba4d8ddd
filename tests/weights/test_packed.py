"""Packed convolutions find what the layers found, and the same on any number of threads."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from worker.weights import packed
from worker.weights.lite import load_lite
from worker.weights.lite_taste import TastingLite, load_branch
from worker.weights.packed import PackedConvolution, pack_convolutions

if TYPE_CHECKING:
    from collections.abc import Iterator

needs_onednn = pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(), reason="PyTorch was built without oneDNN"
)


@pytest.fixture
def _threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    """Return a batch, as `Preprocessing.tensor` gives it."""
    noise = torch.rand((4, 3, 192, 320), generator=torch.Generator().manual_seed(0))
    return (2 * noise - 1).contiguous(memory_format=torch.channels_last)


def network() -> TastingLite:
    """Return the bundled network, as it is loaded."""
    return TastingLite(load_lite()[0], load_branch()).eval()


@needs_onednn
@pytest.mark.usefixtures("_threads")
@torch.inference_mode()
def test_the_packed_network_sees_the_same_on_any_number_of_threads(pictures: torch.Tensor) -> None:
    """On one core as on eight; and it is what the network was trained to see."""
    own = network()
    seen = own.look(pictures)
    pack_convolutions(own)
    torch.set_num_threads(1)
    alone = own.look(pictures)

    assert all(torch.allclose(*pair, rtol=1e-4, atol=1e-4) for pair in zip(alone, seen, strict=True))
    for threads in (2, 3, 8):
        torch.set_num_threads(threads)
        assert all(torch.equal(*pair) for pair in zip(own.look(pictures), alone, strict=True))


def test_a_network_stays_as_it_is_where_pytorch_cannot_pack_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a Mac, or where a later PyTorch has other names for it."""
    monkeypatch.setattr(packed, "_OPERATIONS", SimpleNamespace())
    plain = nn.Sequential(nn.Conv2d(8, 8, 3), nn.ReLU6())

    pack_convolutions(plain)

    assert [type(layer) for layer in plain] == [nn.Conv2d, nn.ReLU6]


@needs_onednn
@torch.inference_mode()
def test_only_what_lies_right_behind_a_layer_is_packed_with_it() -> None:
    """Another activation, or one behind something else, stays where it is."""
    plain = nn.Sequential(
        nn.Conv2d(8, 8, 3, padding=1), nn.ReLU6(), nn.Conv2d(8, 8, 1, bias=False), nn.Sigmoid(), nn.ReLU6()
    )
    states = 9 * torch.randn(1, 8, 12, 20, generator=torch.Generator().manual_seed(0))
    wanted = plain(states)

    pack_convolutions(plain)

    kinds = [PackedConvolution, nn.Identity, PackedConvolution, nn.Sigmoid, nn.ReLU6]
    assert [type(layer) for layer in plain] == kinds
    assert torch.allclose(plain(states), wanted, atol=1e-5)
