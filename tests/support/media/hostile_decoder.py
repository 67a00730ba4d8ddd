"""What a hostile decoder might do, run inside the real decode process."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from worker.pipeline.sandbox.decoder import Decoder


def call(
    decoder: Decoder, act: str, *arguments: Any, wall_s: float = 30.0, cpu_s: float | None = None
) -> Any:
    """Do one of the acts below in the decoder's child."""
    return decoder.run(globals()[act], *arguments, label="hostile.mp4", wall_s=wall_s, cpu_s=cpu_s)


def process_id() -> int:
    """Tell the child's process id."""
    return os.getpid()


def crash() -> None:
    """Read from address 0."""
    ctypes.string_at(0)


class _Fatal:
    def __reduce__(self) -> tuple[type, tuple[()]]:
        os.kill(os.getpid(), signal.SIGKILL)
        return _Fatal, ()


def die_while_answering() -> _Fatal:
    """Be killed while the answer is being sent."""
    return _Fatal()


def hang() -> None:
    """Never come back."""
    time.sleep(600)


def hoard() -> None:
    """Ask for more memory than the child may have."""
    bytearray(1 << 33)


def spin() -> None:
    """Burn processor time."""
    while True:
        pass


def environment() -> tuple[dict[str, str], bytes]:
    """Tell the environment as the process and as the kernel see it."""
    view = Path("/proc/self/environ")
    return dict(os.environ), view.read_bytes() if view.exists() else b""


def write(path: str) -> None:
    """Write a file."""
    Path(path).write_bytes(b"loot")


def open_files_limit() -> int:
    """Tell how many files may be open."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def open_socket(family: int) -> None:
    """Reach for another process."""
    socket.socket(family).close()


def start_program() -> None:
    """Run something else."""
    os.execv(sys.executable, [sys.executable, "-c", ""])  # noqa: S606 - what is tried
