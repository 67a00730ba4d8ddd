"""Errors of the decode process, told by a name out of our own list, a short text and the system's number."""

from __future__ import annotations

from typing import Any, Self

from worker.errors import ThumbsError, UnknownModel, UnreadableVideo, VideoTooLarge, WeightsMissing
from worker.pipeline.sandbox.answers.forms import Nonsense, clean_text, whole_number

MAX_CHARACTERS = 500

# What a look at a video may end with. Others would let a hostile file stop more than its own job.
_OURS: dict[str, type[ThumbsError]] = {
    error.__name__: error for error in (UnreadableVideo, VideoTooLarge, WeightsMissing, UnknownModel)
}
_OTHERS: dict[str, type[Exception]] = {"MemoryError": MemoryError, "OSError": OSError, "Exception": Exception}


class Failed(Exception):
    """A task failed in the child. `error` is what it told of, made anew here."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error

    @classmethod
    def of(cls, said: list[Any]) -> Self:
        """Read what `told` wrote.

        Raises:
            Nonsense: no error of our list is told so.
        """
        if len(said) != 3:  # noqa: PLR2004 - name, text, number
            raise Nonsense("it sent an error of another form")
        name, text, number = clean_text(said[0]), clean_text(said[1]), whole_number(said[2])
        if name in _OURS:
            return cls(_OURS[name](text[:MAX_CHARACTERS]))
        if name not in _OTHERS:
            raise Nonsense("it sent an error that nobody knows")
        # Python makes a PermissionError of an OSError with that number, and so on.
        return cls(OSError(number, text) if name == "OSError" else _OTHERS[name](text[:MAX_CHARACTERS]))


def told(error: Exception) -> tuple[str, str, int]:
    """Describe an error: its name, a text, and the number of the system where it has one, else 0."""
    if type(error) in _OURS.values():
        return type(error).__name__, str(error)[:MAX_CHARACTERS], 0
    if isinstance(error, MemoryError):
        return "MemoryError", "", 0
    if isinstance(error, OSError) and error.errno:
        return "OSError", str(error.strerror)[:MAX_CHARACTERS], error.errno
    return "Exception", repr(error)[:MAX_CHARACTERS], 0
