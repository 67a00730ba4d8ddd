"""A decode process asks for the pages of its file, in a fixed form and not without end."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.support.sandbox.hostile_answers import answer, head
from worker.files.paged_file import PagedFile
from worker.pipeline.sandbox.answers import messages
from worker.pipeline.sandbox.answers.forms import NOTHING, Nonsense
from worker.pipeline.sandbox.answers.messages import NO_PICTURES, TaskProgress, read_answer

TASK = 7


class CountedPages:
    """Who would bring the pages of a file of ten."""

    file, count = PagedFile(Path("film"), Path("film.pages"), 4096), 10

    def __init__(self) -> None:
        self.brought: list[tuple[int, int, bool]] = []

    def bring(self, first: int, count: int, *, is_awaited: bool) -> None:
        """Note what is asked for."""
        self.brought.append((first, count, is_awaited))

    def check(self) -> None:
        """Let nothing go wrong."""

    def busy_s(self) -> float:
        """Take no time."""
        return 0.0

    def close(self) -> None:
        """Have nothing to give up."""


def wishes(message: bytes, pages: CountedPages | None) -> None:
    """Read wishes for pages, up to an honest answer."""
    pipe = io.BytesIO(message + answer(TASK))

    def read_into(buffer: memoryview) -> None:
        if pipe.readinto(buffer) != len(buffer):
            raise EOFError

    read_answer(read_into, TASK, NOTHING, NO_PICTURES, TaskProgress(pages=pages))


def test_a_wish_for_pages_is_passed_on() -> None:
    """In order, to who brings them."""
    pages = CountedPages()

    wishes(messages.wanted(0, 10, is_awaited=False) + messages.wanted(9, 1, is_awaited=True), pages)

    assert pages.brought == [(0, 10, False), (9, 1, True)]


@pytest.mark.parametrize(
    "wish",
    [
        [],
        [1],
        [1, 1],
        [1, 1, 1],
        [1, 1, True, 1],
        [0, 11, True],
        [10, 1, True],
        [-1, 2, True],
        [0, 0, True],
        [0, 1 << 70, True],
        [True, 1, True],
        [0.0, 1, True],
        "abc",
        None,
    ],
    ids=repr,
)
def test_a_wish_that_no_file_can_fulfil_is_refused(wish: object) -> None:
    """By the same error as every other nonsense, and nobody is asked for anything."""
    pages = CountedPages()

    with pytest.raises(Nonsense):
        wishes(head({"wanted": wish}), pages)

    assert pages.brought == []


def test_wishes_without_end_are_refused() -> None:
    """Few large ones as well as many small ones: each page that is asked for costs its parent time."""
    for first, count in ((0, 10), (3, 1)):
        with pytest.raises(Nonsense, match="without end"):
            wishes(messages.wanted(first, count, is_awaited=True) * (300 // count), CountedPages())
    with pytest.raises(Nonsense):
        wishes(messages.wanted(0, 1, is_awaited=True), None)
