"""The program of the decode process: take the pipes, confine itself, then answer (see `answering`).

Only what `confine` needs is imported before it: what is loaded later has no more than a confined process.
"""

from __future__ import annotations

import os
import pickle

from worker.confinement import confine
from worker.confinement.pipes import ANSWERS, take_pipes

_STDOUT, _STDERR = 1, 2


def main() -> None:
    """Answer until the parent closes the pipe."""
    questions = take_pipes()
    try:
        limits = pickle.load(questions)  # noqa: S301 - from the parent, which is trusted
    except EOFError:  # the parent was interrupted before it could say more
        return
    confine.confine(limits)
    # What a library prints, or whoever took it over, belongs into no log and onto no terminal.
    os.dup2(_STDOUT, _STDERR)
    from worker.pipeline.sandbox.answering import answer_all  # noqa: PLC0415 - loads NumPy

    answer_all(questions, ANSWERS)


if __name__ == "__main__":
    main()
