"""One decode process, seen from its parent: started, asked, listened to and killed.

It holds two pipes and nothing else of its parent: questions are pickled on their way in, answers come back as
the bytes of `answers.messages` and are never unpickled. No wait for it is longer than its deadline, whatever
it writes. No memory and no lock is shared with it: a child that shortened shared memory would end its parent
(SIGBUS).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pickle
import select
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from worker.confinement.start import start
from worker.pipeline.sandbox.answers.forms import NOTHING, Nonsense, codec_of
from worker.pipeline.sandbox.answers.messages import NO_PICTURES, PROGRESS_S, READY, TaskProgress, read_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from worker.confinement.confine import ProcessLimits
    from worker.files.paged_file import Pages
    from worker.pipeline.sandbox.answering import SandboxTask
    from worker.pipeline.sandbox.answers.bounds import Bounds

MODULE = "worker.pipeline.sandbox.serve"

_POLL_S = 0.05
# A child that closed its pipe is about to end; its exit code says why.
_END_WAIT_S = 2.0
# A killed process may hang in the kernel, for example in a read from a server that is gone.
_KILL_WAIT_S = 10.0
# Linux, <linux/fcntl.h>: a pipe holds 64 KiB by default, and a picture of 4K takes 25 MB.
_F_SETPIPE_SZ, _PIPE_BYTES = 1031, 1 << 20


class Died(Exception):
    """The child ended, or closed its pipe."""


class Late(Exception):
    """The child did not answer within its time."""


class Watch:
    """Ends a wait at a deadline, and tells how far the child is, many times a second.

    The time in which pages of its file were on their way does not count: it is that of the network.
    """

    def __init__(
        self,
        wall_s: float,
        on_progress: Callable[[float], None] | None = None,
        pages: Pages | None = None,
    ) -> None:
        self.told = TaskProgress(pages=pages)
        self._pages = pages
        self._busy_before_s = pages.busy_s() if pages else 0.0
        self._start_s = time.monotonic()
        self._end_s = self._start_s + wall_s
        self._next_s = self._start_s + _POLL_S
        self._on_progress = on_progress

    def look(self) -> None:
        """Call the listener if it is time, which may raise anything.

        Raises:
            Late: the time is over.
            Nonsense: the child tells more often how far it is than it should.
            ThumbsError: its file cannot be fetched.
        """
        now_s, busy_s = time.monotonic(), 0.0
        if self._pages:
            self._pages.check()
            busy_s = self._pages.busy_s() - self._busy_before_s
        if now_s - busy_s >= self._end_s:
            raise Late
        if self.told.told > (now_s - self._start_s) / PROGRESS_S + 2:  # one at once, one for rounding
            raise Nonsense("it sent progress without end")
        if now_s >= self._next_s:
            self._next_s = now_s + _POLL_S
            self.tell()

    def tell(self) -> None:
        """Call the listener, which may raise anything."""
        if self._on_progress:
            self._on_progress(self.told.fraction)


class ChildProcess:
    """A decode process. It is not ready at first: `wait_until_idle` before each question.

    On Linux the kernel ends it with the thread that started it (PR_SET_PDEATHSIG), so that should be one that
    stays.
    """

    def __init__(self, limits: ProcessLimits) -> None:
        self._process = start(MODULE)
        assert self._process.stdin is not None  # noqa: S101 - for the type checker
        assert self._process.stdout is not None  # noqa: S101
        self._questions, self._answers = self._process.stdin.fileno(), self._process.stdout.fileno()
        for pipe in (self._questions, self._answers):
            os.set_blocking(pipe, False)
        _widen(self._answers)
        # At once, so that it loads its libraries meanwhile; a pipe holds that much before anybody reads.
        with contextlib.suppress(BrokenPipeError):  # it died already, which the first wait finds out
            os.write(self._questions, pickle.dumps(limits))
        self._asked = READY
        self._is_ready = False

    def wait_until_idle(self, watch: Watch) -> None:
        """Wait until all is loaded, the first time.

        Raises:
            Died: it is gone.
            Late: as `Watch.look`.
            Nonsense: it said something that nobody asked for.
        """
        if not self._is_ready:
            read_answer(self._reader(watch), READY, NOTHING, NO_PICTURES, watch.told)
            self._is_ready = True
        if _is_ready(self._answers, select.POLLIN, 0.0):
            if self._process.poll() is not None or not os.read(self._answers, 1):
                raise Died
            raise Nonsense("it sent an answer that nobody asked for")
        if self._process.poll() is not None:
            raise Died

    def ask(self, question: SandboxTask, bounds: Bounds, watch: Watch) -> Any:
        """Have a module's function called in the child, and return what it returned.

        Raises:
            Died, Late: see there.
            Nonsense: what came is no answer, or one out of bounds.
            Failed: the function raised an error.
        """
        answer_codec = codec_of(question.function)
        pickled = pickle.dumps((self._asked + 1, question))
        self._asked += 1
        self._send(pickled, watch)
        answer = read_answer(self._reader(watch), self._asked, answer_codec, bounds.room, watch.told)
        bounds.check(answer)
        watch.tell()  # what came just before the answer
        return answer

    def kill(self) -> None:
        """End the process; the pipes stay, so that another thread may still wait at them."""
        self._process.kill()

    def end(self) -> int:
        """Wait a moment for the end of the process or kill it, close its pipes, and return its exit code."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_WAIT_S)
        return self.discard()

    def discard(self) -> int:
        """Kill the process if it lives, close its pipes, and return its exit code."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            return self._process.wait(_KILL_WAIT_S)
        except subprocess.TimeoutExpired:
            return -signal.SIGKILL

    def _send(self, question: bytes, watch: Watch) -> None:
        left = memoryview(question)
        while left:
            watch.look()
            self._wait(self._questions, select.POLLOUT)
            with contextlib.suppress(BlockingIOError):
                try:
                    left = left[os.write(self._questions, left) :]
                except BrokenPipeError as exc:
                    raise Died from exc

    def _reader(self, watch: Watch) -> Callable[[memoryview], None]:
        def read_into(buffer: memoryview) -> None:
            while buffer:
                # Also where bytes come all the time: one at a time, or without end.
                watch.look()
                try:
                    count = os.readv(self._answers, [buffer])
                except BlockingIOError:
                    self._wait(self._answers, select.POLLIN)
                    continue
                if not count:
                    raise Died
                buffer = buffer[count:]

        return read_into

    def _wait(self, pipe: int, event: int) -> None:
        """Wait a moment for a pipe.

        Raises:
            Died: it never comes, even where somebody else holds the other end.
        """
        is_over = self._process.poll() is not None
        if not _is_ready(pipe, event, 0.0 if is_over else _POLL_S) and is_over:
            raise Died


def _is_ready(pipe: int, event: int, wait_s: float) -> bool:
    # Not `select`, which knows no number above 1023.
    poller = select.poll()
    poller.register(pipe, event)
    return bool(poller.poll(wait_s * 1000))


def _widen(pipe: int) -> None:
    """Let a pipe hold more, so that large answers take fewer turns; not where the system refuses."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, _F_SETPIPE_SZ, _PIPE_BYTES)
