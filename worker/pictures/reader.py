"""The parent of the process that reads a picture: it writes, listens for a while, and believes nothing."""

from __future__ import annotations

import contextlib
import signal
import struct
import subprocess
import threading
from typing import TYPE_CHECKING, NamedTuple

from worker.confinement import confine
from worker.confinement.start import start
from worker.pictures.answer import (
    HEAD,
    MAX_BYTES,
    MAX_JPEG_BYTES,
    MAX_SIDE_PX,
    MIN_SIDE_PX,
    PictureVerdict,
)
from worker.pictures.jpeg_size import jpeg_size

if TYPE_CHECKING:
    from typing import IO

MODULE = "worker.pictures.serve"
WALL_S = 10.0  #: for all of it; the child has 5 s of processor time, and the machine may be busy
_KILL_WAIT_S = 5.0  # a killed process may hang in the kernel for a moment

WAIT_S = 4.0  #: for one's turn; whoever waits holds a thread that answers others

# Each may take hundreds of megabytes; the next ones wait.
_few_at_once = threading.BoundedSemaphore(2)


class PictureReading(NamedTuple):
    """What became of a file."""

    verdict: PictureVerdict
    width_px: int = 0  #: 0 where it is not known
    height_px: int = 0
    jpeg: bytes = b""  #: only of a picture


def read_picture(data: bytes, wall_s: float = WALL_S) -> PictureReading:
    """Have a file made into an upright JPEG without metadata, in a process of its own. Nothing is raised.

    Args:
        data: a file of at most `answer.MAX_BYTES`.
        wall_s: after this time the process is killed.
    """
    if not _few_at_once.acquire(timeout=WAIT_S):
        return PictureReading(PictureVerdict.BUSY)
    try:
        return _read(data, wall_s)
    finally:
        _few_at_once.release()


def _read(data: bytes, wall_s: float) -> PictureReading:
    confine.hide_memory()  # a child of the same user could read it
    process = start(MODULE)
    is_late = threading.Event()

    def end() -> None:
        is_late.set()
        process.kill()

    timer = threading.Timer(wall_s, end)
    timer.start()
    try:
        answer = _ask(process, data)
    finally:
        exit_code = _end(process)
        timer.cancel()
    if is_late.is_set() or exit_code == -signal.SIGXCPU:
        return PictureReading(PictureVerdict.TOO_SLOW)
    return _checked(answer)


def _ask(process: subprocess.Popen[bytes], data: bytes) -> bytes:
    """Write the file, and read until the child closes its pipe or has said more than it may.

    No wait is without an end: when its time is over the child is killed, which closes both pipes.
    """
    assert process.stdin is not None  # noqa: S101 - for the type checker
    assert process.stdout is not None  # noqa: S101
    with contextlib.suppress(BrokenPipeError):  # it died; what it said, if anything, is read all the same
        _write(process.stdin, data[: MAX_BYTES + 1])
    process.stdin.close()
    heard = bytearray()
    while len(heard) <= HEAD.size + MAX_JPEG_BYTES and (more := process.stdout.read(1 << 16)):
        heard += more
    return bytes(heard)


def _write(pipe: IO[bytes], data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[pipe.write(left) :]


def _end(process: subprocess.Popen[bytes]) -> int | None:
    """Let the process end by itself if it is about to, else kill it; return its exit code."""
    if process.stdout is not None:
        process.stdout.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.wait(0.5)
    process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.wait(_KILL_WAIT_S)
    return None


def _checked(answer: bytes) -> PictureReading:
    """Believe an answer only where all of it fits together."""
    try:
        verdict, width_px, height_px, count = HEAD.unpack_from(answer)
        said, jpeg = PictureVerdict(verdict), answer[HEAD.size :]
    except (ValueError, struct.error):
        return PictureReading(PictureVerdict.UNREADABLE)
    if said is not PictureVerdict.PICTURE:
        return PictureReading(said, width_px, height_px)
    is_whole = count == len(jpeg) <= MAX_JPEG_BYTES
    if is_whole and _is_picture(jpeg, width_px, height_px):
        return PictureReading(said, width_px, height_px, jpeg)
    return PictureReading(PictureVerdict.UNREADABLE)


def _is_picture(jpeg: bytes, width_px: int, height_px: int) -> bool:
    if min(width_px, height_px) < MIN_SIDE_PX or max(width_px, height_px) > MAX_SIDE_PX:
        return False
    try:
        return jpeg_size(jpeg) == (width_px, height_px)
    except ValueError:
        return False
