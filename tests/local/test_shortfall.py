"""Fewer picks than asked for come with the reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.service import sample_run
from worker.local.shortfall import why_fewer

RUN = sample_run.run()


def test_as_many_picks_as_asked_need_no_word() -> None:
    """Two of two, or of one."""
    assert why_fewer(RUN, len(RUN.picks)) == ""


@pytest.mark.parametrize(
    ("whys", "told"),
    [
        (["too like pick 1"], "look like one of these"),
        (
            ["within 2 s of pick 1", "moving, blurred", "black"],
            "have a defect or are close in time to one of these",
        ),
        (["outscored", "start or end"], "are much weaker or lie at the start or the end"),
        (["avoided"], "lie in a range to avoid"),
    ],
)
def test_the_reason_is_what_became_of_the_other_frames(whys: list[str], told: str) -> None:
    """The most frequent one first."""
    losers = tuple(sample_run.loser(float(time_s), why) for time_s, why in enumerate(whys))

    assert why_fewer(replace(RUN, losers=losers), 5) == f"2 of 5 picks: all other frames {told}"


def test_a_video_of_one_frame_says_so() -> None:
    """Nothing was refused."""
    run = replace(RUN, picks=RUN.picks[:1], losers=())

    assert why_fewer(run, 3) == "1 of 3 picks: the video has no other frame to show"
