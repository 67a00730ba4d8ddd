"""Leaves a process, for good, only the system calls that decoding needs.

A filter of the Linux kernel (seccomp) lets through what `system_calls` lists and refuses all else: sockets of
every kind, other programs and processes, signals to others, writing, removing and renaming files, and the
parts of the kernel that no decoder needs. That takes no privilege, and holds in containers too. Other systems
do not have it.

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
from typing import TYPE_CHECKING, NamedTuple

from worker.confinement.system_calls import allowed_calls

if TYPE_CHECKING:
    from worker.confinement.system_calls import Call, Condition

# From <linux/seccomp.h>, <linux/filter.h> and <linux/audit.h>. A refused call fails with an error instead of
# killing the process: libraries try such calls and go on without, and an error can be reported.
_SET_MODE_FILTER = 1
_ALL_THREADS = 1  # SECCOMP_FILTER_FLAG_TSYNC
_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | errno.EPERM
# What a kernel before 5.1 says to the calls that came since: the C library then makes the older ones, whose
# arguments can be looked at (those of clone3 and openat2 lie in memory, where no filter sees them).
_UNKNOWN = 0x00050000 | errno.ENOSYS
_FIRST_NEW_CALL = 424  # from here on, numbers are the same on all processors
_LOAD, _RETURN, _IF_EQUAL, _IF_AT_LEAST, _AND = 0x20, 0x06, 0x15, 0x35, 0x54
# In struct seccomp_data, bytes. Of an argument (64 bits) the low half comes first: both are little-endian.
_NUMBER_OFFSET, _ARCHITECTURE_OFFSET, _ARGUMENTS_OFFSET, _ARGUMENT_BYTES = 0, 4, 16, 8
# x86-64 kernels may know each call by a second number from here on (the x32 ABI): a way round the conditions.
_X32_NUMBERS = 0x40000000


class Architecture(NamedTuple):
    """What differs between processors."""

    architecture: int  #: AUDIT_ARCH_...
    seccomp: int  #: the number of seccomp(2)
    column: str  #: of `system_calls.Call`


MACHINES = {
    "x86_64": Architecture(0xC000003E, 317, "x86_64"),
    "aarch64": Architecture(0xC00000B7, 277, "arm64"),
}


def number_of(call: Call) -> int | None:
    """Return the number of a call on this machine; None where its processor or system is another one."""
    machine = _this_machine()
    return getattr(call, machine.column) if machine else None


def allow_decoding_only() -> None:
    """Refuse all other calls to all threads of this process, which must have given up new privileges.

    A kernel that has no such filters ignores it, and the other limits hold all the same; `barriers` tells.
    """
    if machine := _this_machine():
        steps = filter_for(machine)
        program = _Program(len(steps), b"".join(steps))
        ctypes.CDLL(None).syscall(machine.seccomp, _SET_MODE_FILTER, _ALL_THREADS, ctypes.byref(program))


def _this_machine() -> Architecture | None:
    return MACHINES.get(os.uname().machine) if sys.platform == "linux" else None


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def filter_for(machine: Architecture) -> list[bytes]:
    """Build the steps of the filter, each a packed `struct sock_filter`.

    A jump counts the steps to skip, forward only.
    """
    steps = [
        # Numbers differ between processors, so it is first looked at whose they are.
        _step(_LOAD, _ARCHITECTURE_OFFSET),
        _step(_IF_EQUAL, machine.architecture, skip_if=1),
        _step(_RETURN, _REFUSE),
        _step(_LOAD, _NUMBER_OFFSET),
        _step(_IF_AT_LEAST, _X32_NUMBERS, skip_if_not=1),
        _step(_RETURN, _REFUSE),
    ]
    for call in allowed_calls(os.getpid()):
        number: int | None = getattr(call, machine.column)
        if number is not None:
            verdict = [_step(_RETURN, _ALLOW)] if call.condition is None else _verdict(call.condition)
            steps += [_step(_IF_EQUAL, number, skip_if_not=len(verdict)), *verdict]
    return [
        *steps,
        _step(_IF_AT_LEAST, _FIRST_NEW_CALL, skip_if_not=1),
        _step(_RETURN, _UNKNOWN),
        _step(_RETURN, _REFUSE),
    ]


def _verdict(condition: Condition) -> list[bytes]:
    """Build the steps that allow a call whose argument fits, and refuse any other."""
    last = len(condition.values) - 1
    return [
        _step(_LOAD, _ARGUMENTS_OFFSET + _ARGUMENT_BYTES * condition.argument),
        _step(_AND, condition.mask),
        # A match skips the other values and the refusal.
        *(_step(_IF_EQUAL, value, skip_if=last - at + 1) for at, value in enumerate(condition.values)),
        _step(_RETURN, _REFUSE),
        _step(_RETURN, _ALLOW),
    ]


def _step(code: int, value: int, *, skip_if: int = 0, skip_if_not: int = 0) -> bytes:
    """Pack one `struct sock_filter`: code, jump if true, jump if false, operand."""
    return struct.pack("=HBBI", code, skip_if, skip_if_not, value)
