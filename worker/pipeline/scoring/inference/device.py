"""What computes: a CPU, or a GPU that works on its own while threads wait for it.

A GPU gets pictures as bytes, a quarter of what floats are, from pinned memory, and resizes them itself. That
goes on in a stream of its own, beside the model. What the model found is there some time later (`Computed`).

The parts for CUDA were written from PyTorch's documentation (notes/cuda.html) and have not been run on a GPU.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from worker.pipeline.frames import Rgb
    from worker.pipeline.scoring.inference.whole_frame import Preprocessing, View

Tower = Callable[[torch.Tensor], tuple[torch.Tensor, ...]]


@dataclass(frozen=True, slots=True)
class Computed:
    """What a tower finds in one batch; on a GPU it may still be under way."""

    rows: tuple[torch.Tensor, ...]  #: float32 on the host
    took_s: float = 0.0  #: on a CPU
    began: torch.cuda.Event | None = None
    ended: torch.cuda.Event | None = None

    def wait(self) -> tuple[NDArray[np.float32], ...]:
        """Wait until it is there; other threads go on meanwhile."""
        if self.ended is not None:
            self.ended.synchronize()
        return tuple(one.numpy() for one in self.rows)

    @property
    def busy_s(self) -> float:
        """Seconds that the device took; only after `wait`."""
        if self.began is None or self.ended is None:
            return self.took_s
        return float(self.began.elapsed_time(self.ended)) / 1000


class Device:
    """Where one model is; safe to share between threads."""

    def __init__(
        self,
        device: torch.device,
        preprocess: Preprocessing,
        dtype: torch.dtype,
        *,
        resizes: bool | None = None,
    ) -> None:
        """Prepare pictures for one model.

        Args:
            device: where it is.
            preprocess: how it wants its pictures.
            dtype: what it takes.
            resizes: whether the device resizes pictures; None: a GPU of CUDA does.
        """
        self.device, self._preprocess, self._dtype = device, preprocess, dtype
        self._is_cuda = device.type == "cuda"
        self._resizes = self._is_cuda if resizes is None else resizes
        self._uploads = torch.cuda.Stream(device) if self._is_cuda else None  # type: ignore[no-untyped-call]

    @torch.inference_mode()
    def prepare(self, seen: Sequence[tuple[Rgb, View]]) -> torch.Tensor:
        """Bring views of pictures to the device, as the model wants them.

        Args:
            seen: n pictures, (height, width, 3) uint8 RGB of any sizes, each with a view of it.

        Returns:
            (n, 3, height_px, width_px) in the model's dtype and the memory format channels_last.
        """
        if not self._resizes:
            cuts = [self._preprocess.cut(rgb, view) for rgb, view in seen]
            return self._preprocess.tensor(cuts, self.device).to(self._dtype)
        with torch.cuda.stream(self._uploads) if self._uploads else nullcontext():
            prepared = self._resized(seen)
        if self._uploads:
            self._uploads.synchronize()
        return prepared

    @torch.inference_mode()
    def compute(self, tower: Tower, batch: torch.Tensor) -> Computed:
        """Let a tower look at a batch; a GPU has not finished when this returns."""
        if not self._is_cuda:
            began_s = time.perf_counter()
            rows = tuple(found.float().cpu() for found in tower(batch))
            return Computed(rows, time.perf_counter() - began_s)
        began, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        began.record()
        rows = tuple(_to_pinned(found.float()) for found in tower(batch))
        ended.record()
        return Computed(rows, began=began, ended=ended)

    def _resized(self, seen: Sequence[tuple[Rgb, View]]) -> torch.Tensor:
        alike = defaultdict(list)
        for index, (rgb, view) in enumerate(seen):
            alike[rgb.shape, view].append(index)
        prepared = torch.empty(
            (len(seen), 3, self._preprocess.height_px, self._preprocess.width_px),
            dtype=self._dtype,
            device=self.device,
            memory_format=torch.channels_last,
        )
        for (_, view), indices in alike.items():
            pictures = self._upload(np.stack([seen[index][0] for index in indices]))
            prepared[indices] = self._preprocess.resized(pictures, view).to(self._dtype)
        return prepared

    def _upload(self, pixels: NDArray[np.uint8]) -> torch.Tensor:
        host = torch.from_numpy(pixels)
        return host.pin_memory().to(self.device, non_blocking=True) if self._is_cuda else host.to(self.device)


def _to_pinned(found: torch.Tensor) -> torch.Tensor:
    host: Any = torch.empty(found.shape, dtype=found.dtype, pin_memory=True)
    return host.copy_(found, non_blocking=True)  # type: ignore[no-any-return]
