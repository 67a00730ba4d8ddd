"""What a process gives up before it opens an untrusted file.

In two steps. First thing in the child, before it loads what reads the file (so this loads nothing): memory,
open files and core dumps are limited for good, processor time for each task anew; the environment (which may
hold secrets) is wiped; the process dies with its parent, and makes only the system calls of decoding
(`seccomp`). Then, with the file known, it is sealed: it reads that file and libraries (`landlock`). What of
this is in force on a machine, `worker.pipeline.sandbox.barriers` finds out.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
import sys
import sysconfig
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import worker
from worker.confinement import landlock, seccomp

if TYPE_CHECKING:
    from collections.abc import Iterable

MIB = 1024 * 1024

# prctl(2) options, from <linux/prctl.h>.
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38

# capset(2): `struct __user_cap_header_struct` of this thread, and the version of 64 capabilities.
_CAPABILITIES_HEADER = struct.pack("=Ii", 0x20080522, 0)
# Two times effective, permitted, inheritable: bits 0 to 31, then 32 to 63.
_CAPABILITIES = struct.Struct("=6I")
# By these a worker that runs as root reads videos of other users: CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH.
READING_CAPABILITIES = 0b110

_SYSTEM_LIBRARIES = tuple(map(Path, ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache")))
# What OpenCV and the C library read to count processors.
_SYSTEM_FACTS = (Path("/sys/devices/system/cpu"), Path("/sys/fs/cgroup"))

# One thread each: the decoder's own threads are enough, and every OpenBLAS thread reserves memory.
_CHILD_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

_PARENT_POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """What one such process may use. `None` lifts a limit."""

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
    hide_memory()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        # Else the kernel takes a filter only from root: a set-user-id program could be fooled by one.
        ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, limits.file_size_bytes)
    _limit(resource.RLIMIT_NOFILE, limits.open_files)
    # macOS has the constant but refuses to set it.
    if limits.address_space_bytes is not None and sys.platform == "linux":
        _limit(resource.RLIMIT_AS, _address_space_bytes() + limits.address_space_bytes)
    # Libraries try to start programs as they are loaded: PySceneDetect looks for one called ffmpeg.
    seccomp.allow_decoding_only()


def hide_memory() -> None:
    """Keep this process's memory, environment and open files from others of its user, and out of core dumps.

    Its files in /proc then belong to root; only a process with root's privileges can look into it.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


_is_sealed = threading.Event()
_wiped: list[tuple[int, int]] = []  # where the environment was: address, bytes


def seal(readable: Iterable[Path]) -> None:
    """Leave this process only the files that decoding needs, and no capability. Only the first call counts.

    Args:
        readable: the files that it may read besides libraries and this package; folders with all that is in
            them.
    """
    if _is_sealed.is_set():
        return
    _is_sealed.set()
    if sys.platform == "linux":
        # Both hold for one thread and those that it starts: there must be no other yet.
        landlock.read_only([*_libraries(), *_SYSTEM_FACTS, *readable])
        _give_up_capabilities()
    # Also where there is a parent-death signal: it comes only for a parent that dies after it was asked for.
    threading.Thread(target=_watch_parent, args=(os.getppid(),), daemon=True).start()


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


def shows_environment() -> bool:
    """Tell whether anything of the environment that this process was started with is still in its place."""
    return not _wiped or any(ctypes.string_at(*place).strip(b"\0") for place in _wiped)


def capabilities() -> int:
    """Tell what this thread may do of what only root may, a bit for each; 0 where that is not known."""
    held = ctypes.create_string_buffer(_CAPABILITIES.size)
    if sys.platform == "linux" and ctypes.CDLL(None).capget(_CAPABILITIES_HEADER, held) == 0:
        # What is permitted; what is effective is a part of it.
        low, high = _CAPABILITIES.unpack(held.raw)[1::3]
        return int(low | high << 32)
    return 0


def _wipe_environment() -> None:
    """Remove every variable, and overwrite its text: /proc/self/environ would still show it."""
    # `char **environ` of the C library (environ(7)): addresses of "NAME=value" texts, the last one null.
    strings = ctypes.POINTER(ctypes.c_void_p).in_dll(ctypes.CDLL(None), "environ")
    addresses: list[int] = []
    while (address := strings[len(addresses)]) is not None:
        addresses.append(address)
    for address in addresses:
        length = len(ctypes.string_at(address))
        ctypes.memset(address, 0, length)
        _wiped.append((address, length))
    os.environ.clear()


def _libraries() -> set[Path]:
    """Find where code is loaded from, some of it when a file first needs it."""
    schemes = ("stdlib", "platstdlib", "purelib", "platlib")
    python = {Path(sysconfig.get_path(name)) for name in schemes}
    return {*python, *map(Path, worker.__path__), *_SYSTEM_LIBRARIES}


def _give_up_capabilities() -> None:
    """Give up what only root may do: look into processes, change owners, load code into the kernel."""
    kept = capabilities() & READING_CAPABILITIES
    ctypes.CDLL(None).capset(_CAPABILITIES_HEADER, _CAPABILITIES.pack(kept, kept, 0, 0, 0, 0))


def _watch_parent(parent_id: int) -> None:
    while os.getppid() == parent_id:
        time.sleep(_PARENT_POLL_S)
    os._exit(1)
