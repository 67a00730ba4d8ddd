"""What is really kept from the decode process on this machine, found by trying it inside.

`confine` asks the kernel to take things away; a container, another system or an old kernel may not comply.
"""

from __future__ import annotations

import ctypes
import resource
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from worker.pipeline.sandbox.confine import MIB

if TYPE_CHECKING:
    from worker.pipeline.sandbox.decoder import Decoder

TRY_WALL_S = 30.0  # a cold start loads FFmpeg from a slow disk within it

_PR_GET_PDEATHSIG = 2  # prctl(2), from <linux/prctl.h>
_CONNECT_TIMEOUT_S = 2.0
_RUN_TIMEOUT_S = 5.0


class Barrier(NamedTuple):
    """One thing that a decode process should not be able to do, and whether it is."""

    name: str  #: one or two words
    holds: bool
    says: str  #: what was found
    without: str = ""  #: where it does not hold: what that means, and what to do


def try_barriers(decoder: Decoder) -> list[Barrier]:
    """Try in a decoder's child everything that it should not be able to do.

    Raises:
        DecodeTimedOut, DecoderCrashed: there is no child to ask.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        return decoder.run(try_all, port, label="the decode process", wall_s=TRY_WALL_S)


# The rest runs in the child.


def try_all(port: int) -> list[Barrier]:
    """Try everything in this process.

    Args:
        port: a TCP port on which a server of this machine listens.
    """
    return [
        _network(port),
        _programs(),
        _privileges(),
        _memory(),
        _processor(),
        _files(),
        _secrets(),
        _parent(),
    ]


def _network(port: int) -> Barrier:
    try:
        socket.create_connection(("127.0.0.1", port), _CONNECT_TIMEOUT_S).close()
    except OSError as exc:
        return Barrier("network", holds=True, says=f"no connection can be made ({exc.strerror})")
    return Barrier(
        "network",
        holds=False,
        says="a socket can be opened and connected",
        without="an exploited decoder could reach your network: run `thumbs analyze` on Linux (x86-64, "
        "ARM64), or let its machine reach nothing but the database, the broker and the platforms",
    )


def _programs() -> Barrier:
    try:
        subprocess.run([sys.executable, "-S", "-c", ""], check=False, timeout=_RUN_TIMEOUT_S)
    except OSError as exc:
        return Barrier("programs", holds=True, says=f"no program can be started ({exc.strerror})")
    return Barrier(
        "programs",
        holds=False,
        says="other programs can be started",
        without="an exploited decoder could run them: run `thumbs analyze` on Linux (x86-64, ARM64)",
    )


def _privileges() -> Barrier:
    # The flag belongs to a thread, not to the process (prctl(2)): one thread without it would be a way out.
    threads = Path("/proc/self/task").glob("*/status")
    given_up = [b"NoNewPrivs:\t1\n" in status.read_bytes() for status in threads]
    holds = bool(given_up) and all(given_up)
    return Barrier(
        "privileges",
        holds=holds,
        says="given up for good (no_new_privs)" if holds else "could be gained by a set-user-id program",
        without="run `thumbs analyze` as a user without privileges, on a machine of its own",
    )


def _memory() -> Barrier:
    _, most_bytes = resource.getrlimit(resource.RLIMIT_AS)
    holds = most_bytes != resource.RLIM_INFINITY
    return Barrier(
        "memory",
        holds=holds,
        says=f"at most {most_bytes // MIB} MiB" if holds else "without a limit",
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


def _files() -> Barrier:
    try:
        with tempfile.TemporaryFile(buffering=0) as file:
            file.write(b"x")
    except OSError:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        return Barrier("files", holds=True, says=f"none can be written, at most {most} be open")
    return Barrier(
        "files",
        holds=False,
        says="files can be written",
        without="run `thumbs analyze` with a read-only file system, but for WORK_DIR",
    )


def _secrets() -> Barrier:
    # The kernel shows the memory in which the environment was at the start, whatever os.environ says now.
    kernels_view = Path("/proc/self/environ")
    holds = kernels_view.exists() and not kernels_view.read_bytes().strip(b"\0")
    return Barrier(
        "secrets",
        holds=holds,
        says="the environment is empty" if holds else "the environment may be readable",
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
