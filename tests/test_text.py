"""How times and names read."""

from __future__ import annotations

import pytest

from worker.text import as_words, clock, printable


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


def test_names_read_as_words() -> None:
    """What programs read is put into words."""
    assert as_words("rule_of_thirds") == "rule of thirds"


def test_a_name_cannot_steer_the_terminal() -> None:
    """Escape codes and bytes that are no text become a sign for that."""
    assert printable("a\x1b[2Jb\udcff.mp4") == "a\N{REPLACEMENT CHARACTER}[2Jb\N{REPLACEMENT CHARACTER}.mp4"
