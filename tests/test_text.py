"""How times and names read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from worker.text import clock, fault_words, part_words, printable, reason_words

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("time_s", "shown"),
    [
        (0.0, "00:00.000"),
        (0.29, "00:00.290"),
        (1.033366, "00:01.034"),  # rounded down, a player would show the frame before
        (59.9999, "01:00.000"),
        (3723.5, "62:03.500"),
    ],
)
def test_a_time_reads_as_a_players_clock(time_s: float, shown: str) -> None:
    """Minutes, seconds and milliseconds, never before the frame that is meant."""
    assert clock(time_s) == shown


def test_a_part_and_the_reason_that_it_gives_read_differently() -> None:
    """A part may count against a frame; a reason says what the frame had more of than the runner-up."""
    assert part_words("light") == "light"
    assert reason_words("light") == "better light"


def test_a_pick_with_a_fault_was_picked_despite_it() -> None:
    """A fault is never told as if it spoke for the frame."""
    assert reason_words("moving") == "although much motion"
    assert fault_words("moving") == "much motion"


@pytest.mark.parametrize("words", [part_words, reason_words, fault_words])
def test_a_name_of_another_version_reads_as_words_too(words: Callable[[str], str]) -> None:
    """Runs of before are stored with their names."""
    assert words("rule_of-thirds") == "rule of thirds"


def test_a_name_cannot_steer_the_terminal() -> None:
    """Escape codes and bytes that are no text become a sign for that."""
    assert printable("a\x1b[2Jb\udcff.mp4") == "a\N{REPLACEMENT CHARACTER}[2Jb\N{REPLACEMENT CHARACTER}.mp4"
