"""The program of the decode process: take the pipes, confine itself, then answer (see `answering`).

Only what `confine` needs is imported before it: what is loaded later has no more than a confined process.
"""

from __future__ import annotations

import os
import pickle
from typing import BinaryIO

from worker.pipeline.sandbox import confine

QUESTIONS, ANSWERS = 3, 4
"""The numbers under which this process holds its pipes."""

_STDIN, _STDOUT, _STDERR = 0, 1, 2


def main() -> None:
    """Answer until the parent closes the pipe."""
    questions = _take_pipes()
    try:
        limits = pickle.load(questions)  # noqa: S301 - from the parent, which is trusted
    except EOFError:  # the parent was interrupted before it could say more
        return
    confine.confine(limits)
    # What a library prints, or whoever took it over, belongs into no log and onto no terminal.
    os.dup2(_STDOUT, _STDERR)
    from worker.pipeline.sandbox.answering import answer_all  # noqa: PLC0415 - loads NumPy

    answer_all(questions, ANSWERS)


def _take_pipes() -> BinaryIO:
    """Move the pipes away from standard input and output, for which libraries have other uses."""
    os.dup2(_STDIN, QUESTIONS, inheritable=False)
    os.dup2(_STDOUT, ANSWERS, inheritable=False)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (_STDIN, _STDOUT):
        os.dup2(nowhere, stream)
    os.close(nowhere)
    return os.fdopen(QUESTIONS, "rb")


if __name__ == "__main__":
    main()
