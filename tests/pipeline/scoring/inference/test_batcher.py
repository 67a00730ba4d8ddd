"""Videos share batches of one size, and none of their numbers depends on whom they share them with."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import open_clip
import pytest
import torch

from tests.support.media import pictures
from tests.support.waiting import until
from worker.pipeline.scoring.clip_model import load_clip_model
from worker.pipeline.scoring.inference.batcher import Batcher
from worker.pipeline.scoring.inference.device import Device
from worker.pipeline.scoring.inference.whole_frame import Preprocessing
from worker.weights.lite import PREPROCESS

if TYPE_CHECKING:
    from collections.abc import Callable

    from worker.pipeline.scoring.inference.device import Tower

CPU = torch.device("cpu")
BLACK = torch.zeros((1, 3, 1, 1))
SIZE = 8  #: of a batch
SEED = 0


def device(dtype: torch.dtype = torch.float32) -> Device:
    """Return the CPU as a device."""
    return Device(CPU, Preprocessing.of(PREPROCESS), dtype)


def numbered(*numbers: float) -> torch.Tensor:
    """Make views of one pixel, which carry a number."""
    return torch.tensor(numbers)[:, None, None, None].expand(-1, 3, 1, 1)


class HeldBatcher:
    """A batcher whose tower reads the numbers of views, and waits in its first batch until it is told."""

    def __init__(self, *, mixes: bool, fails_at: float = np.inf) -> None:
        self.go, self._fails_at = threading.Event(), fails_at
        self.batches: list[list[float]] = []
        self.batcher = Batcher(device(), self._read, BLACK, mixes=mixes)

    def _read(self, batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
        self.batches.append(batch[:, 0, 0, 0].tolist())
        assert self.go.wait(timeout=60)
        if (batch == self._fails_at).any():
            raise RuntimeError("out of memory")
        return (batch[:, 0, 0, 0],)

    def bring_while_busy(self, *requests: torch.Tensor) -> list[Callable[[], list[float]]]:
        """Bring views in the order given while a batch is computed; return what waits for each result."""
        pool = ThreadPoolExecutor(len(requests) + 1)
        first = pool.submit(self.batcher.compute, numbered(-1), SIZE)
        until(lambda: self.batches)
        asked = []
        for number, views in enumerate(requests, start=1):
            asked.append(pool.submit(self.batcher.compute, views, SIZE))
            until(lambda number=number: len(self.batcher._waiting) == number)  # noqa: SLF001
        self.go.set()
        first.result(timeout=60)
        pool.shutdown()
        return [lambda one=one: one.result()[0].tolist() for one in asked]


def test_what_waits_for_a_busy_device_fills_one_batch() -> None:
    """Three videos, one batch, and each gets its own numbers back."""
    line = HeldBatcher(mixes=True)

    results = line.bring_while_busy(numbered(1, 2, 3), numbered(4, 5, 6), numbered(7, 8))

    assert line.batches[1:] == [[1, 2, 3, 4, 5, 6, 7, 8]]
    assert [result() for result in results] == [[1, 2, 3], [4, 5, 6], [7, 8]]


def test_views_that_find_no_place_come_into_the_next_batch() -> None:
    """In their order: a request may lie in two batches."""
    line = HeldBatcher(mixes=True)

    results = line.bring_while_busy(numbered(1, 2, 3, 4, 5), numbered(6, 7, 8, 9, 10), numbered(11))

    assert line.batches[1:] == [[1, 2, 3, 4, 5, 6, 7, 8], [9, 10, 11, 0, 0, 0, 0, 0]]
    assert [result() for result in results] == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [11]]


def test_an_idle_device_waits_for_nobody() -> None:
    """A video that comes alone is computed at once, in a batch of the same size."""
    line = HeldBatcher(mixes=True)
    line.go.set()

    assert line.batcher.compute(numbered(5), SIZE)[0].tolist() == [5]
    assert line.batches == [[5, 0, 0, 0, 0, 0, 0, 0]]


def test_where_company_would_change_numbers_no_batch_is_shared() -> None:
    """Each video has batches of its own then, filled up."""
    line = HeldBatcher(mixes=False)

    results = line.bring_while_busy(numbered(1, 2), numbered(3))

    assert line.batches[1:] == [[1, 2, *[0] * 6], [3, *[0] * 7]]
    assert [result() for result in results] == [[1, 2], [3]]


def test_an_error_meets_those_in_the_batch_and_nobody_else() -> None:
    """Also the one whose other half would have come into the next batch, which goes on without it."""
    line = HeldBatcher(mixes=True, fails_at=2)

    failed, cut, well = line.bring_while_busy(numbered(1, 2, 3, 4, 5), numbered(*range(10, 18)), numbered(7))

    for result in (failed, cut):
        with pytest.raises(RuntimeError, match="out of memory"):
            result()
    assert well() == [7]


def test_batches_are_counted_with_their_places() -> None:
    """So an operator sees how full they are, and whether jobs wait for the model."""
    line = HeldBatcher(mixes=True)
    noted: list[tuple[int, int]] = []
    line.batcher.note = lambda views, places, waited_s, busy_s: (
        noted.append((views, places)) if waited_s >= 0 and busy_s > 0 else None
    )

    for result in line.bring_while_busy(numbered(1, 2, 3), numbered(4, 5)):
        result()

    assert sorted(noted) == [(1, SIZE), (5, SIZE)]


def test_a_network_for_which_the_place_counts_is_found_out() -> None:
    """Then views of several videos may share no batch."""

    def by_place(batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (batch.mean(dim=(1, 2, 3)) + torch.arange(len(batch)) // 6 * 1e-6,)

    def by_company(batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (batch[:, 0, 0, 0] + batch.mean() * 1e-6,)

    def by_itself(batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (batch.mean(dim=(1, 2, 3)),)

    def is_free(tower: Tower) -> bool:
        return Batcher(device(), tower, BLACK).is_place_free(SIZE)

    assert not is_free(by_place)
    assert not is_free(by_company)
    assert is_free(by_itself)


def lite() -> tuple[Tower, Preprocessing, torch.dtype]:
    """Return the bundled network."""
    model = load_clip_model("lite", CPU)
    return model.network.look, model.preprocess, torch.float32


def vit(dtype: torch.dtype) -> tuple[Tower, Preprocessing, torch.dtype]:
    """Return a vision transformer of open_clip with random weights, two layers of a ViT-B/32's width."""
    torch.manual_seed(SEED)
    vision = {"image_size": 224, "layers": 2, "width": 768, "patch_size": 32}
    text = {"context_length": 8, "vocab_size": 16, "width": 64, "heads": 1, "layers": 1}
    network = open_clip.CLIP(64, vision, text).eval()
    open_clip.model.convert_weights_to_lp(network, dtype)
    preprocess = Preprocessing.of({**PREPROCESS, "size": 224})
    return lambda batch: (network.encode_image(batch),), preprocess, dtype


NETWORKS = {
    "lite": lite,
    "ViT, float32": lambda: vit(torch.float32),
    "ViT, bfloat16": lambda: vit(torch.bfloat16),
}


@pytest.mark.parametrize(("network", "size"), [("lite", 4), ("ViT, float32", SIZE), ("ViT, bfloat16", SIZE)])
def test_no_bit_of_a_picture_depends_on_its_place_or_its_neighbours(network: str, size: int) -> None:
    """Alone, at the end of a batch, or among pictures of others: on a CPU, at one size of batch."""
    tower, preprocess, dtype = NETWORKS[network]()
    device = Device(CPU, preprocess, dtype)
    frames = [*pictures.footage("bikes", 60)[::20], *pictures.footage("bigbuckbunny", 60)[::20]]
    seen = [(rgb, preprocess.views(rgb.shape[1], rgb.shape[0])[0]) for rgb in frames]
    views = device.prepare(seen)
    filler = torch.zeros_like(views[:1])
    batcher = Batcher(device, tower, filler)
    alone = np.concatenate([batcher.compute(view[None], size)[0] for view in views])

    draw = np.random.default_rng(SEED)
    for _ in range(3):
        order = draw.permutation(len(views))[:size]
        together = batcher.compute(views[torch.from_numpy(order)], size)[0]
        assert np.array_equal(together, alone[order])
    assert len({row.tobytes() for row in alone}) == len(frames)
