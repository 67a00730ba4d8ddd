"""What the report says of a candidate is what was measured, and no more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.service import sample_run
from worker.local.fates import size_words, why_lost
from worker.pipeline.frames import Box

PICKS = (sample_run.pick(1, 6.5), sample_run.pick(2, 2.0))  #: of a score of 1.0


@pytest.mark.parametrize(
    ("why", "score", "told"),
    [
        ("outscored", 0.5, "others score higher"),
        ("outscored", 1.5, "differs less from the picks"),
        ("within 2 s of pick 2", 0.5, "close in time to pick 2"),
        ("within 2 s of pick 2", 1.5, "close in time to pick 2, which differs more"),
        ("too like pick 1", 0.5, "looks like pick 1"),
        ("title card", 0.5, "mostly flat areas"),
        ("transition, moving", 0.5, "perhaps in a fade, much motion"),
        ("a word of later versions", 0.5, "a word of later versions"),
    ],
)
def test_a_candidate_lost_by_what_is_true_of_it(why: str, score: float, told: str) -> None:
    """A better frame that was left out is not called outscored, and a car is no title card."""
    assert why_lost(sample_run.loser(1.0, why, score), PICKS) == told


def test_a_small_crop_of_a_large_file_says_so() -> None:
    """602 pixels look like a mistake where the file has 1,920, unless the page tells."""
    video = replace(sample_run.video(), width_px=1920, height_px=1080)

    small = sample_run.crop("16:9", Box(0, 0, 602, 338))

    assert size_words(small, video) == "cut out of a picture of 1920 \N{MULTIPLICATION SIGN} 1080"


def test_a_narrow_ratio_of_a_wide_video_is_no_small_crop() -> None:
    """9:16 cannot be wider than this."""
    video = replace(sample_run.video(), width_px=1920, height_px=1080)

    assert size_words(sample_run.crop("9:16", Box(0, 0, 608, 1080)), video) == ""
