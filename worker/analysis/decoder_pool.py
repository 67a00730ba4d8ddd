"""The decode processes of one worker, each warm before its video is there."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from worker import metrics
from worker.pipeline.sandbox.decoder import Decoder
from worker.pipeline.sandbox.places import Places

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Decoders:
    """As many decoders as jobs run at once, each lent to one job at a time. Use as a context manager.

    A job keeps its decoder until its stills are taken, since another video needs a fresh one. Only so many
    work at once; what waits for the model takes no core from them.
    """

    def __init__(self, count: int, at_once: int | None = None) -> None:
        """Make `count` decoders, of which `at_once` work at once; None for all of them."""
        places = Places(min(at_once or count, count), metrics.note_decoding)
        self._all = [Decoder(places=places) for _ in range(count)]
        self._idle = list(self._all)

    def __enter__(self) -> Self:
        """Start all children; they load their libraries meanwhile."""
        for decoder in self._all:
            decoder.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """Kill all children."""
        for decoder in self._all:
            decoder.close()

    @contextmanager
    def lend(self, folder: Path) -> Iterator[Decoder]:
        """Lend a decoder to one job until the block ends; it reads the files of that job's folder only."""
        decoder = self._idle.pop()
        try:
            decoder.begin(folder)
            yield decoder
        finally:
            # The next job downloads its video while a fresh child loads its libraries.
            decoder.renew()
            self._idle.append(decoder)
