"""Child processes that do not outlive us, and do not see our Ctrl-C.

A child gets its own session, so that only its parent decides when it ends. On Linux the kernel sends it a
signal when we die, even by SIGKILL; it watches the thread that started the child, so start children from the
main one.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_UNPRIVILEGED = "nobody"
_OTHERS_MAY_ENTER = 0o001


def start(
    command: Sequence[str | Path],
    *,
    output: IO[bytes] | int,
    environment: Mapping[str, str] | None = None,
    text_in: bytes | None = None,
    dies_by: signal.Signals = signal.SIGTERM,
    as_nobody_at: Sequence[Path] | None = None,
    keep_open: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a command whose output and errors go to `output`.

    Args:
        command: program and arguments.
        output: an open file, or `subprocess.PIPE`.
        environment: None for ours.
        text_in: what the child reads; None for nothing.
        dies_by: the signal that it gets when we die.
        as_nobody_at: run as `nobody` where we are root: the folders that the child must reach. None for us.
        keep_open: descriptors that the child inherits, locks among them.
    """
    # A session of its own, so that Ctrl-C at the terminal reaches us alone, and we stop children in order.
    child = subprocess.Popen(  # noqa: S603 - our own programs
        [*_setpriv(dies_by, as_nobody_at), *command],
        stdin=subprocess.DEVNULL if text_in is None else subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=environment,
        pass_fds=keep_open,
        start_new_session=True,
    )
    if child.stdin is not None and text_in is not None:
        child.stdin.write(text_in)
        child.stdin.close()
    return child


def stop(child: subprocess.Popen[bytes], ask: signal.Signals, timeout_s: float) -> None:
    """Ask a child to end, and kill it if it has not after `timeout_s`; harmless where it has ended."""
    child.send_signal(ask)
    try:
        child.wait(timeout_s)
    except subprocess.TimeoutExpired:
        kill(child)
        child.wait()


def kill(child: subprocess.Popen[bytes]) -> None:
    """End a child, and the processes that it started, by force."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)


def is_root() -> bool:
    """Tell whether this process is root, so that programs that refuse to run as root need another user."""
    return os.geteuid() == 0


def give_to_nobody(folder: Path) -> None:
    """Make `nobody` the owner of a folder, where we are root."""
    if is_root():
        shutil.chown(folder, _UNPRIVILEGED)


def _setpriv(dies_by: signal.Signals, as_nobody_at: Sequence[Path] | None) -> list[str]:
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    if setpriv is None:
        return []
    options = [setpriv, f"--pdeathsig={dies_by.name.removeprefix('SIG')}"]
    if as_nobody_at is not None and is_root():
        options += [f"--reuid={_UNPRIVILEGED}", f"--regid={_group_of_nobody()}", "--clear-groups"]
        # A checkout under /root is closed to others: instead of opening it, let this one process through.
        rights = "-all" if all(map(_is_open, as_nobody_at)) else "-all,+dac_override"
        options += [f"--{kind}={rights}" for kind in ("inh-caps", "ambient-caps", "bounding-set")]
    return [*options, "--"]


def _group_of_nobody() -> str:
    import pwd  # noqa: PLC0415 - POSIX only

    return str(pwd.getpwnam(_UNPRIVILEGED).pw_gid)


def _is_open(path: Path) -> bool:
    return all(folder.stat().st_mode & _OTHERS_MAY_ENTER for folder in path.resolve().parents)
