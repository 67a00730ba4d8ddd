"""What keeps an exploited decoder from reaching others, and the report of what is in force."""

from __future__ import annotations

import os
import platform
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.media import hostile_decoder
from tests.support.media.odd_files import KINDS
from tests.support.sandbox import sealed_process
from worker.confinement import landlock
from worker.errors import UnreadableVideo
from worker.pipeline.sandbox.barriers import try_barriers
from worker.pipeline.sandbox.decoder import Decoder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's means exist on Linux only")

needs_landlock = pytest.mark.skipif(landlock.version() == 0, reason="the kernel has no Landlock")
on_x86_64 = pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are those of x86-64")

OTHERS = {
    "network",
    "programs",
    "processes",
    "signals",
    "worker",
    "kernel",
    "files",
    "reading",
}


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    """Return a warm decoder for the module."""
    with Decoder() as decoder:
        yield decoder


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file that may be lost, alone in its folder."""
    file = tmp_path / "precious"
    file.write_bytes(b"x")
    return file


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6, socket.AF_UNIX])
def test_the_child_opens_no_socket(decoder: Decoder, family: socket.AddressFamily) -> None:
    """Neither to the network, nor to the socket of a database on this machine."""
    with pytest.raises(UnreadableVideo) as caught:
        hostile_decoder.call(decoder, "open_socket", int(family))
    assert isinstance(caught.value.__cause__, PermissionError)


def test_the_child_starts_no_program(decoder: Decoder) -> None:
    """Not even in its own place."""
    with pytest.raises(UnreadableVideo) as caught:
        hostile_decoder.call(decoder, "start_program")
    assert isinstance(caught.value.__cause__, PermissionError)


@needs_landlock
def test_the_child_reads_its_video_and_no_other_file(
    decoder: Decoder, numbered_clip: Path, bikes_clip: Path, file: Path
) -> None:
    """Neither a secret, nor the video of another job."""
    assert hostile_decoder.call(decoder, "read", str(numbered_clip), videos=[numbered_clip])
    for other in (bikes_clip, file, "/etc/passwd", "/proc/self/environ"):
        with pytest.raises(UnreadableVideo) as caught:
            hostile_decoder.call(decoder, "read", str(other), videos=[numbered_clip])
        assert isinstance(caught.value.__cause__, PermissionError)


def test_the_child_is_sealed_while_it_has_one_thread(decoder: Decoder) -> None:
    """Landlock holds for a thread and those that it starts: another one would be a way out."""
    assert sealed_process.threads_when_warm() == 1
    assert hostile_decoder.call(decoder, "start_thread") == "done"


def test_libraries_may_load_more_of_themselves(decoder: Decoder) -> None:
    """PyAV does, when it meets the first file with subtitles."""
    assert hostile_decoder.call(decoder, "process_id")  # sealed from here on
    assert hostile_decoder.call(decoder, "load", "av.subtitles.stream") == "av.subtitles.stream"


@pytest.mark.parametrize("name", ["anamorphic", "DV, avi"])
def test_libraries_may_write_code_for_themselves(decoder: Decoder, tmp_path: Path, name: str) -> None:
    """FFmpeg does, to change the width of a picture."""
    kind = next(kind for kind in KINDS if kind.name == name)
    path = tmp_path / kind.file_name
    kind.make(path)

    assert decoder.scan(decoder.probe(path)).candidates


@on_x86_64
@pytest.mark.parametrize(
    ("call", "error"),
    [
        ((62, os.getpid(), 0), "EPERM"),  # kill another process
        ((72, 0, 8, os.getpid()), "EPERM"),  # fcntl F_SETOWN: let another process get signals
        ((302, os.getpid(), 7, 0, 0), "EPERM"),  # prlimit64 of another process
        ((157, 4, 1), "EPERM"),  # prctl PR_SET_DUMPABLE
        ((9, 0, 4096, 7, 0x22, -1, 0), "EPERM"),  # mmap of memory to be written and run
        ((56, 0x10000000), "EPERM"),  # clone with a user namespace of its own
        ((435, 0, 0), "ENOSYS"),  # clone3
        ((437, 0, 0, 0, 0), "ENOSYS"),  # openat2
        ((sealed_process.X32_BIT | 39,), "EPERM"),  # getpid by its second number
        ((39,), ""),  # getpid
    ],
)
def test_calls_are_judged_by_their_arguments(decoder: Decoder, call: tuple[int, ...], error: str) -> None:
    """What one argument makes harmless, another one makes a way out."""
    assert hostile_decoder.call(decoder, "make_call", *call) == error


def test_a_process_of_the_same_user_cannot_look_into_a_worker() -> None:
    """Once it has a decoder: neither at its environment, nor at its memory or open files."""
    assert set(sealed_process.seen_of_parent(is_hidden=False)) >= {"environ", "maps", "fd"}
    assert sealed_process.seen_of_parent(is_hidden=True) == []


def test_every_barrier_is_found_in_force(decoder: Decoder, numbered_clip: Path) -> None:
    """In a real decode process, after another one has worked."""
    decoder.probe(numbered_clip)

    barriers = try_barriers(decoder)

    missing = {barrier.name for barrier in barriers if not barrier.holds}
    assert missing <= (set() if landlock.version() else {"reading"})
    assert {barrier.name for barrier in barriers} >= OTHERS | {"privileges", "memory", "parent"}


def test_a_barrier_that_is_missing_is_found_missing(file: Path) -> None:
    """The same tries in a process that nobody confined: the report says what that means."""
    missing = sealed_process.missing_barriers(file, "all")

    # What else is missing depends on how these tests are run: a container may limit them, too.
    assert missing.keys() >= {
        "network",
        "programs",
        "processes",
        "signals",
        "files",
        "reading",
        "secrets",
    }
    assert all(missing.values())


def test_a_kernel_without_landlock_lets_the_child_read_more_and_nothing_else(file: Path) -> None:
    """The filter of system calls holds by itself."""
    assert sealed_process.missing_barriers(file, "landlock").keys() & OTHERS == {"reading"}


@needs_landlock
def test_a_processor_without_a_filter_leaves_what_landlock_keeps(file: Path) -> None:
    """Other files, and the worker's memory; the report tells what it does not keep."""
    missing = sealed_process.missing_barriers(file, "seccomp")

    assert missing.keys() >= {"processes", "kernel", "files"}
    assert not missing.keys() & {"reading", "worker", "programs", "privileges"}
