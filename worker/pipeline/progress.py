"""How far a run is, stage by stage, and how long each stage took."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Progress = Callable[[str, float], None]
"""Called with the stage ("probe", "scan", "score", "judge", "pick" or "stills") and the fraction of it done,
0..1; again and again while a stage goes on. What it raises ends the run."""


class Stopwatch:
    """Times the stages of one run, and reports how far each is."""

    def __init__(self, on_progress: Progress) -> None:
        self._on_progress = on_progress
        self.timings_s: dict[str, float] = {}  #: seconds by stage, in the order in which they ended

    @contextmanager
    def stage(self, name: str) -> Iterator[Callable[[float], None]]:
        """Time one stage; yield the function that takes the fraction of it done, 0..1."""
        self._on_progress(name, 0.0)
        start_s = time.monotonic()
        yield partial(self._on_progress, name)
        self.timings_s[name] = time.monotonic() - start_s
        self._on_progress(name, 1.0)
