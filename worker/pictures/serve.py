"""The program that reads one picture: take the pipes, confine itself, answer, end.

Only what `confine` needs is imported before it: what is loaded later has no more than a confined process.
"""

from __future__ import annotations

import os

from worker.confinement import confine
from worker.confinement.pipes import ANSWERS, take_pipes
from worker.pictures.answer import MAX_BYTES

# A picture of 8K has 133 MB in RGBA; that, a turned copy, a flat one, and what encodes it.
_LIMITS = confine.ProcessLimits(address_space_bytes=768 * confine.MIB)
CPU_S = 5.0  #: of processor time; a picture of 8K takes about two

_STDOUT, _STDERR = 1, 2


def main() -> None:
    """Answer what the parent has written, once it has closed the pipe."""
    file = take_pipes()
    confine.confine(_LIMITS)
    # What a library prints, or whoever took it over, belongs into no log and onto no terminal.
    os.dup2(_STDOUT, _STDERR)
    from worker.pictures.decode import answer_to  # noqa: PLC0415 - loads Pillow

    confine.seal(())
    confine.allow_cpu(CPU_S)
    answer = answer_to(file.read(MAX_BYTES + 1))
    with os.fdopen(ANSWERS, "wb") as answers:
        answers.write(answer)


if __name__ == "__main__":
    main()
