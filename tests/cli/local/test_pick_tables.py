"""The table of `thumbs pick` on terminals of any width."""

from __future__ import annotations

import pytest

from tests.support.terminals import shown_on

# Prints the sample run, whose picks have long names of files, as the command does.
PRINT = """
from dataclasses import replace
from pathlib import Path
from tests.support.service import sample_run
from worker.cli.local.pick_tables import print_run
from worker.local.plan import FileOutcome
from worker.local.video_paths import NamedVideo
run = sample_run.run(note="the crops to 16:9 and 1:1 are only 320 and 180 px wide")
faulty = replace(run.picks[1], reasons=("blurred", "moving"))
run = replace(run, picks=(run.picks[0], faulty))
folder = Path("thumbs-out/holiday-in-the-mountains")
video = NamedVideo("holiday-in-the-mountains.mp4", Path("holiday-in-the-mountains.mp4"))
print_run(FileOutcome(video, folder, run), run, "2 of 3 picks: all other frames look like one of these")
"""


def test_a_wide_terminal_has_a_line_for_each_pick() -> None:
    """Defects stand in a column of their own, with commas."""
    lines = [" ".join(line.split()) for line in shown_on(120, PRINT)]

    assert lines[0] == "holiday-in-the-mountains.mp4 in thumbs-out/holiday-in-the-mountains"
    assert lines[3] == "rank time score reasons despite files"
    assert lines[4].endswith("sharper, clearer face 1-16x9.jpg 1-1x1.jpg")
    assert lines[5].endswith("not sharp, much motion 2-16x9.jpg 2-1x1.jpg")


@pytest.mark.parametrize("columns", [40, 60])
def test_a_narrow_terminal_breaks_no_name(columns: int) -> None:
    """Each pick is a block; sentences are broken between words, and nothing is wider than the terminal."""
    lines = shown_on(columns, PRINT)
    words = " ".join(lines).split()

    assert lines[:2] == ["holiday-in-the-mountains.mp4", "in thumbs-out/holiday-in-the-mountains"]
    assert max(map(len, lines)) <= columns
    assert "…" not in " ".join(lines)
    assert {"1-16x9.jpg", "1-1x1.jpg", "2-16x9.jpg", "2-1x1.jpg"} <= set(words)
    assert "2 of 3 picks: all other frames look like one of these" in " ".join(words)
