"""The filmstrip says of each frame what became of it, and draws the scores."""

from __future__ import annotations

import re

import pytest

from worker.admin.candidates import Numbered
from worker.database.models import StoredCandidate
from worker.review.filmstrip import Fate, Frame, chart_of, frames_in_time

PICKS = {1: 3.0, 2: 2.0}  #: scores by rank


def candidate(number: int, time_s: float, score: float | None, why: str | None) -> Numbered:
    """Return a candidate."""
    return Numbered(number, StoredCandidate(id=number, time_s=time_s, score=score, lost_because=why))


@pytest.mark.parametrize(
    ("why", "fate", "says"),
    [
        ("outscored", Fate.OUTSCORED, "others score higher"),
        ("too like pick 1", Fate.ALIKE, "looks like pick 1"),
        ("within 2 s of pick 1", Fate.ALIKE, "close in time to pick 1"),
        ("same scene as pick 2", Fate.ALIKE, "same scene as pick 2"),
        ("black, blurred", Fate.UNFIT, "nearly black, not sharp"),
        ("a word of later versions", Fate.UNFIT, "a word of later versions"),
    ],
)
def test_a_frame_that_lost_says_why(why: str, fate: Fate, says: str) -> None:
    """In words, and as a kind that has a sign of its own."""
    (frame,) = frames_in_time([candidate(3, 1.0, 0.5, why)], PICKS)

    assert (frame.fate, frame.says) == (fate, says)


def test_a_frame_that_was_picked_says_as_which() -> None:
    """Its number is the rank of the pick."""
    (frame,) = frames_in_time([candidate(2, 1.0, 2.0, None)], PICKS)

    assert (frame.fate, frame.says) == (Fate.PICKED, "pick 2")


def test_frames_come_in_order_of_time() -> None:
    """They are numbered by their score."""
    frames = frames_in_time([candidate(3, 9.0, 2.0, "outscored"), candidate(4, 1.0, 1.0, "outscored")], PICKS)

    assert [frame.time_s for frame in frames] == [1.0, 9.0]


def test_the_best_score_stands_highest_and_what_was_not_scored_lowest() -> None:
    """And each where its moment is: the drawing is as wide as the video is long."""
    frames = [
        Frame(1, 1, 0.0, 3.0, Fate.PICKED, ""),
        Frame(2, 2, 5.0, 1.0, Fate.OUTSCORED, ""),
        Frame(3, 3, 10.0, None, Fate.UNFIT, ""),
    ]

    chart = chart_of(frames, 10.0, [(5.0, 7.5), (9.0, 8.0)], [])

    assert chart.lines == {
        Fate.PICKED: "M0.0 60V4.0",
        Fate.OUTSCORED: "M500.0 60V56.0",
        Fate.UNFIT: "M1000.0 60V56.0",
    }
    assert chart.avoided == [(500.0, 250.0)]


def test_frames_of_one_score_and_a_video_of_unknown_length_can_be_drawn() -> None:
    """Nothing is divided by nothing."""
    chart = chart_of([Frame(1, 1, 0.0, 3.0, Fate.PICKED, "")], 0.0, [], [])

    assert re.fullmatch(r"M0\.0 60V[\d.]+", chart.lines[Fate.PICKED])
