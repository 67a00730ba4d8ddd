"""What happens where stdout takes no more: a full disk is one sentence, and a closed pipe is none."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

PIPE_CLOSED = 141  #: exit code of a program that SIGPIPE ended: 128 + 13, as a shell tells it


class _OutputLostError(OSError):
    """An error of stdout, told from that of any other file or connection."""


class _Watched:
    """A stdout that says of its errors that they are its own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, as every stream does."""
        try:
            return self._stream.write(text)
        except OSError as error:
            raise _OutputLostError(error.errno, error.strerror) from error

    def flush(self) -> None:
        """Flush, as every stream does."""
        try:
            self._stream.flush()
        except OSError as error:
            raise _OutputLostError(error.errno, error.strerror) from error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def stdout_taken() -> Iterator[None]:
    """Run a block that prints, and end it as other programs do where its output is lost.

    Raises:
        SystemExit: who read stdout has gone; as after SIGPIPE, nothing is said.
        ClickException: stdout cannot be written to.
    """
    before = sys.stdout
    if before is None:  # it was closed before we began
        yield
        return
    sys.stdout = cast("TextIO", _Watched(before))
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except _OutputLostError as error:
        _forget(before)
        if error.errno == errno.EPIPE:
            raise SystemExit(PIPE_CLOSED) from error
        reason = "the disk is full" if error.errno == errno.ENOSPC else "stdout takes no more"
        raise click.ClickException(f"the answer could not be printed: {reason}") from error
    finally:
        sys.stdout = before


def _forget(stream: TextIO) -> None:
    """Let what is waiting go nowhere, or Python would complain of it once more at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with suppress(OSError):  # it is no file
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
