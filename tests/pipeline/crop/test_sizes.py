"""People are told of crops that are small, and of those that show a small part of the picture."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tests.support.service import sample_run
from worker.pipeline.crop.crop import crops
from worker.pipeline.crop.sizes import size_notes
from worker.pipeline.frames import Pick

if TYPE_CHECKING:
    from worker.pipeline.media import Video


MIDDLE = (0.3, 0.0, 0.7, 1.0)  #: between bars


def cut(width: int, height: int, *aspects: str) -> Pick:
    """A pick whose still has a size, cut to ratios."""
    still = np.full((height, width, 3), 128, np.uint8)
    return Pick(1, 0.0, 0, 0.0, {}, (), (), width, height, crops(still, aspects))


def video(width: int, height: int) -> Video:
    """A file with a picture of a size, bars included."""
    return replace(sample_run.video(), width_px=width, height_px=height)


def test_a_narrow_crop_is_told_with_its_width_and_the_size_of_the_video() -> None:
    """The cure is another ratio or a larger file."""
    assert list(size_notes([cut(640, 360, "16:9", "9:16")], [None], video(640, 360))) == [
        "the crop to 9:16 is only 202 px wide: the video is 640x360 px"
    ]


def test_crops_to_several_ratios_are_told_in_one_sentence() -> None:
    """And once for all picks."""
    small = cut(176, 144, "16:9", "1:1", "source")
    assert list(size_notes([small, small, small], [None] * 3, video(176, 144))) == [
        "the crops to 16:9, 1:1 and source are only 176 and 144 px wide: the video is 176x144 px"
    ]


def test_a_crop_of_what_bars_leave_is_told_with_that() -> None:
    """Nobody would guess it of a file of 1080p."""
    (sentence,) = size_notes(
        [cut(1920, 1080, "16:9"), cut(602, 1080, "16:9")], [None, MIDDLE], video(1920, 1080)
    )
    assert sentence.startswith("the crop to 16:9 is made of only 602x339 px: the video is 1920x1080 px,")
    assert sentence.endswith("of which bars leave 602x1080 px")


def test_the_smallest_of_the_picks_is_told() -> None:
    """One sentence for a ratio, not one for each pick."""
    (sentence,) = size_notes(
        [cut(768, 1080, "16:9"), cut(640, 1080, "16:9")], [MIDDLE, MIDDLE], video(1920, 1080)
    )
    assert "640x360" in sentence


def test_what_everybody_expects_is_not_told() -> None:
    """An upright crop of a wide picture, a letterboxed film, the whole picture."""
    assert not list(size_notes([cut(1920, 1080, "16:9", "9:16", "1:1", "source")], [None], video(1920, 1080)))
    assert not list(size_notes([cut(1920, 804, "16:9")], [MIDDLE], video(1920, 1080)))
