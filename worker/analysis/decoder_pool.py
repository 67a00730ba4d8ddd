"""The decode processes of one worker, kept warm from video to video."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from worker.pipeline.sandbox.decoder import Decoder

if TYPE_CHECKING:
    from collections.abc import Iterator


class Decoders:
    """As many decoders as jobs run at once, each lent to one job at a time. Use as a context manager."""

    def __init__(self, count: int) -> None:
        self._all = [Decoder() for _ in range(count)]
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
    def lend(self) -> Iterator[Decoder]:
        """Lend a decoder to one job until the block ends."""
        decoder = self._idle.pop()
        try:
            yield decoder
        finally:
            self._idle.append(decoder)
