"""What is really kept from the decode process on this machine, found by trying it inside.

`confine` asks the kernel to take things away; a container, another system or an old kernel may not comply.
"""

from __future__ import annotations

import ctypes
import resource
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from worker.confinement import confine
from worker.pipeline.sandbox import attempts
from worker.pipeline.sandbox.attempts import Targets

if TYPE_CHECKING:
    from collections.abc import Callable

    from worker.pipeline.sandbox.decoder import Decoder

TRY_WALL_S = 30.0  # a cold start loads FFmpeg from a slow disk within it

_PR_GET_PDEATHSIG, _PR_GET_NO_NEW_PRIVS = 2, 39  # prctl(2), from <linux/prctl.h>

_ON_LINUX = "run `thumbs analyze` on Linux (x86-64, ARM64), with seccomp"


class Barrier(NamedTuple):
    """One thing that a decode process should not be able to do, and whether it is."""

    name: str  #: one or two words
    holds: bool
    says: str  #: what was found
    without: str = ""  #: where it does not hold: what that means, and what to do


class _Attack(NamedTuple):
    """An attempt, and what to say of it."""

    name: str
    attempt: Callable[[Targets], list[str]]
    says: str  #: where all of it was refused
    without: str


_ATTACKS = (
    _Attack(
        "network",
        attempts.connect,
        "no connection can be made",
        f"an exploited decoder could reach your network: {_ON_LINUX}, or let its machine reach nothing but "
        "the database, the broker and the platforms",
    ),
    _Attack(
        "programs",
        attempts.start_program,
        "no program can be started",
        f"an exploited decoder could run them: {_ON_LINUX}",
    ),
    _Attack(
        "processes",
        attempts.fork,
        "no process can be made",
        f"an exploited decoder could outlive its video: {_ON_LINUX}",
    ),
    _Attack(
        "signals",
        attempts.signal_parent,
        "no other process can be sent one",
        f"an exploited decoder could stop the worker, which its supervisor starts again: {_ON_LINUX}",
    ),
    _Attack(
        "worker",
        attempts.look_into_parent,
        "its memory and environment are hidden",
        "an exploited decoder could take the worker's secrets: run `thumbs analyze` on Linux, not as root",
    ),
    _Attack(
        "kernel",
        attempts.reach_kernel,
        "the calls that no decoder needs are refused",
        f"an exploited decoder could try the kernel's weaknesses through them: {_ON_LINUX}",
    ),
    _Attack(
        "reading",
        attempts.read_file,
        "only the video and the libraries",
        "an exploited decoder could show their contents as a picture: run `thumbs analyze` on Linux 5.13 or "
        "later with Landlock (`landlock` in /sys/kernel/security/lsm), or as a user that can read little",
    ),
)


def try_barriers(decoder: Decoder) -> list[Barrier]:
    """Try in a decoder's child everything that it should not be able to do.

    Raises:
        DecodeTimedOut, DecoderCrashed: there is no child to ask.
    """
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        tempfile.TemporaryDirectory(prefix="thumbs-") as folder,
    ):
        file = Path(folder, "file")
        file.write_bytes(b"x")
        port = listener.getsockname()[1]
        return decoder.run(try_all, port, file, label="the decode process", wall_s=TRY_WALL_S)


# The rest runs in the child.


def try_all(port: int, file: Path) -> list[Barrier]:
    """Try everything in this process.

    Args:
        port: a TCP port on which a server of this machine listens.
        file: a file that may be lost, alone in its folder.
    """
    targets = Targets(port, file)
    return [
        *(_try(attack, targets) for attack in _ATTACKS),
        _files(targets),
        _privileges(),
        _memory(),
        _processor(),
        _secrets(),
        _parent(),
    ]


def _try(attack: _Attack, targets: Targets) -> Barrier:
    succeeded = ", ".join(attack.attempt(targets))
    return Barrier(attack.name, not succeeded, succeeded or attack.says, attack.without)


def _files(targets: Targets) -> Barrier:
    done = ", ".join(attempts.change_files(targets))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return Barrier(
        "files",
        holds=not done,
        says=f"can be {done}" if done else f"none can be written or removed, at most {most} be open",
        without=f"{_ON_LINUX}, or with a read-only file system, but for WORK_DIR",
    )


def _privileges() -> Barrier:
    # What is in force for this thread: the process had one thread when it gave them up (see `confine.seal`).
    is_final = sys.platform == "linux" and ctypes.CDLL(None).prctl(_PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1
    is_root = bool(confine.capabilities() & ~confine.READING_CAPABILITIES)
    holds = is_final and not is_root
    if is_root:
        says = "it has those of root"
    else:
        says = "given up for good" if holds else "could be gained by a set-user-id program"
    return Barrier(
        "privileges",
        holds=holds,
        says=says,
        without="run `thumbs analyze` as a user without privileges, on a machine of its own",
    )


def _memory() -> Barrier:
    _, most_bytes = resource.getrlimit(resource.RLIMIT_AS)
    holds = most_bytes != resource.RLIM_INFINITY
    return Barrier(
        "memory",
        holds=holds,
        says=f"at most {most_bytes // confine.MIB} MiB" if holds else "without a limit",
        without="a hostile video could fill the machine's memory: limit that of the container or the service",
    )


def _processor() -> Barrier:
    most_s, _ = resource.getrlimit(resource.RLIMIT_CPU)
    holds = most_s != resource.RLIM_INFINITY
    return Barrier(
        "processor",
        holds=holds,
        says=f"at most {most_s} s for this try" if holds else "without a limit",
        without="only the deadline of each step ends a busy decoder: nothing to do",
    )


def _secrets() -> Barrier:
    holds = not confine.shows_environment()
    return Barrier(
        "secrets",
        holds=holds,
        says="the environment is wiped" if holds else "the environment may be readable",
        without="give secrets as files (SECRETS_DIR), which only the worker's user may read",
    )


def _parent() -> Barrier:
    # 0 is no signal: what a system without parent-death signals leaves there.
    signal_number = ctypes.c_int(0)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_GET_PDEATHSIG, ctypes.byref(signal_number), 0, 0, 0)
    holds = signal_number.value == signal.SIGKILL
    return Barrier(
        "parent",
        holds=holds,
        says="ends with the worker (parent-death signal)" if holds else "ends a second after the worker",
        without="nothing to do: it looks every second whether the worker lives",
    )
