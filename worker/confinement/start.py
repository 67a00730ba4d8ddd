"""Start a program of ours that confines itself, with two pipes and nothing else of its parent."""

from __future__ import annotations

import os
import subprocess
import sys

# All that the child gets of its parent's environment: without these, the interpreter may not start at all.
_LOADER_VARIABLES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "PYTHONHOME")


def start(module: str) -> subprocess.Popen[bytes]:
    """Start a module of ours as a program, unbuffered pipes on its standard input and output.

    On Linux the kernel ends it with the thread that started it, once it has asked for that (`confine`).
    """
    return subprocess.Popen(  # noqa: S603 - our own module
        # -P: the folder in which the parent was started is no place to load modules from.
        [sys.executable, "-P", "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=_environment(),
        bufsize=0,
        # Ctrl-C at a terminal is the parent's business.
        start_new_session=True,
    )


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _LOADER_VARIABLES if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(os.path.abspath(folder) for folder in sys.path)}  # noqa: PTH100
