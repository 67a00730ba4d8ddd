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

from worker.pipeline.sandbox.serve import ANSWERS

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


def die_while_answering() -> None:
    """Be killed while the answer is being sent."""
    os.write(ANSWERS, b"ANS1\0\0\0\x40{")
    os.kill(os.getpid(), signal.SIGKILL)


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


def environment() -> tuple[list[str], str]:
    """Tell the names in the environment as the process sees it, and the text that the kernel shows of it."""
    view = Path("/proc/self/environ")
    return list(os.environ), view.read_text(errors="replace") if view.exists() else ""


def open_files() -> list[str]:
    """Tell what files are open, and as which number."""
    numbers = list(Path("/proc/self/fd").iterdir())
    return [f"{number.name} {number.readlink()}" for number in numbers if number.exists()]


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
