"""Frames lose by text that others of the video do not have, and by nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.media import pictures
from worker.pipeline.frames import Candidate, Cues, Scored
from worker.pipeline.scoring.text import TextFinder, TextLine
from worker.pipeline.scoring.text_cost import MAX_MEASURED, charge_for_text, text_values
from worker.pipeline.selection.reasons import NO_TEXT, deciding_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.pipeline.frames import Rgb

CUES = Cues(0.5, 0.3, 0.01, 0.1, 0.7, 0.9, 0.9, 0.0, 0.0, 0.0, 0.0)
CAPTION = TextLine((0.1, 0.85, 0.9, 0.95), 0.012)
WATERMARK = TextLine((0.8, 0.05, 0.95, 0.1), 0.004)
TITLE = TextLine((0.1, 0.3, 0.9, 0.6), 0.06)


@pytest.fixture(scope="module")
def finder() -> TextFinder:
    """The one that ships."""
    return TextFinder.load()


class CountingFinder:
    """Finds nothing, and remembers what it was shown."""

    def __init__(self) -> None:
        self.shown: list[Rgb] = []

    def find(self, rgb: Rgb) -> tuple[TextLine, ...]:
        """Look at a picture."""
        self.shown.append(rgb)
        return ()


def scored(shown: Sequence[Rgb], scores: Sequence[float] = (), shots: Sequence[int] = ()) -> list[Scored]:
    """Frames of one video, two seconds apart; all of one score and one shot unless told otherwise."""
    return [
        Scored(
            Candidate(2.0 * index, shots[index] if shots else 0, rgb, CUES),
            np.zeros(1, np.float32),
            (),
            {"light": score},
            score,
        )
        for index, (rgb, score) in enumerate(zip(shown, scores or [1.0] * len(shown), strict=True))
    ]


def footage(count: int) -> list[Rgb]:
    """Frames of a film."""
    return pictures.footage("bigbuckbunny", 4 * count)[::4]


def captioned(shown: Sequence[Rgb], words: str = "And so it began one day") -> list[Rgb]:
    """The same frames, with words below."""
    return [pictures.written(rgb, words, (40, 150), 16) for rgb in shown]


def test_a_frame_without_a_caption_goes_before_those_with_one(finder: TextFinder) -> None:
    """The parts still add up, and the reason says why."""
    clean, *others = footage(4)
    charged = charge_for_text(scored([*captioned(others), clean], [1.1, 1.1, 1.1, 1.0]), finder)

    assert max(charged, key=lambda one: one.score) is charged[3]
    assert all(one.score == pytest.approx(sum(one.parts.values())) for one in charged)
    assert deciding_parts(charged[3], charged[0], 0.0) == (NO_TEXT,)
    assert NO_TEXT not in deciding_parts(charged[0], charged[3], 0.0)


def test_a_frame_with_the_watermark_of_all_is_not_said_to_have_no_text(finder: TextFinder) -> None:
    """Whoever sees the name of the channel would not believe the rest; it has less text than the others."""
    marked = [pictures.written(rgb, "CHANNEL NINE", (210, 8), 14) for rgb in footage(4)]
    charged = charge_for_text(scored([marked[0], *captioned(marked[1:])]), finder)

    assert deciding_parts(charged[0], charged[1], 0.0) == ("text",)


def test_a_bar_that_a_fifth_of_the_frames_lack_costs_the_others() -> None:
    """There are frames without it to be shown."""
    values = text_values([[WATERMARK]] * 16 + [[]] * 4)

    assert max(values[:16]) < min(values[16:])


def test_a_watermark_that_is_missed_in_one_frame_costs_nothing() -> None:
    """No finder sees everything."""
    assert text_values([[WATERMARK]] * 19 + [[]]) == [0.0] * 20


def test_what_every_frame_shows_in_the_same_place_costs_nothing(finder: TextFinder) -> None:
    """The name of a channel is in the corner from beginning to end; nor is its absence a reason."""
    before = scored([pictures.written(rgb, "CHANNEL NINE", (210, 8), 14) for rgb in footage(5)])

    assert finder.find(before[0].candidate.rgb)
    assert charge_for_text(before, finder) == before


def test_frames_of_a_film_without_text_stay_as_they_are(finder: TextFinder) -> None:
    """No frame lacks what no other has, so none is praised for it."""
    before = scored(footage(5))
    after = charge_for_text(before, finder)

    assert after == before


def test_a_caption_costs_beside_the_watermark_of_all() -> None:
    """Only what others lack counts."""
    assert text_values([[WATERMARK, CAPTION], *[[WATERMARK]] * 5]) == [-CAPTION.share / 0.03, *[0.0] * 5]


def test_captions_that_are_there_most_of_the_time_cost_where_some_frames_are_free_of_them() -> None:
    """A subtitled film has frames without a subtitle."""
    values = text_values([[CAPTION]] * 7 + [[]] * 3)

    assert values[7:] == [0.0] * 3
    assert max(values[:7]) < -0.3


def test_subtitles_cost_though_nearly_every_frame_has_one() -> None:
    """They stand in one place, but each has other words."""
    subtitles = [TextLine((0.5 - half, 0.85, 0.5 + half, 0.95), 0.012) for half in np.linspace(0.05, 0.45, 9)]

    assert max(text_values([*[[one] for one in subtitles], []])[:9]) < -0.3


def test_a_title_costs_more_than_a_caption_but_no_more_than_all() -> None:
    """Beyond a large title, more letters are no worse."""
    title, caption, none = text_values([[TITLE], [CAPTION], []])

    assert title == -1.0
    assert title < caption < none == 0.0


def test_a_single_picture_is_not_charged() -> None:
    """There is no other that does without."""
    assert text_values([[TITLE]]) == [0.0]


def test_no_more_frames_are_looked_at_than_there_is_time_for() -> None:
    """The best ones."""
    counting = CountingFinder()
    shown = [np.full((18, 32, 3), index, np.uint8) for index in range(100)]
    charge_for_text(scored(shown, [float(index) for index in range(100)]), counting)  # type: ignore[arg-type]

    assert sorted(int(rgb[0, 0, 0]) for rgb in counting.shown) == list(range(100 - MAX_MEASURED, 100))


def test_every_shot_is_looked_at_where_one_holds_all_of_the_best() -> None:
    """For a second pick comes from another shot."""
    counting = CountingFinder()
    shown = [np.full((18, 32, 3), index, np.uint8) for index in range(60)]
    scores, shots = [2.0] * 30 + [1.0] * 30, [0] * 30 + [1 + index // 6 for index in range(30)]
    charge_for_text(scored(shown, scores, shots), counting)  # type: ignore[arg-type]

    assert {shots[int(rgb[0, 0, 0])] for rgb in counting.shown} >= {0, 1, 2, 3, 4}


def test_a_frame_that_was_not_looked_at_does_not_win_by_that(finder: TextFinder) -> None:
    """It may have a caption as well; and nobody says that it has none."""
    worst, *best = footage(MAX_MEASURED + 1)
    before = scored([*captioned(best[:12]), *best[12:], *captioned([worst])], [2.0] * 12 + [1.5] * 8 + [1.4])
    charged = charge_for_text(before, finder)

    assert 12 <= max(range(21), key=lambda index: charged[index].score) < 20
    assert charged[-1].parts["text"] < 0
    assert deciding_parts(charged[-1], charged[0], 0.0) == ()
