"""One model for many threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any

from worker.pipeline.clip_scorer import ClipScorer

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import torch
    from numpy.typing import NDArray


class SharedScorer(ClipScorer):
    """A scorer whose model works on one batch at a time, whichever thread brings it.

    Threads prepare their pictures side by side, and wait in line for the model with one batch each. So none
    waits longer than one batch of every other, the processor's caches serve one batch, and an error meets the
    thread that brought the batch.

    Pictures of different videos never share a batch, because the size of a batch decides how the last bits
    are rounded (by up to 2e-7 with lite), and a run must not depend on what else was running. It
    would save little: a video has a few hundred candidates, and only its last batch is not full.
    """

    @cached_property
    def _line(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(1, thread_name_prefix="model")

    def _run(self, tower: Callable[[Any], torch.Tensor], batch: torch.Tensor) -> NDArray[np.float32]:
        return self._line.submit(super()._run, tower, batch).result()
