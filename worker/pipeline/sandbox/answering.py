"""The loop of the decode process: one question after another is read, worked on and answered.

Questions come pickled, from a parent that is trusted. They name functions of modules, which are imported
here. The first question says what the process may read, and seals it.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import threading
import time
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from worker.confinement import confine
from worker.files import paged_file
from worker.pipeline.sandbox import child
from worker.pipeline.sandbox.answers import failures, messages
from worker.pipeline.sandbox.answers.forms import NOTHING, codec_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from worker.files.paged_file import PagedFile


class SandboxTask(NamedTuple):
    """What the process is to do, and what it may use for it."""

    function: Callable[..., Any]  #: of a module
    arguments: tuple[object, ...]
    readable: tuple[Path, ...]  #: what it may read besides libraries; only the first question's counts
    cpu_s: float  #: seconds of processor time, all threads together
    paged: PagedFile | None = None  #: the file of which pages are to be asked for


def answer_all(questions: BinaryIO, answers: int) -> None:
    """Load all libraries, say so, then answer until the parent closes the pipe.

    Args:
        questions: the pipe to read from.
        answers: the number of the pipe to write into.
    """
    turn = threading.Lock()  # decoders ask for pages while the main thread tells how far it is

    def write(parts: Iterable[bytes | memoryview]) -> None:
        with turn:
            for part in parts:
                left = memoryview(part)
                while left:
                    left = left[os.write(answers, left) :]

    def ask(first: int, count: int, is_awaited: bool) -> None:
        write([messages.wanted(first, count, is_awaited=is_awaited)])

    child.report_to(_reporter(write))
    with contextlib.suppress(Exception):  # the question that needs it will tell
        child.warm_up()
    write(messages.answer(messages.READY, None, NOTHING))
    with contextlib.suppress(EOFError):
        while True:
            task, question = pickle.load(questions)  # noqa: S301 - from the parent
            confine.seal(question.readable)
            confine.allow_cpu(question.cpu_s)
            paged_file.attach(question.paged, ask)
            write(_answer(task, question))


def _answer(task: int, question: SandboxTask) -> Sequence[bytes | memoryview]:
    function = question.function
    try:
        return list(messages.answer(task, function(*question.arguments), codec_of(function)))
    except Exception as exc:  # noqa: BLE001 - hostile input finds errors that no code foresees
        return [messages.failure(task, failures.told(exc))]


def _reporter(write: Callable[[Sequence[bytes]], None]) -> Callable[[float], None]:
    """Return what tells the parent how much of a task is done, now and then."""
    last_s = time.monotonic()

    def report(fraction: float) -> None:
        nonlocal last_s
        now_s = time.monotonic()
        if now_s - last_s >= messages.PROGRESS_S:
            last_s = now_s
            write([messages.progress(min(1.0, max(0.0, fraction)))])

    return report
