"""What the decode process gives up before it opens an untrusted file.

Runs first thing in the child, before NumPy and FFmpeg are loaded, so it imports neither. Memory,
files and core dumps are limited for good, processor time for each task anew; the environment (which
may hold secrets) is wiped; no socket can be opened and no program started (see `seccomp`); and the
process dies with its parent. What of this is in force on a machine, `barriers` finds out.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from worker.pipeline.sandbox import seccomp

MIB = 1024 * 1024

# prctl(2) options, from <linux/prctl.h>.
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38

# One thread each: the decoder's own threads are enough, and every OpenBLAS thread reserves memory.
_CHILD_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

_PARENT_POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """What one decode process may use. `None` lifts a limit."""

    address_space_bytes: int | None = 3072 * MIB  #: beyond what the interpreter has; many 4K frames fit
    open_files: int = 64
    file_size_bytes: int = 0  #: the child writes no file at all


DEFAULT_LIMITS = ProcessLimits()


def confine(limits: ProcessLimits) -> None:
    """Give up for good what a decoder does not need. Call it once, at the start of the child."""
    _wipe_environment()
    os.environ.update(_CHILD_ENVIRONMENT)
    # The terminal sends Ctrl-C to every process of the group. The parent answers it, and stops its children.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _give_up_privileges()
    _die_with_parent()
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, limits.file_size_bytes)
    _limit(resource.RLIMIT_NOFILE, limits.open_files)
    # macOS has the constant but refuses to set it.
    if limits.address_space_bytes is not None and sys.platform == "linux":
        _limit(resource.RLIMIT_AS, _address_space_bytes() + limits.address_space_bytes)


def allow_cpu(seconds: float) -> None:
    """Let this process use so many seconds of processor time from now on, then be killed by SIGXCPU."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    # The kernel knows whole seconds; one more, so that none is taken away by rounding down.
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(
        resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard)
    )


def _limit(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (value, value))


def _address_space_bytes() -> int:
    """Measure what is mapped already: the caller's main module, imported by every child, may be large."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def _wipe_environment() -> None:
    """Remove every variable, and overwrite its text: /proc/self/environ would still show it."""
    # `char **environ` of the C library (environ(7)): addresses of "NAME=value" texts, the last one null.
    strings = ctypes.POINTER(ctypes.c_void_p).in_dll(ctypes.CDLL(None), "environ")
    addresses: list[int] = []
    while (address := strings[len(addresses)]) is not None:
        addresses.append(address)
    for address in addresses:
        ctypes.memset(address, 0, len(ctypes.string_at(address)))
    os.environ.clear()


def _give_up_privileges() -> None:
    # Without this, the kernel takes a filter only from root: a set-user-id program could be fooled by one.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        seccomp.refuse_calls()


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # Also where prctl exists: its signal comes only for a parent that dies after the call.
    threading.Thread(target=_watch_parent, args=(os.getppid(),), daemon=True).start()


def _watch_parent(parent_id: int) -> None:
    while os.getppid() == parent_id:
        time.sleep(_PARENT_POLL_S)
    os._exit(1)
