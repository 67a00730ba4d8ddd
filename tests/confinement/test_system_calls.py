"""The filter of system calls, judged step by step as the kernel would, for both processors."""

from __future__ import annotations

import errno
import os
import struct
from typing import TYPE_CHECKING

import pytest

from worker.confinement.seccomp import MACHINES, filter_for

if TYPE_CHECKING:
    from worker.confinement.seccomp import Architecture

# The flags of glibc's pthread_create and fork.
A_THREAD, A_PROCESS = 0x3D0F00, 0x01200011
A_USER_NAMESPACE = 0x10000000

# Numbers by name: x86-64, ARM64. From their manuals, not from what is tested.
READ, OPENAT, CLONE, KILL, MPROTECT = (0, 63), (257, 56), (56, 220), (62, 129), (10, 226)
SOCKET, EXECVE, UNLINKAT, PTRACE, RENAMEAT = (41, 198), (59, 221), (263, 35), (101, 117), (264, 38)
CLONE3, OPENAT2, IO_URING_SETUP = (435, 435), (437, 437), (425, 425)

ALLOWED, REFUSED, UNKNOWN = 0, errno.EPERM, errno.ENOSYS


@pytest.fixture(params=sorted(MACHINES))
def machine(request: pytest.FixtureRequest) -> Architecture:
    """Return each processor in turn."""
    return MACHINES[request.param]


@pytest.mark.parametrize(
    ("call", "arguments", "answer"),
    [
        (READ, (), ALLOWED),
        (OPENAT, (0, 0, os.O_RDONLY | os.O_CLOEXEC), ALLOWED),
        (OPENAT, (0, 0, os.O_WRONLY), REFUSED),
        (OPENAT, (0, 0, os.O_RDWR), REFUSED),
        (OPENAT, (0, 0, os.O_RDONLY | os.O_TRUNC), REFUSED),
        (OPENAT, (0, 0, os.O_RDONLY | os.O_CREAT), REFUSED),
        (CLONE, (A_THREAD,), ALLOWED),
        (CLONE, (A_PROCESS,), REFUSED),
        (CLONE, (A_THREAD | A_USER_NAMESPACE,), REFUSED),
        (KILL, (os.getpid(), 9), ALLOWED),
        (KILL, (os.getppid(), 0), REFUSED),
        (MPROTECT, (0, 0, 3), ALLOWED),
        (MPROTECT, (0, 0, 5), ALLOWED),
        (MPROTECT, (0, 0, 7), REFUSED),
        (SOCKET, (1, 1, 0), REFUSED),
        (EXECVE, (), REFUSED),
        (UNLINKAT, (), REFUSED),
        (RENAMEAT, (), REFUSED),
        (PTRACE, (), REFUSED),
        (CLONE3, (), UNKNOWN),
        (OPENAT2, (), UNKNOWN),
        (IO_URING_SETUP, (), UNKNOWN),
    ],
)
def test_a_call_is_answered(
    machine: Architecture, call: tuple[int, int], arguments: tuple[int, ...], answer: int
) -> None:
    """On both processors, whichever this one is."""
    number = call[machine.column == "arm64"]
    assert judged(machine, machine.architecture, number, arguments) == answer


def test_the_numbers_of_another_processor_mean_nothing(machine: Architecture) -> None:
    """Each machine also runs programs of 32 bits, whose calls have other numbers."""
    assert judged(machine, 0x40000003, READ[machine.column == "arm64"], ()) == REFUSED


def judged(machine: Architecture, architecture: int, number: int, arguments: tuple[int, ...]) -> int:
    """Run the filter on a call, and tell the error that it gives; 0 where it lets the call through."""
    padded = (*arguments, *[0] * (6 - len(arguments)))
    call = struct.pack("=iIQ6Q", number, architecture, 0, *padded)
    steps, at, value = _steps(machine), 0, 0
    while True:
        code, skip_if, skip_if_not, operand = steps[at]
        at += 1
        match code:
            case 0x20:
                (value,) = struct.unpack_from("=I", call, operand)
            case 0x54:
                value &= operand
            case 0x15:
                at += skip_if if value == operand else skip_if_not
            case 0x35:
                at += skip_if if value >= operand else skip_if_not
            case 0x06:
                return 0 if operand == 0x7FFF0000 else operand & 0xFFFF
            case _:
                raise AssertionError(f"a step of no kind: {code:#x}")


def _steps(machine: Architecture) -> list[tuple[int, int, int, int]]:
    return [struct.unpack("=HBBI", step) for step in filter_for(machine)]
