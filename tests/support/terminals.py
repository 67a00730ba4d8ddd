"""Terminals of any width, and what programs print on them."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios


def shown_on(columns: int, program: str) -> list[str]:
    """Return the lines that a terminal of so many columns gets from a program, without its colours."""
    terminal, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "NO_COLOR"}}
    subprocess.run(
        [sys.executable, "-c", program], check=True, stdout=side, env=environment | {"TERM": "xterm"}
    )
    os.close(side)
    text = os.read(terminal, 65536).decode()
    os.close(terminal)
    return re.sub(r"\x1b\[[\d;]*m", "", text).replace("\r", "").splitlines()
