"""Takes from a process, for good, the system calls by which an exploited decoder would reach others.

A filter of the Linux kernel (seccomp) refuses them with EACCES: sockets of every kind, so that neither the
network nor a database's socket can be reached; starting programs; and looking into other processes. It
needs no privilege, and holds inside containers too. Elsewhere there is nothing like it.

The filter is a program for the kernel's small machine (classic BPF, `struct sock_filter`): load a word,
compare, jump forward, return a verdict. Sources: seccomp(2), and seccomp_filter.rst in the kernel's
Documentation/userspace-api.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from typing import NamedTuple

# From <linux/seccomp.h>, <linux/filter.h> and <linux/audit.h>. A refused call fails with an error instead of
# killing the process: libraries try such calls and go on without, and an error can be reported.
_SET_MODE_FILTER = 1
_ALL_THREADS = 1  # SECCOMP_FILTER_FLAG_TSYNC
_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | errno.EACCES
_LOAD, _RETURN, _IF_EQUAL, _IF_AT_LEAST = 0x20, 0x06, 0x15, 0x35
_NUMBER_OFFSET, _ARCHITECTURE_OFFSET = 0, 4  # in struct seccomp_data, bytes
# x86-64 kernels may know each call by a second number from here on (the x32 ABI): a way round the list.
_X32_NUMBERS = 0x40000000


class _Machine(NamedTuple):
    """The numbers of a processor's system calls, from its <asm/unistd.h>."""

    architecture: int
    seccomp: int
    refused: tuple[int, ...]


# socket, execve, execveat, ptrace, process_vm_readv, process_vm_writev, io_uring_setup (which opens sockets
# without the call `socket`), pidfd_getfd (which takes open files from another process). Numbers differ
# between processors, so the filter first looks whose they are (AUDIT_ARCH_...).
_MACHINES = {
    "x86_64": _Machine(0xC000003E, 317, (41, 59, 322, 101, 310, 311, 425, 438)),
    "aarch64": _Machine(0xC00000B7, 277, (198, 221, 281, 117, 270, 271, 425, 438)),
}


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def refuse_calls() -> None:
    """Refuse the calls to all threads of this process, which must have given up new privileges.

    A kernel that has no such filters ignores it, and the other limits hold all the same; `barriers` tells.
    """
    machine = _MACHINES.get(os.uname().machine)
    if sys.platform == "linux" and machine is not None:
        steps = _filter(machine)
        program = _Program(len(steps), b"".join(steps))
        ctypes.CDLL(None).syscall(machine.seccomp, _SET_MODE_FILTER, _ALL_THREADS, ctypes.byref(program))


def _filter(machine: _Machine) -> list[bytes]:
    """Build the steps of the filter: what is on the list, or in another processor's numbers, is refused.

    A jump counts the steps to skip, forward only. "Refuse" is the last step and "allow" the one before it, so
    a match at place `at` of the list skips the rest of the list and "allow".
    """
    refused = len(machine.refused)
    return [
        _step(_LOAD, _ARCHITECTURE_OFFSET),
        _step(_IF_EQUAL, machine.architecture, skip_if_not=refused + 3),
        _step(_LOAD, _NUMBER_OFFSET),
        _step(_IF_AT_LEAST, _X32_NUMBERS, skip_if=refused + 1),
        *(_step(_IF_EQUAL, call, skip_if=refused - at) for at, call in enumerate(machine.refused)),
        _step(_RETURN, _ALLOW),
        _step(_RETURN, _REFUSE),
    ]


def _step(code: int, value: int, *, skip_if: int = 0, skip_if_not: int = 0) -> bytes:
    """Pack one `struct sock_filter`: code, jump if true, jump if false, operand."""
    return struct.pack("=HBBI", code, skip_if, skip_if_not, value)
