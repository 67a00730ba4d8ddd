"""Leaves a process, for good, only some files, and those for reading (Landlock, Linux 5.13 and later).

Needs no privilege. Newer kernels take more: truncating (6.2), connections by TCP (6.7), and signals and
abstract sockets to processes outside (6.12). `seccomp` refuses these too.

Sources: landlock(7), and <linux/landlock.h>. The C library has no functions for these calls.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# Numbers of the calls, the same on all processors.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1  # LANDLOCK_CREATE_RULESET_VERSION
_PATH_BENEATH = 1  # LANDLOCK_RULE_PATH_BENEATH
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3  # LANDLOCK_ACCESS_FS_READ_FILE, ..._READ_DIR
# What is taken, from a version of Landlock on: the first so many rights to files (LANDLOCK_ACCESS_FS_...).
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}
_TCP = 0b11  # LANDLOCK_ACCESS_NET_BIND_TCP, ..._CONNECT_TCP
_TCP_SINCE = 4
_SCOPES = 0b11  # LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET, ..._SIGNAL
_SCOPES_SINCE = 6


def version() -> int:
    """Tell which version of Landlock the kernel has (its ABI, from 1 on); 0 where there is none."""
    if sys.platform != "linux":
        return 0
    answer: int = ctypes.CDLL(None).syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION)
    return max(0, answer)


def read_only(readable: Iterable[Path]) -> None:
    """Take all files from this process but these, which it may read only; folders with all that is in them.

    It holds for the thread that calls and those that it starts later: call it while there is only one. The
    process must have given up new privileges. Paths that lead nowhere are left out. A kernel without Landlock
    ignores it.
    """
    if known := version():
        call = ctypes.CDLL(None).syscall
        # `struct landlock_ruleset_attr`; a kernel takes more of it than it knows as long as that is zero.
        rights = (1 << max(count for since, count in _FILE_RIGHTS.items() if since <= known)) - 1
        tcp, scopes = _TCP * (known >= _TCP_SINCE), _SCOPES * (known >= _SCOPES_SINCE)
        attributes = struct.pack("=QQQ", rights, tcp, scopes)
        ruleset = call(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
        try:
            for path in readable:
                _allow(ruleset, path)
            call(_RESTRICT_SELF, ruleset, 0)
        finally:
            os.close(ruleset)


def _allow(ruleset: int, path: Path) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rights = _READ_FILE | _READ_FOLDER if path.is_dir() else _READ_FILE
        # `struct landlock_path_beneath_attr`, which is packed.
        rule = struct.pack("=Qi", rights, place)
        ctypes.CDLL(None).syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
    finally:
        os.close(place)
