"""What a decode process that was taken over might answer, run inside the real one.

Each act writes into the pipe of answers itself, and so pretends to be the loop of the process. It has a whole
honest answer before it or behind it, where that is the point.
"""

from __future__ import annotations

import json
import os
import pickle
import time
from pathlib import Path

from worker.confinement.pipes import ANSWERS

DRIBBLE_S = 0.01


def head(said: object, length: int | None = None) -> bytes:
    """Return a message with this head, and this length in front of it."""
    text = json.dumps(said).encode()
    return b"ANS1" + (len(text) if length is None else length).to_bytes(4, "big") + text


def answer(task: int, value: object = None) -> bytes:
    """Return an honest answer without pictures."""
    return head({"task": task, "pictures": [], "value": value})


def say(message: bytes) -> None:
    """Write a message in place of an answer, and go on as if nothing were."""
    left = memoryview(message)
    while left:
        left = left[os.write(ANSWERS, left) :]


def say_and_wait(message: bytes) -> None:
    """Write a message in place of an answer, and nothing more."""
    say(message)
    time.sleep(600)


def close_pipe() -> None:
    """Answer never, and let nobody see that."""
    os.close(ANSWERS)
    time.sleep(600)


def dribble(task: int) -> None:
    """Answer byte by byte, each long before anybody loses patience."""
    for byte in answer(task, "x" * 100_000):
        os.write(ANSWERS, bytes([byte]))
        time.sleep(DRIBBLE_S)


def flood_with_progress() -> None:
    """Say without end that half is done."""
    while True:
        os.write(ANSWERS, head({"progress": 0.5}))


class _Loot:
    def __init__(self, marker: str) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path(self.marker),)


def say_pickle(marker: str, is_framed: bool) -> None:
    """Send what makes a file where it is unpickled, bare or behind its length as `multiprocessing` does."""
    loot = pickle.dumps(_Loot(marker))
    say_and_wait((len(loot).to_bytes(4, "big") if is_framed else b"") + loot)


def return_loot(marker: str) -> None:
    """Return such an object, where None is promised."""
    return _Loot(marker)  # type: ignore[return-value]


def raise_loot(marker: str) -> None:
    """Raise such an object as an error."""

    class Error(Exception):
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (Path(marker),)

    raise Error("loot")


def text(characters: int) -> str:
    """Return a text of so many characters."""
    return "x" * characters


def forging_text() -> str:
    """Return a text that would forge a line of a log, and colour it."""
    return "fine\nERROR \x1b[31mforged\u202e"


def say_nothing(_message: bytes) -> None:
    """Behave for once."""
