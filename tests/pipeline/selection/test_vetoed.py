"""What was vetoed is not picked by any way, as long as there is anything else."""

from __future__ import annotations

import pytest

from tests.pipeline.selection.test_diversity import content, frame
from worker.pipeline.selection.by_hand import first_by_hand
from worker.pipeline.selection.diversity import pick_diverse
from worker.pipeline.selection.ends import AT_AN_END

WORDS = "eyes closed, says the judge"
VIDEO = [frame(20.0 * number, score, content(number)) for number, score in enumerate([9, 8, 7, 6, 5, 1])]


def test_the_best_frame_is_passed_over_where_it_is_vetoed() -> None:
    """And the reason is told, whatever else would speak against it."""
    alike = [*VIDEO, frame(200, 8, content(1))]

    picks, why, _ = pick_diverse(alike, 2, vetoed={0: WORDS, 6: WORDS})

    assert picks == [1, 2]
    assert (why[0], why[6]) == (WORDS, WORDS)


def test_there_are_rather_fewer_picks_than_vetoed_ones() -> None:
    """Three were asked for, and one is left."""
    picks, *_ = pick_diverse(VIDEO, 3, vetoed=dict.fromkeys([0, 1, 2, 4, 5], WORDS))

    assert picks == [3]


def test_even_the_weakest_frame_goes_before_a_vetoed_one() -> None:
    """And one at the start of the video does, too."""
    picks, *_ = pick_diverse(VIDEO, 3, vetoed=dict.fromkeys(range(5), WORDS))
    at_start, *_ = pick_diverse(VIDEO, 3, at_ends=frozenset({0}), vetoed=dict.fromkeys(range(1, 6), WORDS))

    assert (picks, at_start) == ([5], [0])


def test_where_all_are_vetoed_none_is() -> None:
    """A video keeps its pick."""
    vetoed = dict.fromkeys(range(6), WORDS)

    assert pick_diverse(VIDEO, 3, vetoed=vetoed) == pick_diverse(VIDEO, 3)
    assert pick_diverse(VIDEO, 3, at_ends=frozenset({0}), vetoed=vetoed)[1][0] == AT_AN_END


@pytest.mark.parametrize(
    "way", [{"preferred": frozenset({0})}, {"earlier": [0]}, {"second": 0}, {"at_ends": frozenset({0})}]
)
def test_no_way_leads_to_a_vetoed_frame(way: dict[str, object]) -> None:
    """Neither the caller's wish nor an earlier run brings it back."""
    picks, why, _ = pick_diverse(VIDEO, 6, **way, vetoed={0: WORDS})  # type: ignore[arg-type]

    assert (0 in picks, why[0]) == (False, WORDS)


def test_it_is_not_what_a_learned_head_is_compared_with_either() -> None:
    """Nobody would have been shown it."""
    assert first_by_hand(VIDEO, frozenset(), (), frozenset(), {0: WORDS}) == 1
