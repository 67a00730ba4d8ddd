"""Hold connections open by sending next to nothing, until this process is ended.

    python -m tests.support.slow_senders PORT COUNT KIND

KIND is what a connection sends: `head` a header a second, `body` a byte of a body a second, `silent`
nothing, `idle` one whole request and then nothing. Who is hung up on comes back at once. Each connection has
a loopback address of its own (on Linux), as the machines of an attack have, so that no limit for one address
helps. A line on standard output tells when all are connected.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]

BEGINNINGS = {
    "head": b"POST /v1/events HTTP/1.1\r\nHost: x\r\n",
    "body": b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
    "silent": b"",
    "idle": b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
}
REPEATED = {"head": b"X-a: b\r\n", "body": b"a"}
PAUSE_S = 1.0
RETURN_AFTER_S = 0.01
READ_BYTES = 4096


@contextmanager
def slow_senders(port: int, count: int, kind: str) -> Iterator[None]:
    """Hold that many connections open until the end of the block, from a process of its own."""
    command = [sys.executable, "-m", "tests.support.slow_senders", str(port), str(count), kind]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            process.stdout.readline()
            yield
        finally:
            process.kill()


async def hold(port: int, number: int, kind: str, connected: asyncio.Semaphore) -> None:
    """Be one slow sender, again and again."""
    here = f"127.{1 + number // 250 // 250}.{number // 250 % 250}.{1 + number % 250}"
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(here, 0))
            connected.release()
            writer.write(BEGINNINGS[kind])
            trickle = asyncio.create_task(_trickle(writer, REPEATED.get(kind, b"")))
            try:
                while await reader.read(READ_BYTES):
                    pass  # an answer; the connection is still open
            finally:
                trickle.cancel()
                writer.close()
        await asyncio.sleep(RETURN_AFTER_S)


async def _trickle(writer: asyncio.StreamWriter, part: bytes) -> None:
    while part:
        await asyncio.sleep(PAUSE_S)
        writer.write(part)


async def hold_all(port: int, count: int, kind: str) -> None:
    """Be all of them."""
    connected = asyncio.Semaphore(0)
    holders = [asyncio.create_task(hold(port, number, kind, connected)) for number in range(count)]
    for _ in range(count):
        await connected.acquire()
    print("connected", flush=True)
    await asyncio.gather(*holders)


if __name__ == "__main__":
    asyncio.run(hold_all(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
