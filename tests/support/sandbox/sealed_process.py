"""Programs that confine themselves as the decode process does, with parts of it left out, and tell a test.

Programs are texts, because a process cannot be sealed and go on with other tests.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]

#: The bit of a system call's number by which x86-64 kernels know it a second time (the x32 ABI).
X32_BIT = 0x40000000

_TRY_ALL = """
import json, pathlib, sys
from worker.confinement import confine, landlock, seccomp
from worker.pipeline.sandbox import barriers
left_out = sys.argv[3:]
if "landlock" in left_out:
    landlock.version = lambda: 0
if "seccomp" in left_out:
    seccomp.allow_decoding_only = lambda: None
if "all" not in left_out:
    confine.confine(confine.DEFAULT_LIMITS)
    confine.seal([])
found = barriers.try_all(int(sys.argv[1]), pathlib.Path(sys.argv[2]))
print(json.dumps([barrier._asdict() for barrier in found]))
"""

# The parent gives up root, and its child has what it gave it: the same user, and no capability.
_LOOK_INTO_PARENT = """
import ctypes, json, os, pathlib, sys
from worker.confinement import confine
from worker.pipeline.sandbox.decoder import Decoder
Decoder()  # loads what the next one needs, while this process may read it
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE, which the change of user took away
if sys.argv[1] == "hidden":
    Decoder()
reader, writer = os.pipe()
if os.fork() == 0:
    confine.confine(confine.ProcessLimits(file_size_bytes=1 << 20))
    seen = []
    for name in ("environ", "maps", "mem", "fd"):
        try:
            place = os.open(f"/proc/{os.getppid()}/{name}", os.O_RDWR if name == "mem" else os.O_RDONLY)
            os.listdir(place) if name == "fd" else name == "mem" or os.read(place, 1)
        except OSError:
            continue
        seen.append(name)
    os.write(writer, json.dumps(seen).encode())
    os._exit(0)
os.wait()
print(os.read(reader, 1000).decode())
"""

_COUNT_THREADS = """
import json, os
from worker.confinement import confine
confine.confine(confine.DEFAULT_LIMITS)
from worker.pipeline.sandbox import answering  # as `serve` does, after it
answering.child.warm_up()
print(json.dumps(os.listdir("/proc/self/task")))
"""


def threads_when_warm() -> int:
    """Count the threads of a decode process that has loaded everything, and is about to be sealed."""
    return len(_run(_COUNT_THREADS))


def missing_barriers(file: Path, *left_out: str) -> dict[str, str]:
    """Try everything in a process that leaves out `landlock`, `seccomp` or `all`.

    Args:
        file: one that may be lost, alone in its folder.
        *left_out: what is not asked of the kernel.

    Returns:
        What was possible: the name of the barrier, and what to do.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = _run(_TRY_ALL, str(listener.getsockname()[1]), str(file), *left_out)
    return {barrier["name"]: barrier["without"] for barrier in found if not barrier["holds"]}


def seen_of_parent(*, is_hidden: bool) -> list[str]:
    """List what a confined child sees in /proc of its parent, which has the same user.

    Args:
        is_hidden: whether the parent has a `Decoder`, by which it hides.
    """
    return [str(name) for name in _run(_LOOK_INTO_PARENT, "hidden" if is_hidden else "open")]


def _run(program: str, *arguments: str) -> list[Any]:
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, env={"SECRET": "hush"})
    assert b"hush" not in done.stdout
    return list(json.loads(done.stdout))
