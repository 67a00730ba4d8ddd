"""What is scored: usable candidates, one of each look."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.pipeline.scoring.test_ranking import GOOD
from tests.support.media import pictures
from worker.pipeline.frames import Candidate
from worker.pipeline.selection.shortlist import MAX_SCORED, shortlist

if TYPE_CHECKING:
    from worker.pipeline.frames import Cues, Rgb

BIKES = pictures.footage("bikes", 10, start=90)
BUNNY = pictures.footage("bigbuckbunny", 10, start=60)
BLACK = GOOD._replace(brightness=0.0)


def candidates(frames: list[Rgb], cues: Cues | list[Cues] = GOOD, *, shot: int = 0) -> list[Candidate]:
    """Return candidates of one shot, a second apart."""
    each = cues if isinstance(cues, list) else [cues] * len(frames)
    return [Candidate(float(i), shot, frame, each[i]) for i, frame in enumerate(frames)]


def test_a_defect_is_left_out_with_its_name() -> None:
    """It costs no time of the model, and can never be picked."""
    kept, why = shortlist(candidates([BIKES[0], BUNNY[0]], [BLACK, GOOD]))

    assert kept == [1]
    assert why == {0: "black"}


@pytest.mark.parametrize(
    "look",
    [{"title_card": 1.0}, {"sharpness": 0.06}, {"blockiness": 1.0}, {"decoder_fill": 1.0}],
    ids=["slides", "soft", "blocky", "mid-grey"],
)
def test_what_nearly_all_of_a_video_looks_like_is_no_defect(look: dict[str, float]) -> None:
    """A slide show, soft or badly coded footage has more than one picture to choose from."""
    alike = GOOD._replace(**look)

    kept, why = shortlist(
        candidates([BIKES[0], BUNNY[0], BIKES[-1], BUNNY[-1], BIKES[4]], [alike] * 4 + [BLACK])
    )

    assert {0, 1} <= set(kept)
    assert why[4] == "black"


def test_what_a_part_of_a_video_looks_like_is_a_defect() -> None:
    """Titles of a film are left out."""
    kept, why = shortlist(candidates([BIKES[0], BUNNY[0]], [GOOD, GOOD._replace(title_card=1.0)]))

    assert kept == [0]
    assert why == {1: "title card"}


def test_of_too_many_the_poorer_of_two_alike_goes() -> None:
    """What differs stays, however short it was seen."""
    soft = GOOD._replace(relative_sharpness=0.6)
    different = pictures.noise(MAX_SCORED - 1)
    pair = candidates([BIKES[0]] * 2, [soft, GOOD])

    kept, why = shortlist([*pair, *candidates(different)])

    assert why == {0: "like a better neighbour"}
    assert len(kept) == MAX_SCORED


def test_where_there_is_time_frames_that_look_alike_are_all_scored() -> None:
    """The model is surer of a picture that it has seen a few times."""
    kept, why = shortlist(candidates([BIKES[0]] * 4))

    assert len(kept) == 4
    assert not why


def test_every_shot_keeps_a_candidate() -> None:
    """Two shots of the same thing are not merged."""
    same = candidates([BIKES[0]] * 2) + candidates([BIKES[0]] * 2, shot=1)

    kept, _ = shortlist(same)

    assert {same[index].shot for index in kept} == {0, 1}


@pytest.mark.parametrize("in_shots", [False, True])
def test_no_more_are_kept_than_the_model_has_time_for(in_shots: bool) -> None:
    """Of many that differ, the most alike go first; of many shots, those next to another in time."""
    noisy = pictures.noise(MAX_SCORED + 30)
    shots = [replace(one, shot=shot if in_shots else 0) for shot, one in enumerate(candidates(noisy))]

    kept, why = shortlist(shots)

    assert len(kept) == MAX_SCORED
    assert len(why) == 30


@pytest.mark.parametrize("worse", [BLACK, BLACK._replace(transition=1.0)])
def test_where_everything_has_a_defect_the_least_bad_remains(worse: Cues) -> None:
    """A video of nothing but defects still gets one."""
    least_bad = BLACK._replace(stillness=1.0, relative_sharpness=1.0)

    kept, why = shortlist(candidates([np.zeros_like(BIKES[0])] * 3, [worse, least_bad, worse]))

    assert kept == [1]
    assert set(why) == {0, 2}
