"""What happens where stdout takes no more: a full disk is one sentence, and a closed pipe is none."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

PIPE_CLOSED = 141  #: exit code of a program that SIGPIPE ended: 128 + 13, as a shell tells it


@contextmanager
def stdout_taken() -> Iterator[None]:
    """Run a block that prints, and end it as other programs do where its output is lost.

    Raises:
        SystemExit: who read stdout has gone; as after SIGPIPE, nothing is said.
        ClickException: stdout cannot be written to.
    """
    try:
        try:
            yield
        finally:
            _flush()
    except OSError as error:
        if not _is_lost():
            raise
        _forget()
        if error.errno == errno.EPIPE:
            raise SystemExit(PIPE_CLOSED) from error
        reason = "its disk is full" if error.errno == errno.ENOSPC else "stdout takes no more"
        raise click.ClickException(f"the answer could not be printed: {reason}") from error


def _flush() -> None:
    if sys.stdout is not None:  # it was closed before we began
        sys.stdout.flush()


def _is_lost() -> bool:
    """Tell an error of stdout from one of anything else: what could not be written is still waiting."""
    try:
        _flush()
    except OSError:
        return True
    return False


def _forget() -> None:
    """Let what is waiting go nowhere, or Python would complain of it once more at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
