"""A small TCP proxy between a program and a server that it talks to, which does harm on request.

All proxies of a run share one thread. Harm takes effect at once, also on connections that are open.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pathlib import Path

    #: Where a server listens: a port of this machine, or a socket's path.
    Target = int | Path

CHUNK_BYTES = 65_536
POLL_S = 0.02  # how soon harm that ended is noticed
SLICE_PAUSE_S = 0.001  # so that slices arrive as packets of their own
ANSWER_TIMEOUT_S = 10.0  # of the shared thread; it waits for nothing


@dataclass
class Trap:
    """Waits for words that a program sends; from then on its connection hears nothing more."""

    words: bytes
    is_forwarded: bool  #: whether the words still reach the server
    after: bytes = b""  #: only on a connection that has said this before
    sprung: threading.Event = field(default_factory=threading.Event)


class Proxies:
    """The thread that proxies run in. Use as a context manager."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._cancel_all(), self._loop).result(ANSWER_TIMEOUT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def to(self, target: Target) -> Proxy:
        """Start a proxy to a server."""
        proxy = Proxy(target)
        asyncio.run_coroutine_threadsafe(proxy.listen(), self._loop)
        assert proxy.is_listening.wait(ANSWER_TIMEOUT_S)
        return proxy

    async def _cancel_all(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Proxy:
    """One way to a server. Set a field to do harm, and set it back, from any thread."""

    def __init__(self, target: Target) -> None:
        self.port = 0  #: where it listens
        self.latency_s = 0.0  #: every chunk waits so long, in both directions
        self.slice_bytes: int | None = None  #: chunks come in slices of at most so many bytes
        self.is_cut = False  #: connections break off, and new ones are closed at once
        self.is_half_open = False  #: connections stay open, and nothing passes
        self.answer: bytes | None = None  #: to everything that a program says, which then reaches nobody
        self.trap: Trap | None = None
        self.drops = 0  #: how often all connections were broken off
        self.is_listening = threading.Event()
        self._target = target

    def heal(self) -> None:
        """Do no harm any more."""
        self.latency_s, self.slice_bytes, self.is_cut, self.is_half_open = 0.0, None, False, False
        self.answer = self.trap = None

    def set_trap(self, words: bytes, *, is_forwarded: bool, after: bytes = b"") -> Trap:
        """Stop the next connection that says these words, and return the trap."""
        self.trap = Trap(words, is_forwarded, after)
        return self.trap

    def drop(self) -> None:
        """Break every connection off; new ones are welcome."""
        self.drops += 1

    async def listen(self) -> None:
        """Take connections until the task is cancelled."""
        async with await asyncio.start_server(self._serve, "127.0.0.1", 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            self.is_listening.set()
            await server.serve_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.CancelledError):
                if not self.is_cut:
                    await _Connection(self, (reader, writer), await self._connect()).carry()
        finally:
            writer.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._target, int):
            return await asyncio.open_connection("127.0.0.1", self._target)
        return await asyncio.open_unix_connection(self._target)


class _Connection:
    """One connection through a proxy."""

    def __init__(self, proxy: Proxy, program: Any, server: Any) -> None:
        self._proxy, self._program, self._server = proxy, program, server
        self._is_trapped = False
        self._said = b""

    async def carry(self) -> None:
        """Carry bytes both ways until one side, or somebody's harm, ends it."""
        there = asyncio.create_task(self._carry(self._program[0], self._server[1], is_from_program=True))
        back = asyncio.create_task(self._carry(self._server[0], self._program[1], is_from_program=False))
        watch = asyncio.create_task(self._watch())
        try:
            await asyncio.wait([there, back, watch], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._server[1].transport.abort()
            for task in (there, back, watch):
                task.cancel()
            await asyncio.gather(there, back, watch, return_exceptions=True)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_from_program: bool
    ) -> None:
        while chunk := await reader.read(CHUNK_BYTES):
            if is_from_program and not self._may_pass(chunk):
                continue
            if is_from_program and self._proxy.answer is not None:
                self._program[1].write(self._proxy.answer)
                continue
            await asyncio.sleep(self._proxy.latency_s)
            # Set from another thread.
            while self._proxy.is_half_open or (self._is_trapped and not is_from_program):  # noqa: ASYNC110
                await asyncio.sleep(POLL_S)
            size = self._proxy.slice_bytes or len(chunk)
            for start in range(0, len(chunk), size):
                writer.write(chunk[start : start + size])
                await writer.drain()
                if size < len(chunk):
                    await asyncio.sleep(SLICE_PAUSE_S)

    def _may_pass(self, chunk: bytes) -> bool:
        """Spring the trap where the words are there; say whether the server gets them."""
        trap = self._proxy.trap
        self._said = self._said[-CHUNK_BYTES:] + chunk if trap else b""
        if trap is None or trap.words not in chunk or trap.after not in self._said:
            return not self._is_trapped
        self._proxy.trap, self._is_trapped = None, True
        trap.sprung.set()
        return trap.is_forwarded

    async def _watch(self) -> None:
        drops = self._proxy.drops
        while not self._proxy.is_cut and drops == self._proxy.drops:  # noqa: ASYNC110 - another thread sets it
            await asyncio.sleep(POLL_S)
