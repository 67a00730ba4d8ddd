"""Batches of one size for a model that several videos share.

Every batch has its full size, what is missing filled up with black, because the size of a batch decides how
the last bits are rounded (by up to 2e-7 with lite). Where the place in a batch and its company decide
nothing, views of several videos share one: a device that is busy gets full batches, and one that is idle
waits for nobody. So the numbers of a view depend on that view only.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from worker.pipeline.scoring.inference.device import Computed, Device, Tower

Result = TypeVar("Result")

# Batches that the device has at once: while it computes one, the next is ready. The others wait here, where
# they still gather company.
_AHEAD = 2


class _Batch(NamedTuple):
    computed: Computed
    views: int
    waited_s: float  # by all its requests together


class _Request:
    """Views of one video, no more than a batch has places."""

    def __init__(self, views: torch.Tensor, size: int) -> None:
        self.views, self.size = views, size
        self.taken = 0  # of its views, by batches
        self.parts: list[tuple[_Batch, slice]] = []
        self.found: Future[list[tuple[_Batch, slice]]] = Future()
        self.asked_s = time.monotonic()


@dataclass(frozen=True, slots=True)
class _Share:
    """The views of one request that are in one batch."""

    request: _Request
    start: int  # in the request
    count: int

    @property
    def views(self) -> torch.Tensor:
        return self.request.views[self.start : self.start + self.count]

    def fail(self, error: Exception) -> None:
        if not self.request.found.done():
            self.request.found.set_exception(error)

    def succeed(self, batch: _Batch, place: int) -> None:
        request = self.request
        request.parts.append((batch, slice(place, place + self.count)))
        if self.start + self.count == len(request.views) and not request.found.done():
            request.found.set_result(request.parts)


class Batcher:
    """Computes what several threads bring, batch by batch, in a thread of its own.

    An error meets the threads whose views were in the batch.
    """

    def __init__(self, device: Device, tower: Tower, filler: torch.Tensor, *, mixes: bool = False) -> None:
        """Share a tower.

        Args:
            device: where it is.
            tower: (n, 3, height, width) -> tensors of n rows each.
            filler: (1, 3, height, width), what fills up a batch.
            mixes: whether views of several videos may share a batch.
        """
        self.mixes = mixes
        self.note: Callable[[int, int, float, float], None] = lambda *_: None  #: as `metrics.note_batch`
        self._device, self._tower, self._filler = device, tower, filler
        self._line = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._waiting: deque[_Request] = deque()
        self._lock = threading.Lock()
        self._ahead: deque[Computed] = deque()

    def call(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Call a function in the thread of the batches, between two of them."""
        return self._line.submit(function, *arguments).result()

    def compute(self, views: torch.Tensor, size: int) -> list[NDArray[np.float32]]:
        """Compute a few views, at most one batch, and wait for what is found.

        Args:
            views: (n, 3, height, width), on the device; n is at most `size`.
            size: of a batch.

        Returns:
            What the tower finds, n rows each.
        """
        request = _Request(views, size)
        with self._lock:
            self._waiting.append(request)
        # A batch completes at least the request that it begins with, so one for each request is enough.
        self._line.submit(self._compute_next)
        parts = [self._rows(batch, places, size) for batch, places in request.found.result()]
        return [np.concatenate(rows) for rows in zip(*parts, strict=True)]

    def is_place_free(self, size: int) -> bool:
        """Find out whether neither its place in a batch nor its company changes a bit of a view.

        Not so where a library divides the work on a batch in another way for its first views than for its
        last ones.
        """
        noise = torch.randn((size, *self._filler.shape[1:]), generator=torch.Generator().manual_seed(0))
        views = noise.to(self._filler).contiguous(memory_format=torch.channels_last)
        others = views.flip(0).contiguous(memory_format=torch.channels_last)
        others[::2] = self._filler
        pairs = zip(self.compute(views, size), self.compute(others, size), strict=True)
        return all(np.array_equal(first[::-1][1::2], second[1::2]) for first, second in pairs)

    def _rows(self, batch: _Batch, places: slice, size: int) -> list[NDArray[np.float32]]:
        rows = [found[places] for found in batch.computed.wait()]
        if places.start == 0:  # who brought the first view counts the batch
            self.note(batch.views, size, batch.waited_s, batch.computed.busy_s)
        return rows

    def _compute_next(self) -> None:
        if len(self._ahead) == _AHEAD:
            with suppress(RuntimeError):  # it meets those who wait for that batch
                self._ahead.popleft().wait()
        if not (shares := self._take()):
            return
        waited_s = sum(time.monotonic() - share.request.asked_s for share in shares if not share.start)
        try:
            computed = self._device.compute(self._tower, self._filled(shares))
        except Exception as error:  # noqa: BLE001 - of every kind: the threads that wait have to know
            for share in shares:
                share.fail(error)
            return
        self._ahead.append(computed)
        batch, place = _Batch(computed, sum(share.count for share in shares), waited_s), 0
        for share in shares:
            share.succeed(batch, place)
            place += share.count

    def _take(self) -> list[_Share]:
        """Take the views of the next batch from the line, the oldest first."""
        shares: list[_Share] = []
        with self._lock:
            while self._waiting and self._waiting[0].found.done():  # a batch with its first views has failed
                self._waiting.popleft()
            room = size = self._waiting[0].size if self._waiting else 0
            for request in [one for one in self._waiting if one.size == size]:
                share = _Share(request, request.taken, min(room, len(request.views) - request.taken))
                shares.append(share)
                request.taken += share.count
                room -= share.count
                if request.taken == len(request.views):
                    self._waiting.remove(request)
                if not room or not self.mixes:
                    break
        return shares

    def _filled(self, shares: Sequence[_Share]) -> torch.Tensor:
        """Put views into one batch, and fill it up."""
        size = shares[0].request.size
        if shares[0].count == size:
            return shares[0].views
        batch = torch.empty(
            (size, *self._filler.shape[1:]),
            dtype=self._filler.dtype,
            device=self._filler.device,
            memory_format=torch.channels_last,
        )
        place = 0
        for share in shares:
            batch[place : place + share.count] = share.views
            place += share.count
        batch[place:] = self._filler
        return batch
