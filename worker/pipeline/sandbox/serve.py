"""The program of the decode process: confine itself, load its libraries, then answer one question after another.

Only what `confine` needs is imported before it. Questions come pickled, from a parent that is trusted; they name
functions of modules, which are imported here.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import time
from typing import TYPE_CHECKING, BinaryIO

from worker.pipeline.sandbox import confine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

QUESTIONS, ANSWERS = 3, 4
"""The numbers under which this process holds its pipes."""

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_READY = 0


def main() -> None:
    """Answer until the parent closes the pipe."""
    questions = _take_pipes()
    confine.confine(pickle.load(questions))
    # What a library prints, or an exploited one, belongs into no log and onto no terminal.
    os.dup2(_STDOUT, _STDERR)
    _serve(questions)


def _take_pipes() -> BinaryIO:
    """Move the pipes away from standard input and output, for which libraries have other uses."""
    os.dup2(_STDIN, QUESTIONS, inheritable=False)
    os.dup2(_STDOUT, ANSWERS, inheritable=False)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (_STDIN, _STDOUT):
        os.dup2(nowhere, stream)
    os.close(nowhere)
    return os.fdopen(QUESTIONS, "rb")


def _serve(questions: BinaryIO) -> None:
    from worker.pipeline.sandbox import child
    from worker.pipeline.sandbox.answers import messages
    from worker.pipeline.sandbox.answers.forms import codec

    child.report_to(_reporter(messages.progress, messages.PROGRESS_S))
    with contextlib.suppress(Exception):  # the question that needs it will tell
        child.warm_up()
    _write(messages.answer(_READY, None, codec(type(None))))
    while True:
        try:
            task, cpu_s, function, arguments = pickle.load(questions)
        except EOFError:
            return
        _write(_answer(task, cpu_s, function, arguments))


def _answer(
    task: int, cpu_s: float, function: Callable[..., object], arguments: tuple[object, ...]
) -> Sequence[bytes | memoryview]:
    from worker.pipeline.sandbox.answers import failures, messages
    from worker.pipeline.sandbox.answers.forms import codec_of

    confine.allow_cpu(cpu_s)
    try:
        return list(messages.answer(task, function(*arguments), codec_of(function)))
    except Exception as exc:  # noqa: BLE001 - hostile input finds errors that no code foresees
        return [messages.failure(task, failures.told(exc))]


def _reporter(message: Callable[[float], bytes], apart_s: float) -> Callable[[float], None]:
    """Return what tells the parent how much of a task is done, now and then."""
    last_s = time.monotonic()

    def report(fraction: float) -> None:
        nonlocal last_s
        now_s = time.monotonic()
        if now_s - last_s >= apart_s:
            last_s = now_s
            _write([message(min(1.0, max(0.0, fraction)))])

    return report


def _write(parts: Iterable[bytes | memoryview]) -> None:
    for part in parts:
        left = memoryview(part)
        while left:
            left = left[os.write(ANSWERS, left) :]


if __name__ == "__main__":
    main()
