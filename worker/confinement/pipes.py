"""The two pipes that a confined process holds of its parent, and nothing else."""

from __future__ import annotations

import os
from typing import BinaryIO

QUESTIONS, ANSWERS = 3, 4
"""The numbers under which the process holds them."""

_STDIN, _STDOUT = 0, 1


def take_pipes() -> BinaryIO:
    """Move the pipes away from standard input and output, for which libraries have other uses.

    Returns:
        The pipe to read from; the one to write into is `ANSWERS`.
    """
    os.dup2(_STDIN, QUESTIONS, inheritable=False)
    os.dup2(_STDOUT, ANSWERS, inheritable=False)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (_STDIN, _STDOUT):
        os.dup2(nowhere, stream)
    os.close(nowhere)
    return os.fdopen(QUESTIONS, "rb")
