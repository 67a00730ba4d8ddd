"""What an exploited decoder would try against others, tried for real by `barriers` within the decode process.

Each attempt returns, in words, what succeeded; nothing where all was refused. What does succeed does no harm:
signals are those that only ask, kernel calls get arguments that change nothing, and files were made for this.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from worker.confinement.seccomp import number_of
from worker.confinement.system_calls import Call

if TYPE_CHECKING:
    from collections.abc import Callable

_CONNECT_TIMEOUT_S = 2.0
_RUN_TIMEOUT_S = 5.0

# What a call answers that a filter, the kernel's own rules or a kernel without it keep from doing anything.
_REFUSALS = {errno.EPERM, errno.EACCES, errno.ENOSYS}

# Parts of the kernel through which processes have broken out, and what shares memory or files with others.
_KERNEL_CALLS = {
    "bpf": Call(321, 280),
    "mount": Call(165, 40),
    "unshare": Call(272, 97),
    "setns": Call(308, 268),
    "keyctl": Call(250, 219),
    "perf_event_open": Call(298, 241),
    "userfaultfd": Call(323, 282),
    "memfd_create": Call(319, 279),
    "process_vm_readv": Call(310, 270),
    "io_uring_setup": Call(425, 425),
    "pidfd_open": Call(434, 434),
}


class Targets(NamedTuple):
    """What the attempts are made on."""

    port: int  #: a TCP port on which a server of this machine listens
    file: Path  #: a file that may be lost, alone in its folder


def connect(targets: Targets) -> list[str]:
    """Connect to a server of this machine."""
    with contextlib.suppress(OSError), socket.socket() as plain:
        plain.settimeout(_CONNECT_TIMEOUT_S)
        plain.connect(("127.0.0.1", targets.port))
        return ["a socket can be opened and connected"]
    return []


def start_program(_targets: Targets) -> list[str]:
    """Start a program."""
    with contextlib.suppress(OSError):
        subprocess.run([sys.executable, "-S", "-c", ""], check=False, timeout=_RUN_TIMEOUT_S)
        return ["other programs can be started"]
    return []


def fork(_targets: Targets) -> list[str]:
    """Make a process."""
    with contextlib.suppress(OSError):
        process_id = os.fork()
        if process_id == 0:
            os._exit(0)
        os.waitpid(process_id, 0)
        return ["processes can be made that no deadline ends"]
    return []


def signal_parent(_targets: Targets) -> list[str]:
    """Ask whether a signal to the parent is allowed."""
    with contextlib.suppress(OSError):
        os.kill(os.getppid(), 0)
        return ["the worker can be killed"]
    return []


def look_into_parent(_targets: Targets) -> list[str]:
    """Open what the kernel shows of the parent."""
    worker = Path(f"/proc/{os.getppid()}")
    return _succeeded(
        {
            "the worker's environment can be read": (worker / "environ").read_bytes,
            "the worker's memory can be read": lambda: (worker / "mem").open("rb").close(),
            "the worker's memory can be written": lambda: (worker / "mem").open("r+b").close(),
        }
    )


def read_file(targets: Targets) -> list[str]:
    """Read a file that is not the video."""
    return _succeeded({"all files can be read that the worker's user can read": targets.file.read_bytes})


def change_files(targets: Targets) -> list[str]:
    """Do to a file what can be done to it, the worst last."""
    file, folder = targets.file, targets.file.parent
    return _succeeded(
        {
            "made": (folder / "made").touch,
            "linked": lambda: (folder / "linked").symlink_to(file),
            "emptied": lambda: file.open("wb").close(),
            "opened to others": lambda: file.chmod(0o644),
            "renamed": lambda: file.rename(folder / "renamed"),
            "removed": lambda: next(
                (path for path in (folder / "renamed", file) if path.exists()), file
            ).unlink(),
        }
    )


def reach_kernel(_targets: Targets) -> list[str]:
    """Make the calls that no decoder needs."""
    return [name for name, call in _KERNEL_CALLS.items() if _is_reachable(call)]


def _succeeded(acts: dict[str, Callable[[], object]]) -> list[str]:
    done = []
    for words, act in acts.items():
        with contextlib.suppress(OSError):
            act()
            done.append(words)
    return done


def _is_reachable(call: Call) -> bool:
    """Tell whether a call is answered by what it stands for; arguments of zero make it do nothing."""
    number = number_of(call)
    if number is None:
        return True
    library = ctypes.CDLL(None, use_errno=True)
    answer = library.syscall(number, *[ctypes.c_long(0)] * 6)
    return answer >= 0 or ctypes.get_errno() not in _REFUSALS
