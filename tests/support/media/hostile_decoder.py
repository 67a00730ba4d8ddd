"""What a hostile decoder might do, run inside the real decode process."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import importlib
import os
import resource
import signal
import socket
import stat
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from worker.confinement import confine
from worker.confinement.pipes import ANSWERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.pipeline.sandbox.decoder import Decoder

READS = [Path(__file__).parents[2]]
"""What a child has to read besides videos: a sealed one imports its acts from here."""


def call(
    decoder: Decoder,
    act: str,
    *arguments: Any,
    wall_s: float = 30.0,
    cpu_s: float | None = None,
    videos: Sequence[Path] = (),
) -> Any:
    """Do one of the acts below in the decoder's child, which may read some videos."""
    task = (globals()[act], *arguments)
    return decoder.run(*task, label="hostile.mp4", wall_s=wall_s, cpu_s=cpu_s, reads=[*READS, *videos])


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


def environment() -> tuple[list[str], bool]:
    """Tell the names in the environment, and whether the memory it came in still shows any of it."""
    return list(os.environ), confine.shows_environment()


def open_files() -> list[tuple[int, bool, int]]:
    """Tell what files are open: as which number, whether it is a pipe, and which device it is."""
    found = []
    for number in range(open_files_limit()):
        with contextlib.suppress(OSError):
            facts = os.fstat(number)
            found.append((number, stat.S_ISFIFO(facts.st_mode), facts.st_rdev))
    return found


def read(path: str) -> int:
    """Read a file, and tell how many bytes it has."""
    return len(Path(path).read_bytes())


def make_call(number: int, *arguments: int) -> str:
    """Make a system call, and tell its error by name; nothing where there was none."""
    library = ctypes.CDLL(None, use_errno=True)
    answer = library.syscall(ctypes.c_long(number), *[ctypes.c_long(argument) for argument in arguments])
    return errno.errorcode[ctypes.get_errno()] if answer < 0 else ""


def load(module: str) -> str:
    """Load a module, and tell its name."""
    return importlib.import_module(module).__name__


def start_thread() -> str:
    """Let another thread do something."""
    said: list[str] = []
    thread = threading.Thread(target=said.append, args=("done",))
    thread.start()
    thread.join()
    return said[0]


def write(path: str) -> None:
    """Write a file."""
    Path(path).write_bytes(b"loot")


def open_files_limit() -> int:
    """Tell how many files may be open."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def file_size_limit() -> int:
    """Tell how many bytes a file may have that it writes."""
    return resource.getrlimit(resource.RLIMIT_FSIZE)[0]


def open_socket(family: int) -> None:
    """Reach for another process."""
    socket.socket(family).close()


def start_program() -> None:
    """Run something else."""
    os.execv(sys.executable, [sys.executable, "-c", ""])  # noqa: S606 - what is tried
