"""What the decode process writes into its pipe: a mark, a length, a JSON head, the bytes of pictures.

    4 bytes    "ANS1"
    4 bytes    length of the head, big-endian
    the head   JSON: {"task", "pictures", "value"}, {"task", "error"}, {"progress"} or {"wanted"}
    pictures   the bytes of each, as long as the sizes in the head say

"task" is the number of the question. "pictures" lists [height, width] of RGB pictures of 8 bits. "value" is
in the form of `forms`, "error" in that of `failures`. "wanted" asks for pages of the video's file: the first,
how many, and whether they are waited for.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from worker.pipeline.sandbox.answers.failures import Failed
from worker.pipeline.sandbox.answers.forms import Nonsense, finite_number, items, whole_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from worker.files.paged_file import Pages
    from worker.pipeline.frames import Rgb
    from worker.pipeline.sandbox.answers.forms import Codec

_PREFIX = struct.Struct(">4sI")
_MARK = b"ANS1"
_CHANNELS = 3

READY = 0
"""The number of the answer that says that all libraries are loaded; that of the first question is 1."""

PROGRESS_S = 0.05
"""Progress is told no more often than this, and a child that tells more is up to something."""


# Each decoder may want each page twice, where two reads meet in it, and the plan names it before.
_ASKS_A_PAGE, _MORE_ASKS = 16, 64
_WISH_FIELDS = 3  # the first page, how many, and whether they are waited for


@dataclass(frozen=True, slots=True)
class Room:
    """How much an answer may hold; more is nonsense, and no byte of it is read."""

    head_bytes: int = 1 << 20
    pictures: int = 0  #: at most so many
    pixels: int = 0  #: of each at most so many


NO_PICTURES = Room()


@dataclass(slots=True)
class TaskProgress:
    """What a child tells while it works on one task."""

    fraction: float = 0.0  #: of the task that is done, 0..1
    told: int = 0  #: how often it said so
    pages: Pages | None = None  #: who brings the pages of the file that it reads; None where all are there
    asked: int = 0  #: how many pages it asked for in all

    def bring(self, said: list[Any]) -> None:
        """Have pages brought that it asks for.

        Raises:
            Nonsense: there are no such pages, or it asks without end.
        """
        if len(said) != _WISH_FIELDS or type(said[2]) is not bool or self.pages is None:
            _refuse("a wish for pages that is none")
        first, count = whole_number(said[0]), whole_number(said[1])
        if first < 0 or count < 1 or first + count > self.pages.count:
            _refuse("a wish for pages that no file has")
        self.asked += count
        if self.asked > _ASKS_A_PAGE * self.pages.count + _MORE_ASKS:
            _refuse("wishes for pages without end")
        self.pages.bring(first, count, is_awaited=said[2])


def answer(task: int, value: object, codec: Codec) -> Iterator[bytes | memoryview]:
    """Yield the bytes of an answer."""
    pictures: list[Rgb] = []
    said = codec.take_apart(value, pictures)
    sizes = [picture.shape[:2] for picture in pictures]
    yield _head({"task": task, "pictures": sizes, "value": said})
    for picture in pictures:
        yield np.ascontiguousarray(picture).data.cast("B")


def failure(task: int, error: Sequence[object]) -> bytes:
    """Return the bytes that say that a task failed; for `error` see `failures.told`."""
    return _head({"task": task, "error": list(error)})


def progress(fraction: float) -> bytes:
    """Return the bytes that say how much of the task is done, 0..1."""
    return _head({"progress": fraction})


def wanted(first: int, count: int, *, is_awaited: bool) -> bytes:
    """Return the bytes that ask for pages of the file: the number of the first, and how many."""
    return _head({"wanted": [first, count, is_awaited]})


def _head(said: dict[str, object]) -> bytes:
    text = json.dumps(said, allow_nan=False, separators=(",", ":")).encode()
    return _PREFIX.pack(_MARK, len(text)) + text


def read_answer(
    read_into: Callable[[memoryview], None], task: int, codec: Codec, room: Room, told: TaskProgress
) -> Any:
    """Read messages until one answers a task.

    Args:
        read_into: fills a buffer with the next bytes of the pipe.
        task: its number.
        codec: of the type that the answer has.
        room: how much it may hold.
        told: is kept up to date.

    Raises:
        Failed: the answer is that the task failed.
        Nonsense: the bytes are not of the fixed form.
    """
    while True:
        said = _read_head(read_into, room)
        if said.keys() == {"progress"}:
            told.fraction = _share(said["progress"])
            told.told += 1
            continue
        if said.keys() == {"wanted"}:
            told.bring(items(said["wanted"]))
            continue
        if "task" not in said or whole_number(said["task"]) != task:
            _refuse("an answer to another question")
        if said.keys() == {"task", "error"}:
            raise Failed.of(items(said["error"]))
        if said.keys() != {"task", "pictures", "value"}:
            _refuse("a head with other fields")
        pictures = _make_room(items(said["pictures"]), room)
        for picture in pictures:
            read_into(picture.data.cast("B"))
        rest = iter(pictures)
        value = codec.put_together(said["value"], rest)
        if next(rest, None) is not None:
            _refuse("more pictures than it speaks of")
        return value


def _read_head(read_into: Callable[[memoryview], None], room: Room) -> dict[str, Any]:
    prefix = bytearray(_PREFIX.size)
    read_into(memoryview(prefix))
    mark, length = _PREFIX.unpack(prefix)
    if mark != _MARK:
        _refuse("something that is no message")
    if length > room.head_bytes:
        _refuse("too long a head")
    text = bytearray(length)
    read_into(memoryview(text))
    try:
        said = json.loads(text.decode())
    except (ValueError, RecursionError) as exc:  # UnicodeDecodeError is a ValueError
        raise Nonsense("it sent a head that is no JSON") from exc
    if type(said) is not dict:
        _refuse("a head that is no object")
    return said


def _share(said: object) -> float:
    fraction = finite_number(said)
    if not 0 <= fraction <= 1:
        _refuse("progress beyond 0..1")
    return fraction


def _make_room(sizes: list[Any], room: Room) -> list[Rgb]:
    """Return unfilled pictures of these sizes."""
    if len(sizes) > room.pictures:
        _refuse("too many pictures")
    pictures = []
    for size in sizes:
        height_width = [whole_number(side) for side in items(size)]
        if len(height_width) != 2 or min(height_width) < 1:  # noqa: PLR2004 - height and width
            _refuse("a picture without a size")
        if height_width[0] * height_width[1] > room.pixels:
            _refuse("too large a picture")
        pictures.append(np.empty((*height_width, _CHANNELS), np.uint8))
    return pictures


def _refuse(what: str) -> NoReturn:
    raise Nonsense(f"it sent {what}")
